import { ApiError, clientProblem, problemFrom } from '../transport.ts';
import type { Model, ModelDiskView, ModelHistory, ModelList, Operation, ParsedCommand, VllmFlagList } from '../wire.ts';
import type { ManageDesk, ManageParts } from './contract.ts';
import type { ManageStore } from './fetcher.ts';
import { post, workHeaders } from './own-lock.ts';
import { modelPath } from './paths.ts';
import type { KnobsChange, ManageAction, ModelAction } from './state.ts';

/** The entries of the catalog: their knobs, their history, their weights. */
export class ModelDesk implements ManageDesk {
  readonly #parts: ManageParts;
  readonly #state: ManageStore;

  constructor(parts: ManageParts, state: ManageStore) {
    this.#parts = parts;
    this.#state = state;
  }

  async load(isWanted: boolean): Promise<void> {
    const { route } = this.#parts.store.get();
    const { call } = this.#parts;
    if (route.screen !== 'model') return;
    // Flags do not change while the server runs; the rest is fetched again when the reader comes or asks, since the form is edited meanwhile.
    if (this.#state.data?.flags.value == null) {
      void this.#state.fetch('flags', 'all', async () => (await call<VllmFlagList>('/api/vllm-flags')).items);
    }
    if (isWanted || this.#state.data?.model.of !== route.id) await this.#all(route.id);
  }

  async more(): Promise<void> {}

  onEvent(): void {}

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
        this.#begin(action.model, 'download');
        return;
      case 'pull_image':
        this.#begin(action.model, 'pull-image');
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
    await Promise.all([
      this.#one(key),
      this.#state.fetch('modelHistory', key, async () => (await call<ModelHistory>(`${modelPath(key)}/history`)).items),
      this.#disk(key),
    ]);
  }

  /** From the list: it comes with the revision that a change has to name. */
  #one(key: string): Promise<void> {
    return this.#state.fetch('model', key, async () => {
      const { items, revision } = await this.#parts.call<ModelList>('/api/models');
      const model = items.find((one) => one.key === key);
      if (model === undefined) throw new ApiError(NO_MODEL);
      this.#parts.store.set({ models: { value: items, loading: false, problem: null } });
      return { model, revision };
    });
  }

  #disk(key: string): Promise<void> {
    return this.#state.fetch('modelDisk', key, () => this.#parts.call<ModelDiskView>(`${modelPath(key)}/disk`));
  }

  async #save({ model, revision, body }: KnobsChange): Promise<void> {
    const { asker, call, store } = this.#parts;
    store.set({ request: { busy: true, problem: null } });
    try {
      await call<Model>(`${modelPath(model)}/knobs`, { method: 'PUT', body, headers: { 'if-match': `"${revision}"` } });
      store.set({ request: { busy: false, problem: null } });
      asker.toast('ok', `Saved. ${this.#isServing(model) ? 'What serves now keeps its flags until it is loaded again.' : ''}`.trim());
      await this.#all(model);
    } catch (error) {
      store.set({ request: { busy: false, problem: problemFrom(error) } });
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

  #begin(model: string, what: 'download' | 'pull-image'): void {
    const { asker, call, follow } = this.#parts;
    void asker.fromPage(
      `${what}/${model}`,
      () => call<Operation>(`${modelPath(model)}/${what}`, { ...post({}), headers: workHeaders(this.#parts, null) }),
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

const NO_MODEL = clientProblem('MODEL_NOT_FOUND', 'There is no such model in the catalog.', 'It may have been removed; look at the list.');
