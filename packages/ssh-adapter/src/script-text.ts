/** Begins every line of ours in a script's output. `ps`, `ss`, JSON and `df` escape control characters, so no outside text can forge one. */
const MARK = '\u001e';
const BEGIN = `${MARK}begin\n`;

/**
 * Wraps a script for `sh -s`. As one function and one compound command: the shell has to read it to the end before it runs
 * anything, so a link that is cut while the script is being sent runs none of it. The watcher waits for the end of standard
 * input, which comes when the channel or the connection goes, and then ends the process group that sshd made for us:
 * without it a command outlives its caller, and keeps one of sshd's ten sessions.
 */
export function wrapScript(script: string): string {
  return `spark_main() {
:
${script}
}
{
exec 3<&0 0</dev/null
( read -r spark_end <&3; kill -TERM 0 ) >/dev/null 2>&1 &
spark_watch=$!
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$HOME/.local/bin"
printf '\\036begin\\n'
( spark_main ) 3<&-
spark_code=$?
kill "$spark_watch" 2>/dev/null
exit "$spark_code"
}
`;
}

/** Cuts off what the login shell's own start-up files printed. `null`: the script never began. */
export function afterBegin(stdout: string): string | null {
  const at = stdout.indexOf(BEGIN);
  return at < 0 ? null : stdout.slice(at + BEGIN.length);
}

/** The sh command that begins a section of output. `name` is a lower-case word. */
export const section = (name: string): string => `printf '\\036%s\\n' ${name}`;

/** Output by section name. A section that did not come is missing: the script died before it. */
export function sectionsOf(stdout: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const part of stdout.split(MARK).slice(1)) {
    const end = part.indexOf('\n');
    if (end >= 0) sections.set(part.slice(0, end), part.slice(end + 1));
  }
  return sections;
}
