import { ApiError, clientProblem, problemFrom } from '../transport.ts';
import type { Knobs, Model, ModelDiskView, ModelHistory, ModelList, Operation, ParsedCommand, VllmFlagList } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { post, workHeaders } from './own-lock.ts';
import { modelPath } from './paths.ts';
import { type KnobsChange, type ManageAction, type ModelAction, unfetched } from './state.ts';

/** The entries of the catalog: their knobs, their history, their weights. */
export class ModelDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;
  /** Downloads whose beginning was noticed: how far they are, the screen of the operation shows. */
  readonly #heard = new Set<string>();

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(isWanted: boolean): Promise<void> {
    const { route } = this.#parts.store.get();
    const { call } = this.#parts;
    // What was read of a command is for the visit in which it was pasted.
    if (route.screen === 'add-model' && isWanted) this.#state.put({ parsed: unfetched() });
    if (route.screen !== 'model') return;
    // Flags do not change while the server runs; the rest is fetched again when the reader comes or asks, since the form is edited meanwhile.
    if (this.#state.data?.flags.value == null) {
      void this.#state.fetch('flags', 'all', async () => (await call<VllmFlagList>('/api/vllm-flags')).items);
    }
    if (isWanted || this.#state.data?.model.of !== route.id) await this.#all(route.id);
  }

  async more(): Promise<void> {}

  /** A download of the model on screen has begun or ended. */
  onEvent(type: string, data: unknown): void {
    const { route } = this.#parts.store.get();
    if (type !== 'operation' || route.screen !== 'model') return;
    const { id, kind, subject, settled } = data as Operation;
    if (kind !== 'model_download' || subject !== route.id || (this.#heard.has(id) && !settled)) return;
    this.#heard.add(id);
    void this.#disk(subject);
  }

  perform(action: ManageAction): void {
    switch (action.kind) {
      case 'save_knobs':
        void this.#save(action);
        return;
      case 'create_model':
        void this.#create(action);
        return;
      case 'parse_command':
        void this.#state.fetch('parsed', action.command, () =>
          this.#parts.call<ParsedCommand>('/api/models/parse-command', post({ command: action.command })),
        );
        return;
      case 'remove_model':
        this.#remove(action.model);
        return;
      case 'revert_model':
        this.#revert(action);
        return;
      case 'download_weights':
        this.#begin(action, 'download');
        return;
      case 'pull_image':
        this.#begin(action, 'pull-image');
        return;
      case 'delete_weights':
        this.#deleteWeights(action);
        return;
      default:
        return;
    }
  }

  async #all(key: string): Promise<void> {
    const { call } = this.#parts;
    this.#state.put({ newer: null });
    await Promise.all([
      this.#one(key),
      this.#state.fetch('modelHistory', key, async () => (await call<ModelHistory>(`${modelPath(key)}/history`)).items),
      this.#disk(key),
    ]);
  }

  /** From the list: it comes with the revision that a change has to name. */
  #one(key: string): Promise<void> {
    return this.#state.fetch('model', key, () => this.#read(key));
  }

  async #read(key: string): Promise<Readonly<{ model: Model; revision: number }>> {
    const { items, revision } = await this.#parts.call<ModelList>('/api/models');
    const model = items.find((one) => one.key === key);
    if (model === undefined) throw new ApiError(NO_MODEL);
    this.#parts.store.set({ models: { value: items, loading: false, problem: null } });
    return { model, revision };
  }

  #disk(key: string): Promise<void> {
    return this.#state.fetch('modelDisk', key, () => this.#parts.call<ModelDiskView>(`${modelPath(key)}/disk`));
  }

  async #save({ model, revision, body }: KnobsChange): Promise<void> {
    const { asker, store } = this.#parts;
    if (store.get().request.busy) return;
    store.set({ request: { busy: true, problem: null } });
    try {
      await this.#put(model, revision, body);
      store.set({ request: { busy: false, problem: null } });
      asker.toast('ok', `Saved. ${this.#isServing(model) ? 'What serves now keeps its flags until it is loaded again.' : ''}`.trim());
      await this.#all(model);
    } catch (error) {
      store.set({ request: { busy: false, problem: problemFrom(error) } });
    }
  }

  /** A change of another entry makes the revision stale too, and is nobody's business here: then it is tried once more. */
  async #put(model: string, revision: number, body: Knobs): Promise<void> {
    const send = (at: number): Promise<Model> =>
      this.#parts.call<Model>(`${modelPath(model)}/knobs`, { method: 'PUT', body, headers: { 'if-match': `"${at}"` } });
    try {
      await send(revision);
    } catch (error) {
      if (problemFrom(error).code !== 'STALE_REVISION') throw error;
      const now = await this.#read(model);
      const before = this.#state.data?.model.value?.model;
      if (before === undefined || !isSame(before, now.model)) {
        this.#state.put({ newer: { model, revision: now.revision } });
        throw error;
      }
      await send(now.revision);
    }
  }

  #isServing(model: string): boolean {
    return (this.#parts.store.get().status?.clusters ?? []).some(({ serving }) => serving === model);
  }

  async #create({ body }: Extract<ModelAction, { kind: 'create_model' }>): Promise<void> {
    const { call, follow, randomKey, store } = this.#parts;
    if (store.get().request.busy) return;
    store.set({ request: { busy: true, problem: null } });
    try {
      const { key } = await call<Model>('/api/models', { ...post(body), headers: { 'idempotency-key': randomKey() } });
      store.set({ request: { busy: false, problem: null } });
      follow({ screen: 'model', id: key });
    } catch (error) {
      store.set({ request: { busy: false, problem: problemFrom(error) } });
    }
  }

  #remove(model: string): void {
    const { asker, call, follow } = this.#parts;
    void asker.fromDialog(
      () => call(modelPath(model), { method: 'DELETE' }),
      () => {
        asker.toast('ok', `${model} is not in the catalog any more. Its weights are still on the disks.`);
        follow({ screen: 'models' });
      },
    );
  }

  #revert({ model, revision }: Extract<ModelAction, { kind: 'revert_model' }>): void {
    const { asker, call } = this.#parts;
    void asker.fromDialog(
      () => call(`${modelPath(model)}/revert`, post({ revision })),
      () => {
        asker.toast('ok', `${model} is as it was in revision ${revision}.`);
        void this.#all(model);
      },
    );
  }

  #begin({ model, cluster }: Readonly<{ model: string; cluster?: string }>, what: 'download' | 'pull-image'): void {
    const { asker, call, follow } = this.#parts;
    const body = cluster === undefined ? {} : { cluster };
    void asker.fromPage(
      `${what}/${model}`,
      () => call<Operation>(`${modelPath(model)}/${what}`, { ...post(body), headers: workHeaders(this.#parts, null) }),
      ({ id }) => follow({ screen: 'operation', id }),
    );
  }

  #deleteWeights({ model, host }: Extract<ModelAction, { kind: 'delete_weights' }>): void {
    const { asker, call } = this.#parts;
    void asker.fromDialog(
      () => call<{ freed_bytes: number }>(`${modelPath(model)}/disk?${new URLSearchParams({ host })}`, { method: 'DELETE' }),
      ({ freed_bytes: freed }) => {
        asker.toast('ok', `${Math.round(freed / 2 ** 30)} GiB freed on ${host}.`);
        void this.#disk(model);
      },
    );
  }
}

const isSame = (a: Model, b: Model): boolean => JSON.stringify([a.flags, a.env]) === JSON.stringify([b.flags, b.env]);

const NO_MODEL = clientProblem('MODEL_NOT_FOUND', 'There is no such model in the catalog.', 'It may have been removed; look at the list.');
