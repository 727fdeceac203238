import { type Claim, type ClusterKey, SparkError, shellQuote } from '@spark-control/core';
import { knownOutcome, type RemoteShell, type RunOptions, type ShellResult } from './remote-shell.ts';

/** Exit codes of our own scripts, out of the way of the shell's (126 and up) and of usual programs' (small ones). */
export const EXIT = {
  unwritable: 90,
  fencedOff: 91,
  busy: 92,
  damaged: 93,
  uncapturable: 94,
  noRunner: 95,
  noTool: 96,
  noPeer: 97,
} as const;

/** What may stand in a fence file and in a file name as it is. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function assertWord(text: string, what: string): string {
  if (!WORD.test(text))
    throw new SparkError('UNSAFE_ARGUMENT', `The ${what} must be a word of letters, digits, dots, dashes and underscores.`);
  return text;
}

/** The one line of the fence file. */
export function fenceLine(claim: Claim): string {
  return `${claim.fence} ${assertWord(claim.controller, 'controller id')} ${assertWord(claim.swap, 'swap id')}`;
}

/** Sets `spark_dir` to the cluster's folder of state on the host, and makes it. */
export const stateFolder = (cluster: ClusterKey): string => `umask 077
spark_dir="$HOME/.spark-control/${assertWord(cluster, 'cluster key')}"
mkdir -p "$spark_dir" || exit ${EXIT.unwritable}`;

/** Takes the cluster's lock on the host as descriptor 9; children that outlive the script must close it (`9>&-`). */
export const takeLock = (waitSeconds: number): string => `exec 9>>"$spark_dir/lock" || exit ${EXIT.unwritable}
flock -w ${waitSeconds} 9 || exit ${EXIT.busy}`;

/** Leaves with {@link EXIT.fencedOff} unless the fence file holds exactly `claim`. To be run under the lock. */
export const checkClaim = (claim: Claim): string => `spark_have=
{ IFS= read -r spark_have <"$spark_dir/fence"; } 2>/dev/null
[ "$spark_have" = ${shellQuote(fenceLine(claim))} ] || exit ${EXIT.fencedOff}`;

/** Like {@link takeLock}, and does `meanwhile` each time that the lock is not to be had; that may leave the script. */
export const takeLockOr = (waitSeconds: number, meanwhile: string): string => `exec 9>>"$spark_dir/lock" || exit ${EXIT.unwritable}
spark_tries=0
until flock -n 9; do
  ${meanwhile.replaceAll('\n', '\n  ')}
  [ "$spark_tries" -lt ${waitSeconds * 10} ] || exit ${EXIT.busy}
  spark_tries=$((spark_tries + 1))
  sleep 0.1
done`;

/** What a step does outside its lock: `before` at once, `meanwhile` as long as it waits. */
export type GuardExtras = Readonly<{ before?: string; meanwhile?: string }>;

/**
 * A script that runs `body` only while this host's fence file holds `claim`, and keeps every other claim out until it is
 * over. Whatever changes something on a host goes through here: a paused or restored control plane must not finish what it began.
 */
export function guarded(claim: Claim, body: string, { before = ':', meanwhile }: GuardExtras = {}): string {
  const lock = meanwhile === undefined ? takeLock(20) : takeLockOr(20, meanwhile);
  return [stateFolder(claim.cluster), before, lock, checkClaim(claim), body].join('\n');
}

/** Runs a {@link guarded} script. Rejects FENCED_OFF, RUNTIME_REJECTED or HOST_UNREACHABLE; other exit codes are the body's. */
export async function runGuarded(
  shell: RemoteShell,
  claim: Claim,
  body: string,
  what: string,
  options: RunOptions & GuardExtras,
): Promise<ShellResult & Readonly<{ exitCode: number }>> {
  const result = knownOutcome(shell, await shell.run(guarded(claim, body, options), options), what);
  refuseGuardExit(shell.host, result.exitCode, claim);
  return result;
}

/** Turns an exit code of the guard into its error; returns for all others. */
export function refuseGuardExit(host: string, exitCode: number, claim: Claim): void {
  const details = { host };
  switch (exitCode) {
    case EXIT.fencedOff:
      throw new SparkError(
        'FENCED_OFF',
        `The fence of cluster ${claim.cluster} on ${host} no longer holds claim ${claim.fence}: another claim took over.`,
        {
          details,
        },
      );
    case EXIT.busy:
      throw new SparkError('HOST_UNREACHABLE', `A step of another claim still holds the lock of cluster ${claim.cluster} on ${host}.`, {
        details: { ...details, retryAfterSeconds: 5 },
      });
    default:
      refuseUnwritable(host, exitCode);
  }
}

/** Turns the exit code of a state folder that cannot be written into RUNTIME_REJECTED; returns for all others. */
export function refuseUnwritable(host: string, exitCode: number): void {
  if (exitCode !== EXIT.unwritable) return;
  const message = `The folder ~/.spark-control on ${host} cannot be written by the login user.`;
  throw new SparkError('RUNTIME_REJECTED', message, { details: { host } });
}

/**
 * Rejects FENCED_OFF unless every host holds `claim`. Reads without the lock: it is the look before the leap, so that nothing is
 * changed on one host when another one has been taken over; each step checks again, under the lock, where it acts.
 */
export async function assertClaim(shells: readonly RemoteShell[], claim: Claim, signal: AbortSignal): Promise<void> {
  const script = [stateFolder(claim.cluster), checkClaim(claim)].join('\n');
  await Promise.all(
    shells.map(async (shell) => {
      const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 15_000, wait: true, signal }), 'reading the fence');
      refuseGuardExit(shell.host, result.exitCode, claim);
    }),
  );
}
