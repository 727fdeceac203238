import type { AuditEntry } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import { applyReport } from '../operation/apply-report.ts';
import { type ByteMeter, EMPTY_METER } from '../operation/byte-rate.ts';
import { isOver, type Operation, type OperationCause, type OperationPart } from '../operation/operation.ts';
import { cancelRequested, cancelVerdict, nextRevision, type Outcome, settleOperation } from '../operation/transitions.ts';
import type { StoredOperation } from '../ports/operation-store.ts';
import { LogBook } from './log-book.ts';
import { isOperationAbort, OperationAbort } from './operation-abort.ts';
import type { OperationContext, OperationEvent, OperationLogLine, OperationWorker } from './operation-api.ts';
import type { OperationDeskDeps } from './operation-deps.ts';
import { OperationTexts } from './operation-texts.ts';
import { Serial } from './serial.ts';

/** At most two changes a second are stored and told: enough for people, and a full disk's worth less for a download of an hour. */
const EVERY_MS = 500;
const STORE_RETRY_MS = 1_000;

export type RunOptions = Readonly<{
  deps: OperationDeskDeps;
  stored: StoredOperation;
  worker: OperationWorker;
  secrets: Readonly<Record<string, string>>;
  isResumed: boolean;
  told: (event: OperationEvent) => void;
  /** It is over, which is stored and not yet told. */
  onOver: (operation: Operation) => void;
}>;

type Draft = Pick<Operation, 'parts' | 'progress' | 'cancellable'>;

/**
 * One operation and its work in this process. What others see is `operation`, which changes in one place at a time. Progress goes on
 * while the store takes no writes; that it is over is not told before it is stored.
 */
export class OperationRun {
  readonly log: LogBook<Omit<OperationLogLine, 'seq'>>;
  readonly ended: Promise<void>;
  readonly #options: RunOptions;
  readonly #texts: OperationTexts;
  readonly #serial = new Serial();
  readonly #work = new AbortController();
  /** Aborts when nothing more is to be stored. */
  readonly #over = new AbortController();
  #operation: Operation;
  /** What was reported and not told yet. */
  #draft: Draft | null = null;
  #meter: ByteMeter = EMPTY_METER;
  #pumping: Promise<void> | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;
  #isUnstored = false;
  #isEnding = false;
  #hasFailedToStore = false;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#operation = options.stored.operation;
    this.#texts = new OperationTexts(options.secrets);
    this.log = new LogBook(options.isResumed ? this.#operation.revision : 0);
    // In a later turn: the desk has entered it before anything of it happens.
    this.ended = Promise.resolve().then(() => this.#follow());
  }

  get operation(): Operation {
    return this.#operation;
  }

  get exclusive(): string | null {
    return this.#options.stored.exclusive;
  }

  /** Marks it as cancelled, durably, and breaks the work off. */
  async cancel(audit: AuditEntry): Promise<Operation> {
    return await this.#serial.run(async () => {
      const verdict = this.#isEnding ? 'over' : cancelVerdict(this.#current());
      if (verdict === 'over') throw settled(this.#operation);
      if (verdict === 'refused') throw notCancellable(this.#operation);
      if (verdict === 'again') return this.#operation;
      const told = this.#draft;
      const marked = nextRevision(cancelRequested(this.#current(), this.#options.deps.clock.now()));
      await this.#store(marked, audit);
      if (this.#draft === told) this.#draft = null; // else more was reported meanwhile
      this.#become(marked);
      this.#work.abort(new OperationAbort('cancelled'));
      return marked;
    });
  }

  /** Breaks the work off for the next process to go on with. Does not wait. */
  stop(): void {
    this.#work.abort(new OperationAbort('stopping'));
  }

  /** Nothing is stored from here on; for the end of the process. */
  leave(): void {
    this.#over.abort(new Error('the control plane stops'));
  }

  async #follow(): Promise<void> {
    try {
      const outcome = await this.#perform();
      if (outcome === null) await this.#serial.run(() => this.#flush());
      else await this.#settle(outcome);
    } catch (error) {
      if (!this.#over.signal.aborted)
        this.#options.deps.logger.error('an operation did not end cleanly', { operation: this.#operation.id, error });
    } finally {
      this.leave();
      await this.#pumping;
    }
  }

  /** `null`: broken off because the control plane stops. */
  async #perform(): Promise<Outcome | null> {
    const { worker } = this.#options;
    const { signal } = this.#work;
    try {
      const working = worker.run(this.#context());
      // A cancel that the last process did not live to see through: the work learns of it as of any other.
      if (this.#operation.cancelRequestedAt !== null) this.#work.abort(new OperationAbort('cancelled'));
      return { state: 'succeeded', result: await working };
    } catch (error) {
      if (this.#operation.cancelRequestedAt !== null)
        return { state: 'cancelled', cause: saysAborted(error) ? null : this.#causeOf(error) };
      return signal.aborted ? null : { state: 'failed', cause: this.#causeOf(error) };
    }
  }

  #causeOf(error: unknown): OperationCause {
    const cause = this.#texts.causeOf(error);
    const { id, kind } = this.#operation;
    if (cause.code === 'INTERNAL')
      this.#options.deps.logger.error('the work of an operation failed by a defect', { operation: id, kind, error });
    return cause;
  }

  #context(): OperationContext {
    const { stored, secrets, isResumed } = this.#options;
    return {
      operation: this.#operation,
      input: stored.input,
      secrets,
      isResumed,
      signal: this.#work.signal,
      report: (parts, label) => this.#report(parts, label),
      log: (host, line) => {
        const at = this.#options.deps.clock.now();
        for (const text of this.#texts.lines(line)) this.#addLine({ host, at, line: text });
      },
      pointOfNoReturn: () => this.#serial.run(() => this.#passPointOfNoReturn()),
    };
  }

  #addLine(line: Omit<OperationLogLine, 'seq'>): void {
    if (this.#over.signal.aborted) return;
    this.#options.told({ kind: 'operation_log', id: this.#operation.id, line: this.log.add(line) });
  }

  #report(parts: readonly OperationPart[], label: string | undefined): void {
    if (this.#over.signal.aborted || this.#isEnding) return;
    const report = {
      parts: parts.map((part) => this.#texts.part(part)),
      label: label === undefined ? undefined : this.#texts.mask(label),
      at: this.#options.deps.clock.monotonic(),
    };
    const { operation, meter } = applyReport(this.#current(), this.#meter, report);
    this.#draft = draftOf(operation);
    this.#meter = meter;
    this.#pump();
  }

  async #passPointOfNoReturn(): Promise<void> {
    this.#work.signal.throwIfAborted();
    if (!this.#operation.cancellable) return;
    // From memory a cancel is refused even when this cannot be stored yet.
    this.#draft = draftOf({ ...this.#current(), cancellable: false });
    await this.#flush();
  }

  #current(): Operation {
    return { ...this.#operation, ...this.#draft };
  }

  /** Only with something to do: then it waits at least once, and is entered before it ends. */
  #pump(): void {
    this.#pumping ??= this.#drain();
  }

  /** Stores and tells what was reported, not too often, until there is nothing left. */
  async #drain(): Promise<void> {
    const { clock } = this.#options.deps;
    try {
      while (this.#draft !== null || this.#isUnstored) {
        const every = this.#draft === null ? STORE_RETRY_MS : EVERY_MS;
        const waitMs = this.#toldAt + every - clock.monotonic();
        if (waitMs > 0) await clock.sleep(waitMs, this.#over.signal);
        await this.#serial.run(() => this.#flush());
      }
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
    } finally {
      this.#pumping = null; // in the same turn as the last look, or a report in between would wait for the next one
    }
  }

  async #flush(): Promise<void> {
    if (isOver(this.#operation) || (this.#draft === null && !this.#isUnstored)) return;
    const isNews = this.#draft !== null;
    const next = isNews ? nextRevision(this.#current()) : this.#operation;
    this.#draft = null;
    this.#operation = next;
    this.#toldAt = this.#options.deps.clock.monotonic();
    try {
      await this.#store(next);
    } catch (error) {
      this.#isUnstored = true;
      this.#complain(error);
      this.#pump();
    }
    if (isNews) this.#options.told({ kind: 'operation', operation: next });
  }

  /** Each try in its turn, so that a cancel in between is answered. */
  async #settle(outcome: Outcome): Promise<void> {
    const { deps, onOver } = this.#options;
    const { clock } = deps;
    this.#isEnding = true;
    for (;;) {
      try {
        await this.#serial.run(async () => {
          const over = nextRevision(settleOperation(this.#current(), outcome, clock.now()));
          await this.#store(over);
          onOver(over);
          this.#become(over);
        });
        return;
      } catch (error) {
        this.#over.signal.throwIfAborted();
        this.#complain(error);
        await clock.sleep(STORE_RETRY_MS, this.#over.signal);
      }
    }
  }

  async #store(operation: Operation, audit?: AuditEntry): Promise<void> {
    this.#over.signal.throwIfAborted();
    await this.#options.deps.store.save({ ...this.#options.stored, operation }, audit);
    this.#isUnstored = false;
    this.#hasFailedToStore = false;
  }

  #become(operation: Operation): void {
    this.#operation = operation;
    this.#toldAt = this.#options.deps.clock.monotonic();
    this.#options.told({ kind: 'operation', operation });
  }

  /** Once per outage: it is tried every second. */
  #complain(error: unknown): void {
    if (this.#hasFailedToStore) return;
    this.#hasFailedToStore = true;
    this.#options.deps.logger.warn('the state of an operation could not be stored yet', { operation: this.#operation.id, error });
  }
}

const draftOf = ({ parts, progress, cancellable }: Operation): Draft => ({ parts, progress, cancellable });

/** Libraries have an error of their own for what was aborted. */
const saysAborted = (error: unknown): boolean => isOperationAbort(error) || (error instanceof Error && error.name === 'AbortError');

const settled = ({ id }: Operation): SparkError =>
  new SparkError('OPERATION_SETTLED', `The operation ${id} is over.`, { details: { operationId: id } });

function notCancellable({ id, kind }: Operation): SparkError {
  const message = `The operation ${id} (${kind}) cannot be cancelled at this point: half of it would be worse than all of it. Follow it to its end.`;
  return new SparkError('NOT_SUPPORTED', message, { details: { operationId: id } });
}
