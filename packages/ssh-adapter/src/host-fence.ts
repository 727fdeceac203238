import {
  type Claim,
  type ClusterKey,
  type FenceMark,
  type FenceSight,
  type HostFence,
  SparkError,
  type SwapId,
  shellQuote,
  swapId,
} from '@spark-control/core';
import { assertWord, EXIT, stateFolder, takeLock } from './guarded-script.ts';
import { cancelJobsScript } from './job-script.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';

/** How long the launcher of a control plane that is taken over may go on: most are done within this. */
const OTHERS_GRACE_SECONDS = 5;
/** A claim is repeated on all hosts until one round finds it everywhere. Only other claimants at the same moment make it take more than two. */
const MAX_ROUNDS = 20;

export type HostFenceOptions = Readonly<{
  cluster: ClusterKey;
  controllerId: string;
  shells: readonly RemoteShell[];
  /** Spreads competing claimants: resolves after a short random time. */
  pause: (signal: AbortSignal) => Promise<void>;
}>;

/**
 * What may be overwritten: a claim of anybody; none but our own; what was seen (`line`); what is older than ours will be. A file that
 * holds this swap's claim is always ours to raise.
 */
type Yields = Readonly<{ to: 'any' | 'own' | 'older' } | { to: 'seen'; line: string }>;
type Wish = Readonly<{ swap: SwapId; minimum: number; yields: Yields }>;

/** {@link HostFence} in a file of each host, written under `flock`. */
export class SshHostFence implements HostFence {
  readonly #options: HostFenceOptions;

  constructor(options: HostFenceOptions) {
    assertWord(options.controllerId, 'controller id');
    this.#options = options;
  }

  async look(signal: AbortSignal): Promise<FenceMark> {
    const { cluster, shells } = this.#options;
    return { seen: await Promise.all(shells.map((shell) => readFence(shell, cluster, signal))) };
  }

  claim(swap: SwapId, minimum: number, signal: AbortSignal, basis?: Claim | FenceMark): Promise<Claim> {
    if (basis !== undefined && 'seen' in basis) return this.#claimSeen(swap, minimum, basis, signal);
    return this.#raise({ swap, minimum: Math.max(1, minimum), yields: { to: basis === undefined ? 'any' : 'own' } }, signal);
  }

  async #raise(wish: Wish, signal: AbortSignal): Promise<Claim> {
    const { cluster, controllerId, shells, pause } = this.#options;
    let fence = wish.minimum;
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const written = await Promise.all(shells.map((shell) => this.#write(shell, { ...wish, minimum: fence }, signal)));
      fence = Math.max(...written);
      if (written.every((value) => value === fence)) return { cluster, fence, controller: controllerId, swap: wish.swap };
      if (round > 1) await pause(signal);
    }
    throw new SparkError('FENCED_OFF', `Another control plane keeps claiming cluster ${cluster}.`);
  }

  /**
   * The head decides: it yields only if it holds what was seen there. On the others a later claim has a larger number, which does not
   * yield to ours, so that a script of ours that comes late, after a pause of this process, overtakes nobody.
   */
  async #claimSeen(swap: SwapId, minimum: number, { seen }: FenceMark, signal: AbortSignal): Promise<Claim> {
    const { cluster, controllerId, shells } = this.#options;
    const [head, ...others] = shells;
    const fence = Math.max(1, minimum, ...seen.map(({ claim }) => (claim?.fence ?? 0) + 1));
    const yields: Yields = { to: 'seen', line: lineOf(seen[0]) };
    if (head !== undefined) await this.#write(head, { swap, minimum: fence, yields }, signal);
    await Promise.all(others.map((shell) => this.#write(shell, { swap, minimum: fence, yields: { to: 'older' } }, signal)));
    return { cluster, fence, controller: controllerId, swap };
  }

  async #write(shell: RemoteShell, wish: Wish, signal: AbortSignal): Promise<number> {
    const { cluster, controllerId } = this.#options;
    const script = claimScript(cluster, controllerId, wish);
    const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 45_000, signal }), 'claiming the fence');
    const fence = Number(result.stdout.trim());
    if (result.exitCode === 0 && Number.isSafeInteger(fence) && fence >= wish.minimum) return fence;
    throw refusal(shell.host, cluster, result.exitCode, result.stdout.trim());
  }
}

/** What a file that is not there stands for. */
const UNCLAIMED = '0 - -';

const lineOf = (sight: FenceSight | undefined): string =>
  sight?.claim == null ? UNCLAIMED : `${sight.claim.fence} ${sight.claim.controller} ${sight.claim.swap}`;

async function readFence(shell: RemoteShell, cluster: ClusterKey, signal: AbortSignal): Promise<FenceSight> {
  const file = `"$HOME/.spark-control/${assertWord(cluster, 'cluster key')}/fence"`;
  const script = `[ ! -e ${file} ] || { IFS= read -r spark_have <${file}; printf '%s' "held $spark_have"; }`;
  const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 15_000, signal }), 'reading the fence');
  if (result.exitCode !== 0) {
    // Taken for unclaimed, this would end a swap as if somebody had taken over; asking again is right when memory is short.
    throw new SparkError('HOST_UNREACHABLE', `The fence of cluster ${cluster} on ${shell.host} could not be read.`, {
      details: { host: shell.host },
    });
  }
  if (result.stdout === '') return { host: shell.host, claim: null };
  const [, fence, controller, swap] = /^held (\d+) (\S+) (\S+)$/.exec(result.stdout) ?? [];
  if (controller === undefined || swap === undefined) throw refusal(shell.host, cluster, EXIT.damaged, '');
  return { host: shell.host, claim: { fence: Number(fence), controller, swap: swapId(swap) } };
}

function refusal(host: string, cluster: ClusterKey, exitCode: number, holder: string): SparkError {
  const details = { host };
  if (exitCode === EXIT.fencedOff) {
    return new SparkError('FENCED_OFF', `The fence of cluster ${cluster} on ${host} holds a claim of somebody else, who has taken over.`, {
      details: { host, holder },
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
 * ended first: it holds the lock. A claim that is refused prints whose swap holds the file.
 */
function claimScript(cluster: ClusterKey, controller: string, { swap, minimum, yields }: Wish): string {
  return `${stateFolder(cluster)}
spark_file="$spark_dir/fence"
${cancelJobsScript(cluster, controller, minimum - 1)}
${yields.to === 'seen' ? takeLockFrom(cluster, yields.line) : takeLock(30)}
set -f
spark_have='${UNCLAIMED}'
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
[ -n "$spark_ours" ] || ${mayTake(yields, minimum)} || { printf '%s' "$3"; exit ${EXIT.fencedOff}; }
spark_next=$(($1 + 1))
[ "$spark_next" -ge ${minimum} ] || spark_next=${minimum}
printf '%s ${controller} ${swap}\\n' "$spark_next" >"$spark_file.new" && sync "$spark_file.new" && mv -f "$spark_file.new" "$spark_file" || exit ${EXIT.unwritable}
sync "$spark_dir"
printf '%s\\n' "$spark_next"`;
}

/** The sh test of whether somebody else's claim (`$spark_have`, with its number as `$1`) gives way. */
function mayTake(yields: Yields, minimum: number): string {
  switch (yields.to) {
    case 'any':
      return 'true';
    case 'own':
      return '[ "$1" = 0 ]';
    case 'older':
      return `[ "$1" -lt ${minimum} ]`;
    case 'seen':
      return `[ "$spark_have" = ${shellQuote(yields.line)} ]`;
    default:
      return yields satisfies never;
  }
}

/**
 * Takes the lock. A launcher of another control plane that holds it is given a moment to be done and is then ended, if it belongs to
 * the claim that is to be taken over: whoever began it may be frozen or gone, and its image may take an hour to come.
 */
function takeLockFrom(cluster: ClusterKey, line: string): string {
  return `exec 9>>"$spark_dir/lock" || exit ${EXIT.unwritable}
if ! flock -w ${OTHERS_GRACE_SECONDS} 9; then
  spark_have=
  [ ! -e "$spark_file" ] || IFS= read -r spark_have <"$spark_file"
  if [ "$spark_have" = ${shellQuote(line)} ]; then
    ${cancelJobsScript(cluster, null, Number.parseInt(line, 10)).replaceAll('\n', '\n    ')}
    # A \`docker run\` of it may be on its way to another host.
    [ -z "$spark_cancelled" ] || sleep 2
  fi
  flock -w 15 9 || exit ${EXIT.busy}
fi`;
}
