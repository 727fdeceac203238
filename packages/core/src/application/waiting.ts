import { isSparkError } from '../errors.ts';
import { linkedAbort } from './linked-abort.ts';
import type { StepContext } from './step-ports.ts';

const OUTAGE_RETRY_MS = 1_000;

/**
 * Repeats an idempotent task while a host cannot be reached. The outcome of a call over a lost link is unknown, and asking
 * again is how it becomes known; the phase's deadline ends the wait.
 */
export async function whileUnreachable<T>(context: StepContext, task: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const value = await task();
      context.waitingFor(null);
      return value;
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isSparkError(error) || error.code !== 'HOST_UNREACHABLE') throw error;
      context.waitingFor(error.message);
      context.alive();
      await context.clock.sleep(OUTAGE_RETRY_MS, context.signal);
    }
  }
}

/** Runs loops side by side until the first of them settles, then stops the others and waits for them. */
export async function firstOf<T>(signal: AbortSignal, loops: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<T> {
  const linked = linkedAbort(signal);
  const running = loops.map((loop) => loop(linked.signal));
  try {
    return await Promise.race(running);
  } finally {
    linked.abort(new Error('another loop was first'));
    linked.release();
    await Promise.allSettled(running);
  }
}
