import type { Claim, Clock } from '@spark-control/core';
import { refuseGuardExit, runGuarded } from './guarded-script.ts';
import { assertBegun, type JobEnd, JobFollower, type JobState } from './job-follower.ts';
import { claimedJob, type JobContent, leaveIfBegun, startJobScript } from './job-script.ts';
import type { RemoteShell } from './remote-shell.ts';

/**
 * A named job on a host that goes on when the connection is lost, and is begun at most once per claim however often it is
 * asked for. Its state and output are files in `~/.spark-control/<cluster>/jobs/<swap>-<fence>`.
 */
export class DetachedJob {
  readonly #shell: RemoteShell;
  readonly #claim: Claim;
  readonly #follower: JobFollower;

  constructor(shell: RemoteShell, claim: Claim, clock: Clock, onLine: (line: string) => void) {
    this.#shell = shell;
    this.#claim = claim;
    this.#follower = new JobFollower(shell, claimedJob(claim), clock, onLine);
  }

  /** Begins the job if it was never begun. Rejects FENCED_OFF, RUNTIME_REJECTED, HOST_UNREACHABLE. */
  async start(content: JobContent, signal: AbortSignal): Promise<void> {
    const place = claimedJob(this.#claim);
    const options = { timeoutMs: 30_000, wait: true, signal, meanwhile: leaveIfBegun(place) };
    assertBegun(this.#shell, await runGuarded(this.#shell, this.#claim, startJobScript(place, content), 'beginning a job', options));
  }

  /** The state now, after at most two seconds of waiting for something new; new lines were reported before it resolves. */
  poll(signal: AbortSignal): Promise<JobState> {
    return this.#follower.poll(signal);
  }

  /** Follows a begun job to its end. Rejects FENCED_OFF or HOST_UNREACHABLE when the guard kept it from beginning. */
  async finished(signal: AbortSignal): Promise<JobEnd> {
    const end = await this.#follower.finished(signal);
    if (end.kind === 'ended') refuseGuardExit(this.#shell.host, end.exitCode, this.#claim);
    return end;
  }
}
