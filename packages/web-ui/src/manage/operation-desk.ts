import { problemFrom } from '../transport.ts';
import { appendLog, emptyLog } from '../view-models/log-buffer.ts';
import type { Operation, OperationList, OperationLogLine, Status } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { operationPath } from './paths.ts';
import type { ManageAction, ManageState } from './state.ts';

const PAGE = 50;

/** Operations: the list, the one on screen with its output, and the cancel. */
export class OperationDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;
  #follows: Readonly<{ id: string; stop: () => void }> | null = null;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(isWanted: boolean): Promise<void> {
    const { route } = this.#parts.store.get();
    this.#follow(route.screen === 'operation' ? route.id : null);
    if (route.screen === 'operation') return this.#one(route.id);
    const isLong = (this.#state.data?.operations.items?.length ?? 0) > PAGE;
    if (route.screen === 'operations' && (isWanted || !isLong)) await this.#page(null);
  }

  async more(): Promise<void> {
    const { route } = this.#parts.store.get();
    const { nextCursor, loading } = this.#state.data?.operations ?? { nextCursor: null, loading: false };
    if (route.screen === 'operations' && nextCursor !== null && !loading) await this.#page(nextCursor);
  }

  perform(action: ManageAction): void {
    const { asker, call } = this.#parts;
    if (action.kind !== 'cancel_operation') return;
    void asker.fromDialog(
      () => call<Operation>(`${operationPath(action.id)}/cancel`, { method: 'POST', body: {} }),
      (operation) => this.#take([operation]),
    );
  }

  onEvent(type: string, data: unknown): void {
    if (type === 'operation') this.#take([data as Operation]);
    if (type === 'snapshot') this.#take((data as Status).operations);
  }

  /** What is over stays over: a late answer must not undo what the stream said in between. */
  #take(operations: readonly Operation[]): void {
    const known = { ...this.#state.data?.known };
    const fresh: string[] = [];
    for (const operation of operations) {
      const before = known[operation.id];
      if (before === undefined) fresh.push(operation.id);
      if (before?.settled !== true || operation.settled) known[operation.id] = operation;
    }
    this.#state.put({ known });
    const list = this.#state.data?.operations;
    if (list === undefined || list.items === null || fresh.length === 0) return;
    const items = [...new Set([...fresh, ...list.items])].sort((a, b) => (a < b ? 1 : -1));
    this.#state.put({ operations: { ...list, items } });
  }

  async #page(cursor: string | null): Promise<void> {
    const put = (change: Partial<ManageState['operations']>): void => {
      const before = this.#state.data?.operations;
      if (before !== undefined) this.#state.put({ operations: { ...before, ...change } });
    };
    put({ loading: true });
    try {
      const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== null && { cursor }) });
      const page = await this.#parts.call<OperationList>(`/api/operations?${query}`);
      this.#take(page.items);
      const older = cursor === null ? [] : (this.#state.data?.operations.items ?? []);
      const items = [...new Set([...older, ...page.items.map(({ id }) => id)])].sort((a, b) => (a < b ? 1 : -1));
      put({ items, nextCursor: page.next_cursor, loading: false, problem: null });
    } catch (error) {
      put({ loading: false, problem: problemFrom(error) });
    }
  }

  async #one(id: string): Promise<void> {
    try {
      this.#take([await this.#parts.call<Operation>(operationPath(id))]);
      this.#state.put({ operation: { value: id, loading: false, problem: null } });
    } catch (error) {
      this.#state.put({ operation: { value: null, loading: false, problem: problemFrom(error) } });
    }
  }

  /** The output of the one on screen comes on a stream of its own, for as long as it is on screen. */
  #follow(id: string | null): void {
    if (this.#follows?.id === id) return;
    this.#follows?.stop();
    this.#follows = null;
    if (id === null) return;
    this.#state.put({ log: { of: id, buffer: emptyLog } });
    const stop = this.#parts.openStream(`${operationPath(id)}/stream`, (type, data) => {
      if (type !== 'log') return this.#take([data as Operation]);
      const { host, ...line } = data as OperationLogLine;
      const { log } = this.#state.data ?? {};
      if (log?.of === id) this.#state.put({ log: { of: id, buffer: appendLog(log.buffer, [{ ...line, host: host ?? '' }]) } });
    });
    this.#follows = { id, stop };
  }
}
