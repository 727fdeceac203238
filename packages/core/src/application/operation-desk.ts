import type { Actor, AuditAction, AuditEntry } from '../audit/audit-entry.ts';
import { ERROR_CATALOG, SparkError } from '../errors.ts';
import { type OperationId, operationId } from '../ids.ts';
import { isOver, type Operation, type OperationKind } from '../operation/operation.ts';
import { beginOperation, takenUp } from '../operation/transitions.ts';
import type { OperationQuery, StoredOperation } from '../ports/operation-store.ts';
import { atMost } from './at-most.ts';
import { Feed } from './feed.ts';
import { KeptMap } from './kept-map.ts';
import { notFound } from './not-found.ts';
import type { NewOperation, OperationDesk, OperationEvent, OperationLogLine, OperationWorker } from './operation-api.ts';
import type { OperationDeskDeps } from './operation-deps.ts';
import { OperationRun } from './operation-run.ts';

/** Of so many operations the log is kept. */
const KEPT_RUNS = 50;
const RECENTLY_OVER = 10;
/** Work that does not hear the signal must not keep the process from ending. */
const LAST_WORDS_MS = 3_000;

export function createOperationDesk(deps: OperationDeskDeps): OperationDesk {
  return new Desk(deps);
}

class Desk implements OperationDesk {
  readonly #deps: OperationDeskDeps;
  readonly #workers = new Map<OperationKind, OperationWorker>();
  readonly #feed: Feed<OperationEvent>;
  readonly #runs: KeptMap<OperationId, OperationRun>;
  /** What must not run twice, and which operation is at it, or what else; taken before it is stored. */
  readonly #taken = new Map<string, OperationId | Readonly<{ words: string }>>();
  #over: readonly Operation[] = [];
  #isClosing = false;

  constructor(deps: OperationDeskDeps) {
    this.#deps = deps;
    this.#feed = new Feed(deps.logger);
    this.#runs = new KeptMap(KEPT_RUNS, (id) => this.#isRunning(id));
  }

  register(kind: OperationKind, worker: OperationWorker): void {
    this.#workers.set(kind, worker);
  }

  async begin(work: NewOperation): Promise<Operation> {
    const { clock, ids, isSimulated, store } = this.#deps;
    const { kind, subject, cluster, exclusive, requestedBy, reason, parts, input, actor, audit } = work;
    const worker = this.#workers.get(kind);
    if (worker === undefined) throw new SparkError('NOT_SUPPORTED', `Nothing here can do work of the kind ${kind}.`);
    if (this.#isClosing)
      throw new SparkError('STORE_UNAVAILABLE', 'The control plane stops and takes no new work: ask again when it runs.');
    const id = operationId(ids.next('op'));
    this.#take(exclusive, id, work);
    const { cancellable } = worker;
    const facts = { kind, subject, cluster, requestedBy, reason, parts, cancellable, simulated: isSimulated };
    const stored: StoredOperation = { operation: beginOperation(id, facts, clock.now()), input, exclusive };
    try {
      await store.save(stored, this.#audit(audit.action, subject, work, actor, audit.note));
    } catch (error) {
      if (exclusive !== null) this.#taken.delete(exclusive);
      throw error;
    }
    this.#feed.publish({ kind: 'operation', operation: stored.operation });
    // Stored in the middle of a stop it is the next process's.
    if (!this.#isClosing) this.#run(stored, worker, work.secrets ?? {}, false);
    return stored.operation;
  }

  assertFree(exclusive: string, wanted: string): void {
    const taken = this.#taken.get(exclusive);
    if (taken === undefined) return;
    if (typeof taken !== 'string')
      throw new SparkError('OPERATION_IN_PROGRESS', `This has to wait: ${taken.words}. Ask again in a moment.`);
    const message = `${taken} is in the way (${wanted}): follow it or cancel it.`;
    throw new SparkError('OPERATION_IN_PROGRESS', message, { details: { operationId: taken } });
  }

  async exclusively<T>(exclusive: readonly string[], words: string, task: () => Promise<T>): Promise<T> {
    const names = [...new Set(exclusive)];
    for (const name of names) this.assertFree(name, words);
    for (const name of names) this.#taken.set(name, { words });
    try {
      return await task();
    } finally {
      for (const name of names) this.#taken.delete(name);
    }
  }

  async get(id: OperationId): Promise<Operation | null> {
    return this.#runs.get(id)?.operation ?? (await this.#deps.store.get(id));
  }

  async list(query: OperationQuery): Promise<readonly Operation[]> {
    const stored = await this.#deps.store.list(query);
    return stored.map((operation) => latest(operation, this.#runs.get(operation.id)?.operation));
  }

  recent(): readonly Operation[] {
    const running = this.#runs.values().flatMap(({ operation }) => (isOver(operation) ? [] : [operation]));
    return [...running, ...this.#over].toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  async cancel(id: OperationId, actor: Actor): Promise<Operation> {
    const run = this.#runs.get(id);
    if (run !== undefined) {
      const { operation } = run;
      return await run.cancel(this.#audit('operation_cancelled', id, operation, actor, `${operation.kind} of ${operation.subject}`));
    }
    const operation = await this.#find(id);
    // Before `start`, or an old one.
    if (!isOver(operation)) throw new SparkError('STORE_UNAVAILABLE', `The operation ${id} is not taken up yet: ask again in a moment.`);
    throw new SparkError('OPERATION_SETTLED', `The operation ${id} is over.`, { details: { operationId: id } });
  }

  logTail(id: OperationId): readonly OperationLogLine[] {
    return this.#runs.get(id)?.log.lines ?? [];
  }

  async settled(id: OperationId, signal: AbortSignal): Promise<Operation> {
    const run = this.#runs.get(id);
    if (run === undefined) return await this.#find(id);
    await endedOrAborted(run.ended, signal);
    return run.operation;
  }

  subscribe(listener: (event: OperationEvent) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  async start(): Promise<void> {
    const { store } = this.#deps;
    const unsettled = await store.unsettled();
    const newest = await store.list({ limit: RECENTLY_OVER + unsettled.length });
    this.#over = newest.filter(isOver).slice(0, RECENTLY_OVER);
    for (const stored of unsettled) this.#takeUp(stored);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const runs = this.#runs.values().filter(({ operation }) => !isOver(operation));
    for (const run of runs) run.stop();
    await atMost(this.#deps.clock, LAST_WORDS_MS, Promise.all(runs.map(({ ended }) => ended)));
    for (const run of runs) run.leave();
  }

  #takeUp(stored: StoredOperation): void {
    const { operation, exclusive } = stored;
    if (this.#runs.get(operation.id) !== undefined) return; // begun before the start
    if (exclusive !== null) this.#taken.set(exclusive, operation.id);
    const worker = this.#workers.get(operation.kind);
    const isResumed = worker?.resumable === true;
    this.#deps.logger.info(isResumed ? 'goes on with an operation' : 'an operation was broken off by a restart', {
      operation: operation.id,
      kind: operation.kind,
    });
    this.#run({ ...stored, operation: takenUp(operation) }, isResumed ? worker : brokenOff, {}, true);
  }

  #run(stored: StoredOperation, worker: OperationWorker, secrets: Readonly<Record<string, string>>, isResumed: boolean): void {
    const run = new OperationRun({
      ...{ deps: this.#deps, stored, worker, secrets, isResumed },
      told: (event) => this.#feed.publish(event),
      onOver: (operation) => {
        if (stored.exclusive !== null) this.#taken.delete(stored.exclusive);
        this.#over = [operation, ...this.#over].slice(0, RECENTLY_OVER);
      },
    });
    this.#runs.set(stored.operation.id, run);
  }

  #take(exclusive: string | null, id: OperationId, { kind, subject }: NewOperation): void {
    if (exclusive === null) return;
    this.assertFree(exclusive, `${kind} of ${subject}`);
    this.#taken.set(exclusive, id);
  }

  #isRunning(id: OperationId): boolean {
    const run = this.#runs.get(id);
    return run !== undefined && !isOver(run.operation);
  }

  async #find(id: OperationId): Promise<Operation> {
    const operation = await this.get(id);
    if (operation === null) throw notFound('OPERATION_NOT_FOUND', id.slice(0, 100));
    return operation;
  }

  #audit(action: AuditAction, target: string, { cluster }: Pick<Operation, 'cluster'>, actor: Actor, note: string | null): AuditEntry {
    return { at: this.#deps.clock.now(), actor, action, cluster, target, fence: null, note };
  }
}

/** In place of work that cannot be taken up again. */
const brokenOff: OperationWorker = {
  resumable: false,
  cancellable: false,
  run: async () => {
    const message = 'The control plane was restarted in the middle of this, and this kind of work cannot be taken up again.';
    throw new SparkError('INTERRUPTED', message, { details: { hint: ERROR_CATALOG.INTERRUPTED.remedy } });
  },
};

/** What runs here is told later than it is stored, or was told while the store took no writes. */
const latest = (stored: Operation, here: Operation | undefined): Operation =>
  here !== undefined && here.revision > stored.revision ? here : stored;

async function endedOrAborted(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const listening = new AbortController();
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true, signal: listening.signal }),
  );
  await Promise.race([ended, aborted]);
  listening.abort();
}
