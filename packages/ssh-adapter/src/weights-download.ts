import { type Cluster, shellQuote } from '@spark-control/core';
import { EXIT } from './guarded-script.ts';
import { findHub, repoFolder, revisionWord } from './hub-cache.ts';
import type { JobContent } from './job-script.ts';
import { folderWord } from './launcher-script.ts';

/** The largest models over the slowest lines; a job that hangs longer is of no use to anybody. */
export const LIMIT_SECONDS = 48 * 3600;

export type FetchOptions = Readonly<{
  repo: string;
  revision: string | null;
  token: string | null;
  cluster: Cluster;
  /** Of the container, should one be needed. */
  container: string;
  /** Whether the launcher's own script may be used: it is on the head only. */
  isHead: boolean;
}>;

/** The bytes that have come so far, as the disk counts them: a part that was laid out in full and not filled yet is mostly holes. */
export const progressScript = (repo: string, hfCache: string): string =>
  `${findHub(hfCache)}\ndu -sk "$spark_hub/${repoFolder(repo)}/blobs" 2>/dev/null | cut -f1`;

/**
 * Clears parts away that nobody goes on with, once all of a repository has come: those of files that are there whole, by another way,
 * and those that nothing was written to for a while. While one is left the repository counts as broken off.
 */
export const tidyScript = (repo: string, hfCache: string): string => `${findHub(hfCache)}
for spark_part in "$spark_hub/${repoFolder(repo)}/blobs/"*.incomplete; do
  [ -e "$spark_part" ] || continue
  spark_blob=\${spark_part##*/}
  if [ -e "\${spark_part%/*}/\${spark_blob%%.*}" ] || [ -z "$(find "$spark_part" -mmin -2)" ]; then rm -f "$spark_part"; fi
done`;

/** What a survey knows a running job by. */
export const jobMark = (repo: string): JobContent['files'] => ({ weights: `${repoFolder(repo)}\n` });

/**
 * A job that downloads a repository with what the host has: the launcher's script, the hub's client, or that client in the image. All
 * of them go on where an earlier one was broken off. No progress bars: the output is kept only up to a limit, and what went wrong comes last.
 */
export function fetchJob({ repo, revision, token, cluster, container, isHead }: FetchOptions): JobContent {
  const words = `${shellQuote(repo)}${revision === null ? '' : ` ${shellQuote(`--revision=${revisionWord(revision)}`)}`}`;
  const image = shellQuote(cluster.image);
  const script = `IFS= read -r HF_TOKEN || :
if [ -n "$HF_TOKEN" ]; then export HF_TOKEN; else unset HF_TOKEN; fi
${findHub(cluster.hfCache)}
mkdir -p "$spark_hub" || exit
export HF_HOME="$spark_cache" HF_HUB_CACHE="$spark_hub" HF_HUB_DISABLE_PROGRESS_BARS=1 HF_HUB_DISABLE_TELEMETRY=1 PYTHONUNBUFFERED=1
${launcherCommands(cluster, revision, isHead, words)}
if command -v hf >/dev/null; then exec hf download ${words}; fi
if command -v huggingface-cli >/dev/null; then exec huggingface-cli download ${words}; fi
if timeout 30 docker image inspect ${image} >/dev/null 2>&1; then
  exec docker run --rm --name ${shellQuote(container)} --user "$(id -u):$(id -g)" --network host -v "$spark_hub:/hub" \\
    -e HF_TOKEN -e HF_HUB_CACHE=/hub -e HOME=/tmp -e HF_HUB_DISABLE_PROGRESS_BARS=1 -e HF_HUB_DISABLE_TELEMETRY=1 \\
    --entrypoint sh ${image} -c 'if command -v hf >/dev/null; then exec hf download "$@"; fi
if command -v huggingface-cli >/dev/null; then exec huggingface-cli download "$@"; fi
exit ${EXIT.noTool}' sh ${words}
fi
exit ${EXIT.noTool}
`;
  return { script, files: jobMark(repo), stdinSecrets: `${token ?? ''}\n`, limitSeconds: LIMIT_SECONDS };
}

/** The script takes no revision, and copies to other hosts only when it is told to. */
function launcherCommands({ launcher, launcherDirectory }: Cluster, revision: string | null, isHead: boolean, words: string): string {
  if (launcher !== 'launch_cluster' || launcherDirectory === null || revision !== null || !isHead) return ':';
  const folder = folderWord(launcherDirectory);
  return `if [ -x ${folder}/hf-download.sh ] && command -v uvx >/dev/null; then cd ${folder} && exec ./hf-download.sh ${words}; fi`;
}

/** Ends the container of a download whose job was ended: its client may have gone without a word to it. */
export const endContainerScript = (container: string): string =>
  `command -v docker >/dev/null && timeout 20 docker rm -f ${shellQuote(container)} >/dev/null 2>&1 </dev/null; :`;
