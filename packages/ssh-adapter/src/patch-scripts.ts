import { type PatchContent, SparkError, shellQuote } from '@spark-control/core';
import { assertWord } from './guarded-script.ts';
import { section } from './script-text.ts';
import { findContainer } from './service-scripts.ts';

const KEPT_BACKUPS = 5;

/**
 * sh functions over files of the container `spark_name`, with `docker cp` alone: that works without any tool in the image, and while it
 * does not run. They use `spark_tmp`.
 *
 * - `spark_fetch TARGET TAR`: prints `file`, `absent`, `odd` (no regular file) or `refused`; a file is in TAR then.
 * - `spark_digest TARGET`: its SHA-256, or one of the other words.
 * - `spark_put TARGET FILE TAR`: writes FILE there with the mode and owner that TAR tells; without a TAR as root's, for all to read.
 * - `spark_take_back FOLDER`: puts back what a backup holds, and removes what was not there.
 */
const FUNCTIONS = `spark_fetch() {
  if ! timeout 120 docker cp "$spark_name:$1" - >"$2" 2>"$spark_tmp/said" </dev/null; then
    rm -f "$2"
    if grep -Eqi 'could not find the file|no such container:path|no such file' "$spark_tmp/said"; then printf absent; else printf refused; fi
    return
  fi
  case $(tar -tvf "$2" 2>/dev/null | head -n 1) in -*) printf file ;; *) rm -f "$2"; printf odd ;; esac
}
spark_sum() { tar -xOf "$1" 2>/dev/null | sha256sum | cut -c1-64; }
spark_digest() {
  spark_is=$(spark_fetch "$1" "$spark_tmp/digest.tar")
  if [ "$spark_is" = file ]; then spark_sum "$spark_tmp/digest.tar"; else printf '%s\\n' "$spark_is"; fi
  rm -f "$spark_tmp/digest.tar"
}
spark_folder() { spark_up=\${1%/*}; printf '%s' "\${spark_up:-/}"; }
spark_put() {
  spark_mode=0644 spark_uid=0 spark_gid=0
  if [ -e "$3" ]; then
    spark_line=$(tar --numeric-owner -tvf "$3" | head -n 1)
    spark_mode=$(printf '%s' "$spark_line" | awk '{ for (i = 2; i <= 10; i++) if (index("-ST", substr($1, i, 1)) == 0) o += 2 ^ (10 - i)
      if (substr($1, 4, 1) ~ /[sS]/) o += 2048; if (substr($1, 7, 1) ~ /[sS]/) o += 1024; if (substr($1, 10, 1) ~ /[tT]/) o += 512
      printf "%o", o }')
    spark_owner=$(printf '%s' "$spark_line" | awk '{ print $2 }')
    spark_uid=\${spark_owner%/*} spark_gid=\${spark_owner#*/}
  fi
  rm -rf "$spark_tmp/stage" && mkdir "$spark_tmp/stage" && cp "$2" "$spark_tmp/stage/\${1##*/}" &&
    tar -C "$spark_tmp/stage" --no-unquote --numeric-owner --owner="u:$spark_uid" --group="g:$spark_gid" --mode="$spark_mode" -cf "$spark_tmp/put.tar" "./\${1##*/}" &&
    timeout 120 docker cp - "$spark_name:$(spark_folder "$1")" <"$spark_tmp/put.tar" >/dev/null 2>&1
}
spark_take_back() {
  spark_failed=
  while IFS='	' read -r spark_n spark_path spark_label <&4; do
    if [ -e "$1/$spark_n.tar" ]; then
      timeout 120 docker cp - "$spark_name:$(spark_folder "$spark_path")" <"$1/$spark_n.tar" >/dev/null 2>&1
      [ "$(spark_digest "$spark_path")" = "$(spark_sum "$1/$spark_n.tar")" ] || spark_failed=1
    else
      timeout 60 docker exec -u 0 "$spark_name" rm -f -- "$spark_path" >/dev/null 2>&1 </dev/null
      [ "$(spark_digest "$spark_path")" = absent ] || spark_failed=1
    fi
  done 4<"$1/files"
  [ -z "$spark_failed" ]
}`;

/** Sets `spark_tmp`, removed at the end of the script however that comes. */
const SETUP = `umask 077
for spark_tool in tar awk base64 sha256sum mktemp; do
  command -v "$spark_tool" >/dev/null || { printf 'outcome tool %s\\n' "$spark_tool"; exit 0; }
done
spark_tmp=$(mktemp -d) || { printf 'outcome unwritable\\n'; exit 0; }
trap 'rm -rf "$spark_tmp"' EXIT
trap 'exit 143' HUP TERM`;

const opening = (word: string): string => `${findContainer(word)}
${SETUP}
${FUNCTIONS}`;

const backups = (service: string): string => `spark_all="$HOME/.spark-control/patches/${assertWord(service, 'service key')}"`;

/** One word for sh. A backup lists targets and names line by line, so that a line break would make up a file of its own. */
function targetWord(target: string): string {
  const parts = target.slice(1).split('/');
  const isPlain = target.startsWith('/') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain || hasControl(target)) {
    throw new SparkError(
      'UNSAFE_ARGUMENT',
      'A patch target has to be the absolute path of a file, without "..", "//" and control characters.',
    );
  }
  return shellQuote(target, 'A patch target');
}

function nameWord(name: string): string {
  if (hasControl(name)) throw new SparkError('UNSAFE_ARGUMENT', 'The name of a patch has a control character in it.');
  return shellQuote(name, 'The name of a patch');
}

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

const digestLines = (targets: readonly string[]): string =>
  targets.map((target, index) => `printf '${index} %s\\n' "$(spark_digest ${targetWord(target)})"`).join('\n');

/** The id of the container, and what each of `targets` is now. */
export const inspectScript = (word: string, targets: readonly string[]): string => `${opening(word)}
${section('container')}
printf '%s\\n' "$spark_id"
${section('files')}
${digestLines(targets)}
${section('end')}`;

/** Everything is saved before anything is written, and `ready` says so: from then on there is something to undo. */
export function applyScript(word: string, service: string, backup: string, files: readonly PatchContent[]): string {
  const saves = files.map(({ name, target }, index) => {
    const path = targetWord(target);
    return `spark_is=$(spark_fetch ${path} "$spark_backup/${index}.tar")
case $spark_is in file|absent) ;; *) rm -rf "$spark_backup"; printf 'outcome %s ${index}\\n' "$spark_is"; exit 0 ;; esac
printf '%s\\t%s\\t%s\\n' ${index} ${path} ${nameWord(name)} >>"$spark_backup/files" || { printf 'outcome unwritable\\n'; exit 0; }`;
  });
  const writes = files.map(({ target, content, digest }, index) => {
    const path = targetWord(target);
    return `base64 -d >"$spark_tmp/new" <<'SPARK_CONTENT'
${Buffer.from(content)
  .toString('base64')
  .replace(/(.{1,4000})/g, '$1\n')}SPARK_CONTENT
spark_put ${path} "$spark_tmp/new" "$spark_backup/${index}.tar"
[ "$(spark_digest ${path})" = ${assertWord(digest, 'digest')} ] || spark_give_up ${index}`;
  });
  return `${opening(word)}
${backups(service)}
spark_backup="$spark_all/${assertWord(backup, 'backup id')}"
[ ! -e "$spark_backup" ] || { printf 'outcome exists\\n'; exit 0; }
mkdir -p "$spark_backup" && printf '%s\\n' "$spark_id" >"$spark_backup/container" || { printf 'outcome unwritable\\n'; exit 0; }
${saves.join('\n')}
: >"$spark_backup/ready" || { printf 'outcome unwritable\\n'; exit 0; }
ls -1t "$spark_all" | tail -n +${KEPT_BACKUPS + 1} | while IFS= read -r spark_old; do rm -rf "$spark_all/$spark_old"; done
spark_give_up() {
  if spark_take_back "$spark_backup"; then mv "$spark_backup/ready" "$spark_backup/undone"; printf 'outcome unwritten %s\\n' "$1"
  else printf 'outcome halfway %s\\n' "$1"; fi
  exit 0
}
${writes.join('\n')}
printf 'outcome done\\n'
${section('files')}
${digestLines(files.map(({ target }) => target))}
${section('end')}`;
}

/** The newest backup that was not undone: its id, its container, and each file with what was saved and what is there now. */
export const backupScript = (word: string, service: string): string => `${opening(word)}
${backups(service)}
${section('container')}
printf '%s\\n' "$spark_id"
${section('backup')}
spark_found=$(ls -1t "$spark_all" 2>/dev/null | while IFS= read -r spark_one; do
  [ ! -e "$spark_all/$spark_one/ready" ] || { printf '%s' "$spark_one"; break; }
done)
if [ -n "$spark_found" ]; then
  printf '%s %s\\n' "$spark_found" "$(cat "$spark_all/$spark_found/container")"
  while IFS='	' read -r spark_n spark_path spark_label <&4; do
    spark_saved=absent
    [ ! -e "$spark_all/$spark_found/$spark_n.tar" ] || spark_saved=$(spark_sum "$spark_all/$spark_found/$spark_n.tar")
    printf '%s\\t%s\\t%s\\t%s\\n' "$spark_saved" "$(spark_digest "$spark_path")" "$spark_label" "$spark_path"
  done 4<"$spark_all/$spark_found/files"
fi
${section('end')}`;

export const undoScript = (word: string, service: string, backup: string): string => `${opening(word)}
${backups(service)}
spark_backup="$spark_all/${assertWord(backup, 'backup id')}"
[ -e "$spark_backup/ready" ] || { printf 'outcome gone\\n'; exit 0; }
[ "$(cat "$spark_backup/container")" = "$spark_id" ] || { printf 'outcome other\\n'; exit 0; }
if spark_take_back "$spark_backup"; then
  mv "$spark_backup/ready" "$spark_backup/undone"
  printf 'outcome done\\n'
else
  printf 'outcome halfway\\n'
fi
${section('end')}`;
