import { folderWord } from './launcher-script.ts';

/** sh commands that set `spark_folder` to a folder or, as long as it is not made, to the nearest one above it: what will be in it takes room there. */
export const nearestFolder = (folder: string): string => `spark_folder=${folderWord(folder)}
while [ ! -d "$spark_folder" ]; do
  case $spark_folder in */*) spark_folder=\${spark_folder%/*} ;; *) spark_folder= ;; esac
  [ -n "$spark_folder" ] || spark_folder=/
done`;

/** sh commands that print, with `df -Pk`, the room where a folder is or will be. */
export const freeSpace = (folder: string): string => `${nearestFolder(folder)}
timeout 10 df -Pk "$spark_folder" 2>/dev/null`;
