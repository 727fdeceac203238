import { folderWord } from './launcher-script.ts';

/** sh commands that print, with `df -Pk`, the room where a folder is, or would be once it is made. */
export const freeSpace = (folder: string): string => `spark_folder=${folderWord(folder)}
while [ ! -d "$spark_folder" ]; do
  case $spark_folder in */*) spark_folder=\${spark_folder%/*} ;; *) spark_folder= ;; esac
  [ -n "$spark_folder" ] || spark_folder=/
done
df -Pk "$spark_folder" 2>/dev/null`;
