/**
 * The sh commands that tell who listens on a TCP port: the sockets as `ss` sees them, and for each process that it may name
 * the id of its container (64 hex digits of its control group) and its command name. Without rights `ss` names no process.
 */
export const portSection = (port: number): string => `spark_port=$(ss -ltnpH 'sport = :${port}' 2>/dev/null) || spark_port='ss failed'
printf '%s\\n' "$spark_port"
[ -z "$spark_port" ] || printf '%s\\n' "$spark_port" | grep -oE 'pid=[0-9]+' | sort -u | while IFS='=' read -r spark_key spark_pid; do
  spark_group=$(grep -aoE '[0-9a-f]{64}' "/proc/$spark_pid/cgroup" 2>/dev/null | tail -n 1)
  spark_name=$(tr -d '\\000-\\037' <"/proc/$spark_pid/comm" 2>/dev/null)
  printf 'owner %s %s %s\\n' "$spark_pid" "\${spark_group:--}" "$spark_name"
done`;

export type PortHolder = Readonly<{ pid: number; containerId: string | null; name: string }>;

/** What {@link portSection} printed. `isOpen: null`: could not tell. */
export type PortState = Readonly<{ isOpen: boolean | null; holders: readonly PortHolder[] }>;

export function parsePortSection(text: string): PortState {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.includes('ss failed')) return { isOpen: null, holders: [] };
  const holders = lines.flatMap((line): readonly PortHolder[] => {
    const match = /^owner (\d+) (\S+) ?(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid = '', group = '-', name = ''] = match;
    return [{ pid: Number(pid), containerId: group === '-' ? null : group, name: name === '' ? 'a process' : name }];
  });
  return { isOpen: lines.some((line) => /^LISTEN\b/.test(line)), holders };
}

/**
 * Who holds the port, for people and for the swap's checks: `container NAME`, `NAME (pid N)`, or `an unknown process`; `null` when nobody does.
 * @param candidates containers that say they serve on this port: the owner when `ss` may not name the process.
 */
export function describePortOwner(
  port: PortState,
  containers: readonly Readonly<{ id: string; name: string }>[],
  candidates: readonly string[],
): string | null {
  if (port.isOpen !== true) return null;
  for (const { containerId } of port.holders) {
    const container = containers.find(({ id }) => id === containerId);
    if (container !== undefined) return `container ${container.name}`;
  }
  const [holder] = port.holders;
  // Docker's own forwarder stands in for the container that published the port.
  if (holder !== undefined && holder.name !== 'docker-proxy') return `${holder.name} (pid ${holder.pid})`;
  const [candidate] = candidates;
  return candidate === undefined ? 'an unknown process' : `container ${candidate}`;
}
