import { type Clock, isSparkError, isStopping, SparkError } from '@spark-control/core';
import { HostJob } from './host-job.ts';
import type { JobEnd } from './job-follower.ts';
import type { JobContent } from './job-script.ts';
import type { RemoteShell } from './remote-shell.ts';

/** A host may be off the network for so long before its job is given up; the job itself goes on. */
const PATIENCE_MS = 30 * 60_000;
const RETRY_MS = 1_000;
const CANCEL_WITHIN_MS = 40_000;

export type FollowOptions = Readonly<{
  shell: RemoteShell;
  /** Of the job: begun once, found again. */
  name: string;
  clock: Clock;
  onLine: (line: string) => void;
  /** Between two looks at the job, at least every two seconds or so. It may fail: then the next one may not. */
  onLook?: (signal: AbortSignal) => Promise<void>;
  /** What else has to be ended with the job when it is cancelled. */
  onCancel?: (signal: AbortSignal) => Promise<void>;
}>;

/**
 * Begins a job unless it was begun, and follows it to its end, over lost links too. When `signal` aborts because the control plane
 * stops, the job goes on; on any other abort it is ended. Rejects RUNTIME_REJECTED, HOST_UNREACHABLE, or with the signal's reason.
 */
export async function followHostJob(
  options: FollowOptions,
  content: JobContent,
  signal: AbortSignal,
): Promise<Exclude<JobEnd, { kind: 'missing' }>> {
  const { shell, name, clock, onLine } = options;
  const job = new HostJob(shell, name, clock, onLine);
  try {
    for (;;) {
      const state = await outlasting(options, signal, async () => {
        const now = await job.poll(signal);
        if (now.kind === 'missing') await job.start(content, signal);
        else if (now.kind === 'running') await options.onLook?.(signal);
        return now;
      });
      if (state.kind === 'ended' || state.kind === 'lost') return state;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!isStopping(signal)) await endJob(job, options);
    throw signal.reason;
  }
}

/** A host that cannot be reached is asked again: what it does meanwhile does not depend on us. */
async function outlasting<T>({ clock }: FollowOptions, signal: AbortSignal, look: () => Promise<T>): Promise<T> {
  const since = clock.monotonic();
  for (;;) {
    try {
      return await look();
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error) || error.code !== 'HOST_UNREACHABLE' || clock.monotonic() - since > PATIENCE_MS) throw error;
      await clock.sleep(RETRY_MS, signal);
    }
  }
}

async function endJob(job: HostJob, { shell, name, onCancel }: FollowOptions): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_WITHIN_MS);
  try {
    await job.cancel(signal);
    await onCancel?.(signal);
  } catch (error) {
    const message = `${shell.host} could not be told to end the job ${name}; it may go on there until it ends by itself.`;
    throw new SparkError('HOST_UNREACHABLE', message, { cause: error, details: { host: shell.host } });
  }
}
