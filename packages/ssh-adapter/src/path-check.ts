import { type Host, shellQuote } from '@spark-control/core';
import { folderWord } from './launcher-script.ts';

/** So deep a model's folder is searched for links that lead out of the roots. */
const DEEP = 4;

/**
 * Prints `out` for each argument that does not really lie below one of the lines of `SPARK_ROOTS`. What `$( )` would cut off, newlines
 * at the end of a name, is kept by an `x` behind them.
 */
const CHECK = `for f; do
  t=$(readlink -f -- "$f" && printf x) || { echo out; continue; }
  t=\${t%??}
  in=
  while IFS= read -r r; do
    [ -n "$r" ] || continue
    case $t in "\${r%/}"/*) in=1 ;; esac
  done <<END
$SPARK_ROOTS
END
  [ -n "$in" ] || echo out
done`;

/**
 * A script that says in one word whether a folder may be used as a model. Everything is resolved by the kernel's own rules and compared
 * with the resolved roots: a path that looks fine may be a link to anywhere.
 */
export const pathScript = (path: string, roots: readonly string[]): string => `spark_say() { printf '%s\\n' "$1"; exit 0; }
spark_path=${shellQuote(path)}
spark_check=${shellQuote(CHECK)}
SPARK_ROOTS=$(for spark_root in ${roots.map(folderWord).join(' ')}; do readlink -f -- "$spark_root"; done)
export SPARK_ROOTS
[ -e "$spark_path" ] || [ -L "$spark_path" ] || spark_say missing
[ -z "$(sh -c "$spark_check" sh "$spark_path")" ] || spark_say outside
[ -d "$spark_path" ] || spark_say not_a_folder
{ [ -r "$spark_path" ] && [ -x "$spark_path" ]; } || spark_say unreadable
[ -f "$spark_path/config.json" ] || spark_say no_config
spark_out=$(find "$spark_path/" -maxdepth ${DEEP} -type l -exec sh -c "$spark_check" sh {} +)
spark_code=$?
[ -z "$spark_out" ] || spark_say link_outside
[ "$spark_code" -eq 0 ] || spark_say unreadable
spark_say fine`;

/** What the script's word comes to: `null`, it may be used. */
export function pathProblem(word: string, { name, user }: Host): string | null {
  switch (word) {
    case 'fine':
      return null;
    case 'missing':
      return `It is not there on ${name}. Copy the model to the same path on every host it spans.`;
    case 'outside':
      return `On ${name} it is, or lies behind, a link that leads out of the allowed folders.`;
    case 'not_a_folder':
      return `On ${name} it is not a folder.`;
    case 'unreadable':
      return `On ${name} the user ${user} may not read all of it.`;
    case 'no_config':
      return `On ${name} there is no config.json in it, so it is no model that vLLM can load.`;
    case 'link_outside':
      return `On ${name} a link in it leads out of the allowed folders.`;
    default:
      return `${name} gave no complete answer about it.`;
  }
}
