import { type Clock, SparkError } from '@spark-control/core';
import { EXIT, refuseUnwritable } from './guarded-script.ts';
import { assertBegun, type JobEnd, JobFollower, type JobState } from './job-follower.ts';
import { cancelJobScript, type JobContent, type JobPlace, startJobScript, unclaimedJob } from './job-script.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';

/**
 * A named job on a host that needs no claim of a cluster: a download, a pull, an update. It goes on when the connection is lost,
 * and is begun at most once per name however often, and by whichever process, it is asked for: so a name belongs to one piece of
 * work for ever, and best holds the id of an operation. Its state and output are files in `~/.spark-control/jobs/<name>`; what
 * may hold secrets is readable by the login user only, and goes when the job is over. Old jobs are cleared away after a week.
 */
export class HostJob {
  readonly #shell: RemoteShell;
  readonly #place: JobPlace;
  readonly #follower: JobFollower;

  /** @throws {SparkError} UNSAFE_ARGUMENT unless `name` is a word of letters, digits, dots, dashes and underscores. */
  constructor(shell: RemoteShell, name: string, clock: Clock, onLine: (line: string) => void) {
    this.#shell = shell;
    this.#place = unclaimedJob(name);
    this.#follower = new JobFollower(shell, this.#place, clock, onLine);
  }

  /** Begins the job if it was never begun. Rejects RUNTIME_REJECTED, HOST_UNREACHABLE. */
  async start(content: JobContent, signal: AbortSignal): Promise<void> {
    const script = `umask 077\n${this.#place.base}\nmkdir -p "$spark_dir" || exit ${EXIT.unwritable}\n${startJobScript(this.#place, content)}`;
    const result = await this.#shell.run(script, { timeoutMs: 30_000, wait: true, signal });
    const known = knownOutcome(this.#shell, result, 'beginning a job');
    refuseUnwritable(this.#shell.host, known.exitCode);
    assertBegun(this.#shell, known);
  }

  /** The state now, after at most two seconds of waiting for something new; new lines were reported before it resolves. */
  poll(signal: AbortSignal): Promise<JobState> {
    return this.#follower.poll(signal);
  }

  /** Follows the job to its end; `missing`: it was never begun, so it may be started. Rejects RUNTIME_REJECTED, HOST_UNREACHABLE. */
  async finished(signal: AbortSignal): Promise<JobEnd> {
    const end = await this.#follower.finished(signal);
    if (end.kind === 'ended') refuseUnwritable(this.#shell.host, end.exitCode);
    return end;
  }

  /**
   * Ends the job and all it began, with TERM and five seconds later with KILL; resolves when it is over, also when it was or never
   * began. It ends with exit code 143, or as `lost` after KILL. Rejects RUNTIME_REJECTED when it cannot be ended, HOST_UNREACHABLE.
   */
  async cancel(signal: AbortSignal): Promise<void> {
    const result = await this.#shell.run(cancelJobScript(this.#place), { timeoutMs: 30_000, wait: true, signal });
    const { stdout } = knownOutcome(this.#shell, result, 'ending a job');
    if (stdout !== 'alive\n') return;
    const message = `The job ${this.#place.name} on ${this.#shell.host} could not be ended; it hangs in the kernel, perhaps on a disk.`;
    throw new SparkError('RUNTIME_REJECTED', message, { details: { host: this.#shell.host } });
  }
}
