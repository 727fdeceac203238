import { isSparkError, SparkError } from '../errors.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { LogLine } from '../ports/model-runtime.ts';
import { maskSecrets } from '../redact.ts';
import { deadlinesFor, overdue } from '../swap/deadlines.ts';
import { classifyFailure } from '../swap/failure-causes.ts';
import { type LoadMeasures, noLoadMeasures, observeAvailable, observeMeasures } from '../swap/load-measures.ts';
import { initialLoadProgress, type LoadProgress, observeLine } from '../swap/progress.ts';
import type { Cause, Progress, Swap } from '../swap/swap.ts';
import type { StepResult, SwapEffect } from '../swap/swap-machine.ts';
import type { CoreDeps } from './core-deps.ts';
import { LogBook } from './log-book.ts';
import type { StepContext } from './step-ports.ts';
import { performStep } from './steps.ts';

/** How often deadlines are looked at. */
const WATCH_MS = 200;
/** Log lines of a dying server arrive a moment after its death is seen. */
const LAST_WORDS_MS = 400;
/** More than a swap's log ever has. */
const LINES_PER_ATTEMPT = 1_000_000;
/** Lines of its own log that a cause may look at. */
const CLASSIFIED_LINES = 400;

export type DriverOutcome = Readonly<
  { type: 'step_done'; attempt: number; result: StepResult } | { type: 'step_failed'; attempt: number; cause: Cause }
>;

export type DriverListener = Readonly<{
  outcome: (swap: Swap, outcome: DriverOutcome) => void;
  progressed: (swap: Swap, attempt: number, progress: Progress | null) => void;
  logged: (swap: Swap, line: LogLine) => void;
}>;

/** What all steps of a cluster have in common. */
export type StepBase = Omit<StepContext, 'signal' | 'report' | 'alive' | 'waitingFor' | 'sawAvailable'>;

/**
 * Performs the steps of one swap, one at a time, and watches their deadlines. It decides nothing: outcomes go to the
 * arbiter, and what it says next is done next.
 */
export class StepDriver {
  readonly #deps: CoreDeps;
  readonly #base: StepBase;
  readonly #listener: DriverListener;
  readonly book: LogBook;
  #running: Promise<void> = Promise.resolve();
  #step = new AbortController();
  #follow: AbortController | null = null;
  #following: Promise<void> = Promise.resolve();
  #load: LoadProgress | null = null;
  #memory: LoadMeasures = noLoadMeasures;
  #aliveAt = 0;
  #outage: string | null = null;

  /** `attempt` of the swap as this process takes it up. */
  constructor(deps: CoreDeps, base: StepBase, listener: DriverListener, attempt: number) {
    this.book = new LogBook(attempt <= 1 ? 0 : attempt * LINES_PER_ATTEMPT);
    this.#deps = deps;
    this.#base = base;
    this.#listener = listener;
  }

  /** Ends the step that runs, if any; its outcome will not be heard. */
  abort(reason: unknown): void {
    this.#step.abort(reason);
  }

  /** Starts a step as soon as the one before has settled. From here on `abort` means this step, also while it still waits. */
  perform(effect: SwapEffect, swap: Swap): void {
    const controller = new AbortController();
    this.#step = controller;
    this.#running = this.#running.then(() => this.#perform(effect, swap, controller));
  }

  /** Stops everything and waits until nothing of this swap runs in this process any more. */
  async close(reason: unknown): Promise<void> {
    this.#step.abort(reason);
    this.#follow?.abort(reason);
    await this.#running;
    await this.#following;
  }

  async #perform(effect: SwapEffect, swap: Swap, controller: AbortController): Promise<void> {
    if (controller.signal.aborted) return;
    this.#aliveAt = this.#deps.clock.monotonic();
    this.#outage = null;
    if (effect.type === 'launch') {
      this.#load = initialLoadProgress();
      this.#memory = noLoadMeasures;
    }
    this.#load ??= initialLoadProgress({ resumeFrom: swap.progress }); // taken over from an earlier process
    if (effect.type === 'await_load') this.#followLogs(swap);
    const since = this.book.lastSeq;
    const watching = this.#watchDeadlines(swap, controller);
    try {
      this.#deps.failpoint?.(`before_${effect.type}`);
      const result = await performStep(effect, swap, this.#context(swap, controller.signal));
      this.#deps.failpoint?.(`after_${effect.type}`);
      this.#listener.outcome(swap, { type: 'step_done', attempt: swap.attempt, result });
      if (effect.type === 'warm_up') await this.#learn(swap, effect.plan, true);
    } catch (error) {
      const cause = await this.#causeOf(error, swap, controller.signal, effect.type === 'await_load' ? 0 : since);
      if (cause !== null) this.#listener.outcome(swap, { type: 'step_failed', attempt: swap.attempt, cause });
      if (cause !== null && (effect.type === 'await_load' || effect.type === 'warm_up')) await this.#learn(swap, effect.plan, false);
    } finally {
      controller.abort(new Error('the step is over'));
      await watching;
    }
  }

  #context(swap: Swap, signal: AbortSignal): StepContext {
    return {
      ...this.#base,
      signal,
      report: (line) => this.#hear(swap, line),
      alive: () => this.#alive(swap, null),
      sawAvailable: (bytes) => {
        this.#memory = observeAvailable(this.#memory, bytes);
      },
      waitingFor: (outage) => {
        this.#outage = outage;
      },
    };
  }

  #hear(swap: Swap, line: LogLine): void {
    this.#listener.logged(swap, { ...line, line: maskSecrets(line.line) }); // vLLM prints its arguments, an API key among them
    this.#memory = observeMeasures(this.#memory, line.line);
    const before = this.#load ?? initialLoadProgress();
    const after = observeLine(before, line.line, line.host);
    this.#load = after;
    const moved = after.fraction !== before.fraction || after.label !== before.label;
    this.#alive(swap, moved ? { fraction: after.fraction, label: after.label } : null);
  }

  #alive(swap: Swap, progress: Progress | null): void {
    this.#aliveAt = this.#deps.clock.monotonic();
    this.#listener.progressed(swap, swap.attempt, progress);
  }

  /** The load of a rollback is of another plan than the swap's: what it takes was learnt when that one loaded. */
  async #learn(swap: Swap, plan: LaunchPlan, succeeded: boolean): Promise<void> {
    if (swap.phase !== 'rolling_back') await this.#base.learn(swap, plan, succeeded, this.#memory);
  }

  #followLogs(swap: Swap): void {
    this.#follow?.abort(new Error('another launch is followed now'));
    const controller = new AbortController();
    this.#follow = controller;
    const report = (line: LogLine): void => this.#hear(swap, line);
    this.#following = this.#base.runtime.followLogs(null, report, controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) this.#deps.logger.warn('the log of the model server cannot be followed', { swap: swap.id, error });
    });
  }

  async #watchDeadlines(swap: Swap, controller: AbortController): Promise<void> {
    const { clock } = this.#deps;
    const step = swap.step;
    if (step === null) return;
    const startedAt = clock.monotonic();
    const plan = swap.phase === 'rolling_back' && swap.previous.kind === 'plan' ? swap.previous.plan : swap.plan;
    const history = plan === null ? [] : await this.#deps.journal.loadTimes(swap.cluster, plan.model, swap.simulated).catch(() => []);
    for (;;) {
      try {
        await clock.sleep(WATCH_MS, controller.signal);
      } catch {
        return;
      }
      const { isPulling = false, stage = null } = this.#load ?? {};
      const context = { weightsBytes: plan?.weightsBytes ?? null, historySeconds: history, isPulling, stage };
      const limits = deadlinesFor(step, context, this.#deps.deadlines);
      const over = overdue({ phaseStartedAt: startedAt, progressAt: this.#aliveAt }, limits, clock.monotonic());
      if (over !== null) {
        controller.abort(this.#deadlineError(swap, over.kind, over.limitMs));
        return;
      }
    }
  }

  #deadlineError(swap: Swap, kind: 'hard' | 'quiet', limitMs: number): SparkError {
    if (this.#outage !== null)
      return new SparkError('HOST_UNREACHABLE', `${this.#outage} It stayed so for longer than ${swap.phase} may take.`);
    const seconds = Math.round(limitMs / 1_000);
    if (kind === 'hard') return new SparkError('LOAD_TIMEOUT', `${swap.phase} took longer than ${seconds} s.`);
    return new SparkError('NO_PROGRESS', `Nothing moved for ${seconds} s while ${swap.phase}.`);
  }

  /** `null`: the arbiter ended the step and wants no answer. */
  async #causeOf(error: unknown, swap: Swap, signal: AbortSignal, since: number): Promise<Cause | null> {
    const failure = signal.aborted ? signal.reason : error;
    if (!isSparkError(failure)) {
      if (signal.aborted) return null;
      this.#deps.logger.error('a step failed unexpectedly', { swap: swap.id, step: swap.step, error });
      return {
        code: 'INTERNAL',
        message: `An unexpected error in ${swap.phase}.`,
        hint: 'This is a defect; the log of the control plane says more.',
        logTail: [],
      };
    }
    if (failure.code === 'MODEL_CRASHED') await this.#deps.clock.sleep(LAST_WORDS_MS, new AbortController().signal);
    const exitCode = typeof failure.details['exitCode'] === 'number' ? failure.details['exitCode'] : null;
    return classifyFailure(this.book.tail(CLASSIFIED_LINES, since), { exitCode, fallback: failure.code, message: failure.message });
  }
}
