import { type ModelSource, shellQuote } from '@spark-control/core';
import { folderWord } from './launcher-script.ts';

/**
 * `spark_shards FOLDER`: whether every file that the folder's index of weights names is there, and at least one weights file is. A broken link in the
 * cache counts as missing.
 */
const SHARDS = `spark_shards() {
  spark_any=
  for spark_f in "$1"/*.safetensors "$1"/*.bin "$1"/*.gguf "$1"/*.pt; do [ ! -e "$spark_f" ] || { spark_any=1; break; }; done
  [ -n "$spark_any" ] || return 1
  for spark_index in "$1"/*.index.json; do
    [ -e "$spark_index" ] || continue
    grep -oE '"[^"/]+\\.(safetensors|bin)"' "$spark_index" | sort -u | tr -d '"' | {
      while IFS= read -r spark_f; do [ -e "$1/$spark_f" ] || exit 1; done
    } || return 1
  done
}`;

/** sh commands that print where the asked weights are, their bytes, and whether they are complete. Nothing is printed when they are not there. */
export function weightsSection(source: ModelSource | null, hfCache: string): string {
  if (source === null) return ':';
  if (source.kind === 'local_path') return `${SHARDS}\n${localPath(shellQuote(source.path))}`;
  return `${SHARDS}\n${repository(source.repo, source.revision, hfCache)}`;
}

const localPath = (path: string): string => `if [ -d ${path} ]; then
  spark_whole=no
  [ ! -e ${path}/config.json ] || ! spark_shards ${path} || spark_whole=yes
  printf '%s %s %s\\n' "$(du -sbL ${path} 2>/dev/null | cut -f1)" "$spark_whole" ${path}
fi`;

/** Layout of the hub's cache: snapshots are links into blobs, so the blobs are the size; a download that was broken off leaves `*.incomplete`. */
function repository(repo: string, revision: string | null, hfCache: string): string {
  const folder = `models--${repo.replaceAll('/', '--')}`;
  const wanted = shellQuote(revision ?? 'main');
  return `for spark_root in ${folderWord(hfCache)}/hub ${folderWord(hfCache)}; do
  spark_repo=$spark_root/${shellQuote(folder)}
  [ -d "$spark_repo" ] || continue
  spark_commit=$(cat "$spark_repo/refs/"${wanted} 2>/dev/null)
  [ -n "$spark_commit" ] || spark_commit=${wanted}
  spark_snapshot=$spark_repo/snapshots/$spark_commit
  spark_whole=no
  if [ -e "$spark_snapshot/config.json" ] && spark_shards "$spark_snapshot"; then
    spark_part=$(find "$spark_repo/blobs" -name '*.incomplete' 2>/dev/null | head -n 1)
    [ -n "$spark_part" ] || spark_whole=yes
  fi
  printf '%s %s %s\\n' "$(du -sb "$spark_repo/blobs" 2>/dev/null | cut -f1)" "$spark_whole" "$spark_repo"
  break
done`;
}

export function parseWeights(text: string): Readonly<{ path: string; bytes: number; complete: boolean }> | null {
  const match = /^(\d*) (yes|no) ([\s\S]+?)\n?$/.exec(text);
  return match === null ? null : { path: match[3] ?? '', bytes: Number(match[1] ?? 0), complete: match[2] === 'yes' };
}
