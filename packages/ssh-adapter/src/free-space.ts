import { shellQuote } from '@spark-control/core';
import { folderWord } from './launcher-script.ts';

const NEAREST = `d=$1
while [ ! -d "$d" ]; do
  case $d in */*) d=\${d%/*} ;; *) d= ;; esac
  [ -n "$d" ] || d=/
done
printf '%s\\n' "$d"`;

/**
 * sh commands that set `spark_folder` to a folder or, as long as it is not made, to the nearest one above it: what will be in it takes room
 * there. A look into a file system whose server is gone would never end, so it has a process of its own.
 */
export const nearestFolder = (folder: string): string =>
  `spark_folder=$(timeout 1 sh -c ${shellQuote(NEAREST)} sh ${folderWord(folder)} </dev/null) || spark_folder=${folderWord(folder)}`;

/** sh commands that print, with `df -Pk`, the room where a folder is or will be. */
export const freeSpace = (folder: string): string => `${nearestFolder(folder)}
timeout 10 df -Pk "$spark_folder" 2>/dev/null`;
