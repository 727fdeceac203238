import { type Claim, type ClusterKey, type HostFence, SparkError, type SwapId } from '@spark-control/core';
import { assertWord, EXIT, stateFolder, takeLock } from './guarded-script.ts';
import { cancelJobsScript } from './job-script.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';

/** A claim is repeated on all hosts until one round finds it everywhere. Only other claimants at the same moment make it take more than two. */
const MAX_ROUNDS = 20;

export type HostFenceOptions = Readonly<{
  cluster: ClusterKey;
  controllerId: string;
  shells: readonly RemoteShell[];
  /** Spreads competing claimants: resolves after a short random time. */
  pause: (signal: AbortSignal) => Promise<void>;
}>;

/** `isHeld`: a claim of anybody else in the file is to be left there, and refused. */
type Wish = Readonly<{ swap: SwapId; minimum: number; isHeld: boolean }>;

/** {@link HostFence} in a file of each host, written under `flock`. */
export class SshHostFence implements HostFence {
  readonly #options: HostFenceOptions;

  constructor(options: HostFenceOptions) {
    assertWord(options.controllerId, 'controller id');
    this.#options = options;
  }

  async claim(swap: SwapId, minimum: number, signal: AbortSignal, held?: Claim): Promise<Claim> {
    const { cluster, controllerId, shells, pause } = this.#options;
    let fence = Math.max(1, minimum);
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const written = await Promise.all(
        shells.map((shell) => this.#write(shell, { swap, minimum: fence, isHeld: held !== undefined }, signal)),
      );
      fence = Math.max(...written);
      if (written.every((value) => value === fence)) return { cluster, fence, controller: controllerId, swap };
      if (round > 1) await pause(signal);
    }
    throw new SparkError('FENCED_OFF', `Another control plane keeps claiming cluster ${cluster}.`);
  }

  async #write(shell: RemoteShell, wish: Wish, signal: AbortSignal): Promise<number> {
    const { cluster, controllerId } = this.#options;
    const script = claimScript(cluster, controllerId, wish);
    const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 45_000, signal }), 'claiming the fence');
    const fence = Number(result.stdout.trim());
    if (result.exitCode === 0 && Number.isSafeInteger(fence) && fence >= wish.minimum) return fence;
    throw refusal(shell.host, cluster, result.exitCode);
  }
}

function refusal(host: string, cluster: ClusterKey, exitCode: number): SparkError {
  const details = { host };
  if (exitCode === EXIT.fencedOff) {
    return new SparkError('FENCED_OFF', `The fence of cluster ${cluster} on ${host} holds a claim of somebody else, who has taken over.`, {
      details,
    });
  }
  if (exitCode === EXIT.damaged) {
    const message = `The fence file ~/.spark-control/${cluster}/fence on ${host} is damaged. Check that no other control plane acts there, then remove it.`;
    return new SparkError('RUNTIME_REJECTED', message, { details });
  }
  if (exitCode === EXIT.busy) {
    const message = `A step of an earlier claim still holds the lock of cluster ${cluster} on ${host}.`;
    return new SparkError('HOST_UNREACHABLE', message, { details: { ...details, retryAfterSeconds: 5 } });
  }
  const message = `The fence of cluster ${cluster} cannot be written on ${host}: its home folder must be writable, and have free space.`;
  return new SparkError('HOST_UNREACHABLE', message, { details });
}

/**
 * Writes `max(minimum, file + 1)` and prints it. A file that already holds this swap's claim, high enough, stays: the call
 * may be the repetition of one whose answer was lost. A launcher of ours that still runs under an older claim is
 * ended first: it holds the lock.
 */
function claimScript(cluster: ClusterKey, controller: string, { swap, minimum, isHeld }: Wish): string {
  return `${stateFolder(cluster)}
${cancelJobsScript(cluster, controller, minimum - 1)}
${takeLock(30)}
set -f
spark_file="$spark_dir/fence"
spark_have='0 - -'
if [ -e "$spark_file" ]; then
  spark_have=
  IFS= read -r spark_have <"$spark_file"
fi
set -- $spark_have
case "$#:$1" in 3:|3:*[!0-9]*) exit ${EXIT.damaged} ;; 3:*) ;; *) exit ${EXIT.damaged} ;; esac
spark_ours=
[ "$2" != ${assertWord(controller, 'controller id')} ] || [ "$3" != ${assertWord(swap, 'swap id')} ] || spark_ours=1
if [ -n "$spark_ours" ] && [ "$1" -ge ${minimum} ]; then
  printf '%s\\n' "$1"
  exit 0
fi
${isHeld ? `[ -n "$spark_ours" ] || [ "$1" = 0 ] || exit ${EXIT.fencedOff}` : ':'}
spark_next=$(($1 + 1))
[ "$spark_next" -ge ${minimum} ] || spark_next=${minimum}
printf '%s ${controller} ${swap}\\n' "$spark_next" >"$spark_file.new" && sync "$spark_file.new" && mv -f "$spark_file.new" "$spark_file" || exit ${EXIT.unwritable}
sync "$spark_dir"
printf '%s\\n' "$spark_next"`;
}
