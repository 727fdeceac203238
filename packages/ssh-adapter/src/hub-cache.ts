import { isRepository, isRevision, SparkError } from '@spark-control/core';
import { folderWord } from './launcher-script.ts';

/** Folder of a repository in the hub's cache. @throws {SparkError} UNSAFE_ARGUMENT for what is no repository. */
export function repoFolder(repo: string): string {
  if (!isRepository(repo)) throw new SparkError('UNSAFE_ARGUMENT', 'What is asked for is no repository of the hub (organisation/name).');
  return `models--${repo.replace('/', '--')}`;
}

/** The repository of a folder of the cache; `null`: it is none. */
export function repoOf(folder: string): string | null {
  const repo = folder.startsWith('models--') ? folder.slice('models--'.length).replace('--', '/') : '';
  return isRepository(repo) ? repo : null;
}

/** `main` where none is asked for. @throws {SparkError} UNSAFE_ARGUMENT for what is no branch, tag or commit. */
export function revisionWord(revision: string | null): string {
  if (revision !== null && !isRevision(revision)) throw new SparkError('UNSAFE_ARGUMENT', 'The revision is no branch, tag or commit.');
  return revision ?? 'main';
}

/** sh commands that set `spark_cache` and, below it or the same where somebody configured that, `spark_hub` with the repositories. */
export const findHub = (hfCache: string): string => `spark_cache=${folderWord(hfCache)}
spark_hub=$spark_cache/hub
if [ ! -d "$spark_hub" ]; then
  for spark_d in "$spark_cache"/models--*; do [ ! -d "$spark_d" ] || spark_hub=$spark_cache; done
fi`;
