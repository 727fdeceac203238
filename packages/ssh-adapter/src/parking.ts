import { type Claim, type ClusterKey, SparkError, shellJoin, shellQuote } from '@spark-control/core';
import type { HostShell } from './cluster-hosts.ts';
import { CONTAINER_FUNCTIONS, call } from './container-script.ts';
import type { SeenContainer } from './docker-observer.ts';
import { EXIT, runGuarded, stateFolder } from './guarded-script.ts';
import { parkedName } from './parked-name.ts';
import { knownOutcome } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';

/**
 * How a container that is not ours is set aside.
 * - `stop`: Docker's own stop; a start brings it back.
 * - `keep`: the server was started inside an idle container (`docker exec`, as eugr's launcher does), and a stop would lose it,
 *   or the whole container (`--rm`). Its command line and environment are noted and only the server is ended.
 * - `rename`: nothing runs in it.
 * - `lose`: process 1 of a `--rm` container is the server: it cannot be kept, so it is left alone.
 */
export type ParkingKind = 'stop' | 'keep' | 'rename' | 'lose';

export function parkingOf(container: SeenContainer): ParkingKind {
  const servers = container.processes.filter(({ kind }) => kind === 'server');
  if (container.state === 'absent' || container.state === 'starting') return 'rename';
  if (!container.restorable && container.isAutoRemoved) return 'lose';
  if (servers.length > 0 && servers.every(({ innerPid }) => innerPid !== 1)) return 'keep';
  return container.isAutoRemoved ? 'rename' : 'stop';
}

/** sh commands that set one container aside; they leave with {@link EXIT.uncapturable} before anything is changed when it cannot be kept. */
export function parkCommands(container: SeenContainer, claim: Claim): string {
  const { id, name } = container;
  const rename = `timeout 10 docker rename ${id} ${shellQuote(parkedName(name, claim.cluster, claim.fence))} >/dev/null 2>&1 </dev/null`;
  const kind = parkingOf(container);
  switch (kind) {
    case 'lose':
      return `exit ${EXIT.uncapturable}`;
    case 'rename':
      // Notes mean that a broken-off call has ended the server already: then it was not idle.
      return `mkdir -p "$spark_dir/parked/${id}"; [ -e "$spark_dir/parked/${id}/cmdline" ] || : >"$spark_dir/parked/${id}/idle"; ${rename}`;
    case 'stop':
      return [
        call('spark_save_logs', id, name),
        call('spark_stop', id),
        `timeout 60 docker stop -t 15 ${id} >/dev/null 2>&1 </dev/null`,
        rename,
      ].join('\n');
    case 'keep':
      return [call('spark_save_logs', id, name), call('spark_capture', id), call('spark_end_servers', id), rename].join('\n');
    default:
      return kind satisfies never;
  }
}

/** `spark_capture ID`: notes how the server inside was started. The notes hold its environment, so only the login user may read them. */
export const CAPTURE_FUNCTION = `spark_capture() {
  spark_keep="$spark_dir/parked/$1"
  spark_inner=$(spark_servers "$1" | { read -r spark_p spark_i && printf '%s' "$spark_i"; })
  [ -n "$spark_inner" ] || return 0
  rm -rf "$spark_keep.new"
  mkdir -p "$spark_keep.new" || exit ${EXIT.unwritable}
  for spark_what in cmdline environ; do
    timeout 10 docker exec "$1" cat "/proc/$spark_inner/$spark_what" >"$spark_keep.new/$spark_what" 2>/dev/null </dev/null || exit ${EXIT.uncapturable}
  done
  timeout 10 docker exec "$1" readlink "/proc/$spark_inner/cwd" >"$spark_keep.new/cwd" 2>/dev/null </dev/null || exit ${EXIT.uncapturable}
  [ -s "$spark_keep.new/cmdline" ] || exit ${EXIT.uncapturable}
  rm -rf "$spark_keep"
  mv "$spark_keep.new" "$spark_keep"
}`;

/** Brings one parked container back under its old name. Started first and renamed last, so that a repetition finds it while something is left to do. */
export async function restore(on: HostShell, container: SeenContainer, claim: Claim, signal: AbortSignal): Promise<void> {
  const { id, parkedAs } = container;
  if (parkedAs === null) return;
  const start = await restartCommands(on, container, claim.cluster, signal);
  const body = `${CONTAINER_FUNCTIONS}
${start}
timeout 10 docker rename ${id} ${shellQuote(parkedAs)} </dev/null || exit 3
rm -rf "$spark_dir/parked/${id}"`;
  const options = { timeoutMs: 90_000, wait: true, signal };
  const result = await runGuarded(on.shell, claim, body, 'bringing back a container', options);
  if (result.exitCode === 0) return;
  const details = { host: on.host.key, logTail: result.stderr.trim().split('\n').slice(-5) };
  throw new SparkError(
    'RUNTIME_REJECTED',
    `The container ${parkedAs} could not be brought back on ${on.host.name}; it is kept as ${container.name}.`,
    { details },
  );
}

async function restartCommands(on: HostShell, { id }: SeenContainer, cluster: ClusterKey, signal: AbortSignal): Promise<string> {
  const script = `${stateFolder(cluster)}
spark_keep="$spark_dir/parked/${id}"
for spark_what in cmdline environ cwd; do
  printf '\\036%s\\n' "$spark_what"
  [ ! -e "$spark_keep/$spark_what" ] || base64 -w0 <"$spark_keep/$spark_what"
done
printf '\\036idle\\n'
[ ! -e "$spark_keep/idle" ] || printf yes`;
  const result = await on.shell.run(script, { timeoutMs: 15_000, wait: true, signal });
  const notes = sectionsOf(knownOutcome(on.shell, result, 'reading the notes on a parked container').stdout);
  if (notes.get('idle') === 'yes') return ':';
  const decoded = (name: string): string => Buffer.from(notes.get(name) ?? '', 'base64').toString('utf8');
  const argv = decoded('cmdline').split('\0').slice(0, -1);
  if (argv.length === 0) return `timeout 60 docker start ${id} >/dev/null </dev/null || exit 2`;
  const program = restartProgram(argv, decoded('environ').split('\0'), decoded('cwd').replace(/\n$/, ''));
  return `if [ -z "$(spark_servers ${id})" ]; then
  timeout 60 docker start ${id} >/dev/null </dev/null
  printf '%s' ${shellQuote(program)} | timeout 20 docker exec -i ${id} sh -c 'umask 077; cat >/tmp/spark-control-restore' || exit 2
  timeout 20 docker exec -d ${id} sh /tmp/spark-control-restore </dev/null || exit 2
fi`;
}

/** The server as it was started, its output where `docker logs` reads. The file goes at once: it holds the environment. */
function restartProgram(argv: readonly string[], environ: readonly string[], folder: string): string {
  const exports = environ.flatMap((entry) => {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(entry);
    return match === null ? [] : [`export ${match[1]}=${shellQuote(match[2] ?? '')}`];
  });
  return ['rm -f "$0"', `cd ${shellQuote(folder)} || exit 1`, ...exports, `exec ${shellJoin(argv)} >>/proc/1/fd/1 2>&1`, ''].join('\n');
}
