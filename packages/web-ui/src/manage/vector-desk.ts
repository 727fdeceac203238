import type { Operation, StorageRestoreGuide, VectorCollection, VectorSnapshotList } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { post } from './own-lock.ts';
import type { ManageAction, VectorAction } from './state.ts';

const SNAPSHOTS = '/api/qdrant/snapshots';

/** Collections and snapshots of a vector store: what there is, new ones, and the way back to one. */
export class VectorDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(): Promise<void> {
    const { route } = this.#parts.store.get();
    const service = this.#state.data?.service;
    if (route.screen !== 'service' || service?.of !== route.id) return;
    if (service.value?.actions.includes('snapshots') === true) await this.#look(route.id);
  }

  async more(): Promise<void> {}

  onEvent(type: string, data: unknown): void {
    if (type !== 'operation') return;
    const { kind, settled } = data as Operation;
    if (settled && (kind === 'vector_snapshot' || kind === 'vector_restore')) void this.load();
  }

  perform(action: ManageAction): void {
    switch (action.kind) {
      case 'take_snapshot':
        this.#begin(SNAPSHOTS, { service: action.service, ...action.wish });
        return;
      case 'restore_collection': {
        const { service, collection, name: snapshot, confirm } = action;
        this.#begin('/api/qdrant/restore', { service, collection, snapshot, confirm });
        return;
      }
      case 'delete_snapshot':
        this.#delete(action);
        return;
      case 'read_restore_guide':
        void this.#state.fetch('restoreGuide', action.service, () =>
          this.#parts.call<StorageRestoreGuide>(`/api/qdrant/storage-restore?${new URLSearchParams({ service: action.service })}`),
        );
        return;
      default:
        return;
    }
  }

  async #look(service: string): Promise<void> {
    const { call } = this.#parts;
    const query = new URLSearchParams({ service });
    await Promise.all([
      this.#state.fetch('collections', service, async () => {
        const { items } = await call<{ items: readonly VectorCollection[] }>(`/api/qdrant/collections?${query}`);
        return items;
      }),
      this.#state.fetch('snapshots', service, async () => (await call<VectorSnapshotList>(`${SNAPSHOTS}?${query}`)).items),
    ]);
  }

  #begin(path: string, body: object): void {
    const { asker, call, follow, randomKey } = this.#parts;
    void asker.fromDialog(
      () => call<Operation>(path, { ...post(body), headers: { 'idempotency-key': randomKey() } }),
      ({ id }) => follow({ screen: 'operation', id }),
    );
  }

  #delete({ service, collection, name }: Extract<VectorAction, { kind: 'delete_snapshot' }>): void {
    const { asker, call } = this.#parts;
    const query = new URLSearchParams({ service, ...(collection !== null && { collection }) });
    void asker.fromDialog(
      () => call(`${SNAPSHOTS}/${encodeURIComponent(name)}?${query}`, { method: 'DELETE' }),
      () => {
        asker.toast('ok', `The snapshot ${name} is gone.`);
        void this.load();
      },
    );
  }
}
