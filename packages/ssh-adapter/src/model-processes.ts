/**
 * The sh commands that list processes which may belong to a model server: host pid, container id (or `-`), pid as the container
 * counts, and the beginning of the command line. `raylet` is what a Ray worker runs in place of vLLM.
 * Read from the host's own process table: one pass for all containers, where `docker top` costs a call for each.
 */
export const PROCESS_SECTION = `ps -eo pid=,args= 2>/dev/null | while read -r spark_pid spark_args; do
  case $spark_args in *vllm*|*VLLM*|*raylet*) ;; *) continue ;; esac
  spark_group=$(grep -aoE '[0-9a-f]{64}' "/proc/$spark_pid/cgroup" 2>/dev/null | tail -n 1)
  [ -n "$spark_group" ] || continue
  spark_inner=$(sed -n 's/^NSpid:.*[[:space:]]//p' "/proc/$spark_pid/status" 2>/dev/null)
  printf '%s %s %s %.8000s\\n' "$spark_pid" "$spark_group" "\${spark_inner:--}" "$spark_args"
done`;

/** `server`: the `vllm serve` process itself; `engine`: one of its children; `ray`: a Ray node. */
export type ModelProcess = Readonly<{
  pid: number;
  containerId: string;
  /** Pid inside the container; 1 when the container ends with it. `null`: not known. */
  innerPid: number | null;
  kind: 'server' | 'engine' | 'ray';
  /** Port of its API; `null` for a headless rank. */
  port: number | null;
}>;

/** vLLM's own default. */
const DEFAULT_PORT = 8000;

export function parseModelProcesses(text: string): readonly ModelProcess[] {
  return text.split('\n').flatMap((line): readonly ModelProcess[] => {
    const match = /^(\d+) ([0-9a-f]{64}) (\d+|-) (.*)$/.exec(line);
    if (match === null) return [];
    const [, pid = '', containerId = '', inner = '-', args = ''] = match;
    const kind = kindOf(args);
    if (kind === null) return [];
    return [{ pid: Number(pid), containerId, innerPid: inner === '-' ? null : Number(inner), kind, port: portOf(args) }];
  });
}

function kindOf(args: string): ModelProcess['kind'] | null {
  const words = args.split(/\s+/);
  // A shell that was given the command as text is not the server, and would outlive none.
  if (/(?:^|\/)(?:ba|da|a)?sh$/.test(words[0] ?? '')) return null;
  if (/^VLLM::/.test(args)) return 'engine';
  const at = words.findIndex((word) => /(?:^|\/)vllm$/.test(word));
  if (at >= 0 && words[at + 1] === 'serve') return 'server';
  if (words.some((word) => word.startsWith('vllm.entrypoints.'))) return 'server';
  return words.some((word) => /(?:^|\/)raylet$/.test(word)) ? 'ray' : null;
}

function portOf(args: string): number | null {
  if (/(?:^|\s)--headless(?:\s|$)/.test(args)) return null;
  const given = [...args.matchAll(/(?:^|\s)--port[= ](\d{1,5})(?=\s|$)/g)].at(-1)?.[1];
  return given === undefined ? DEFAULT_PORT : Number(given);
}
