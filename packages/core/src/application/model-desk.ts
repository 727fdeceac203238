import type { Actor } from '../audit/audit-entry.ts';
import { type CatalogSnapshot, findModel, type Model } from '../catalog/model.ts';
import { type ParsedCommand, parseCommand } from '../catalog/parse-command.ts';
import { type Issue, SparkError } from '../errors.ts';
import type { ModelKey } from '../ids.ts';
import type { CatalogRevision, EntryPatch } from '../ports/catalog-editor.ts';
import { isSettled } from '../swap/swap.ts';
import { localPathFindings } from './local-path-check.ts';
import type { EditedModel, ModelDesk, ModelDeskDeps } from './model-api.ts';
import { notFound } from './not-found.ts';
import { servingNow } from './serving-now.ts';
import { clustersOf, modelOf } from './storage-target.ts';

/** `POST /api/models/parse-command` stands where a key would. */
const NO_KEYS: readonly string[] = ['parse-command'];

export function createModelDesk(deps: ModelDeskDeps): ModelDesk {
  return new Desk(deps);
}

class Desk implements ModelDesk {
  readonly #deps: ModelDeskDeps;

  constructor(deps: ModelDeskDeps) {
    this.#deps = deps;
  }

  get(key: ModelKey): Model {
    return modelOf(this.#deps, key);
  }

  async create(key: ModelKey, entry: EntryPatch, expected: number | null, actor: Actor, signal: AbortSignal): Promise<EditedModel> {
    if (NO_KEYS.includes(key))
      throw invalid([{ path: '/key', code: 'bad_key', message: `${key} is taken by a path of the API; choose another key.` }]);
    this.#refuseStale(expected);
    const notes = await this.#pathNotes(null, entry, signal);
    return this.#edited(key, await this.#deps.editor.apply({ kind: 'create', key, entry }, expected, actor), notes);
  }

  async change(key: ModelKey, entry: EntryPatch, expected: number | null, actor: Actor, signal: AbortSignal): Promise<EditedModel> {
    const model = this.get(key);
    this.#refuseStale(expected);
    const notes = await this.#pathNotes(model, entry, signal);
    return this.#edited(key, await this.#deps.editor.apply({ kind: 'patch', key, entry }, expected, actor), notes);
  }

  async setKnobs(key: ModelKey, flags: EntryPatch, env: EntryPatch | null, expected: number | null, actor: Actor): Promise<EditedModel> {
    return this.#edited(key, await this.#deps.editor.apply({ kind: 'knobs', key, flags, env }, expected, actor), []);
  }

  async revert(key: ModelKey, revision: number, expected: number | null, actor: Actor): Promise<EditedModel> {
    return this.#edited(key, await this.#deps.editor.apply({ kind: 'revert', key, revision }, expected, actor), []);
  }

  async remove(key: ModelKey, expected: number | null, actor: Actor): Promise<CatalogSnapshot> {
    this.get(key);
    const use = (await this.#servedOn(key)).map((cluster) => `It serves on cluster ${cluster}.`)[0] ?? (await this.#swapTo(key));
    if (use !== null) throw new SparkError('MODEL_IN_USE', `Model ${key} cannot be removed. ${use}`);
    return await this.#deps.editor.apply({ kind: 'remove', key }, expected, actor);
  }

  async history(key: ModelKey, limit: number): Promise<readonly CatalogRevision[]> {
    const revisions = await this.#deps.editor.history(key, limit);
    if (revisions.length === 0) this.get(key);
    return revisions;
  }

  parse(command: string): ParsedCommand {
    const parsed = parseCommand(command);
    if ('problem' in parsed) throw invalid([{ path: '/command', code: 'not_understood', message: parsed.problem }]);
    if (findModel(this.#deps.core.catalog(), parsed.key) === null) return parsed;
    const message = `There is a model ${parsed.key} already: choose another key, or change that one.`;
    return { ...parsed, issues: [...parsed.issues, { path: '/key', code: 'duplicate', message }] };
  }

  /** Before the hosts are asked, which takes a while; whoever writes looks again. */
  #refuseStale(expected: number | null): void {
    const { revision } = this.#deps.core.catalog();
    if (expected === null || expected === revision) return;
    throw new SparkError('STALE_REVISION', `The catalog is at revision ${revision} and this change was made from revision ${expected}.`);
  }

  /** Looks for the local path where the change may have put it, or the model. @throws {SparkError} INVALID_REQUEST at `/local_path` */
  async #pathNotes(before: Model | null, entry: EntryPatch, signal: AbortSignal): Promise<readonly string[]> {
    const isConcerned = ['local_path', 'nodes', 'clusters'].some((field) => entry[field] != null);
    const path = entry['local_path'] ?? (entry['repo'] == null && before?.source.kind === 'local_path' ? before.source.path : null);
    if (!isConcerned || typeof path !== 'string') return [];
    const nodes = entry['nodes'] ?? before?.nodes ?? 1;
    const clusters = entry['clusters'] ?? before?.clusters ?? [];
    // What is no list or no number the check of the entry refuses in better words.
    if (typeof nodes !== 'number' || !Array.isArray(clusters)) return [];
    const suitable = clustersOf(this.#deps, { clusters, nodes });
    const { issues, notes } = await localPathFindings(this.#deps, path, suitable, nodes, signal);
    if (issues.length > 0) throw invalid(issues);
    return notes;
  }

  async #edited(key: ModelKey, catalog: CatalogSnapshot, notes: readonly string[]): Promise<EditedModel> {
    const model = findModel(catalog, key);
    if (model === null) throw notFound('MODEL_NOT_FOUND', key);
    const { clusters } = this.#deps.core;
    const unknown = model.clusters.filter((name) => !clusters.some((cluster) => cluster.key === name));
    const hasPlace = clustersOf(this.#deps, model).length > 0;
    return {
      model,
      catalog,
      notes: [
        ...notes,
        ...unknown.map((name) => `There is no cluster ${name}.`),
        ...(hasPlace
          ? []
          : [`No cluster can run it: it needs ${model.nodes} hosts${model.clusters.length > 0 ? ' on one of its clusters' : ''}.`]),
        ...(await this.#servedOn(key)).map(
          (name) => `It serves on cluster ${name} as it was started: the change takes effect at its next swap.`,
        ),
      ],
    };
  }

  async #servedOn(key: ModelKey): Promise<readonly string[]> {
    const { core } = this.#deps;
    const clusters: string[] = [];
    for (const view of core.views()) {
      const serving = await servingNow(core, view);
      if (serving.kind === 'model' && serving.model === key) clusters.push(view.cluster);
    }
    return clusters;
  }

  async #swapTo(key: ModelKey): Promise<string | null> {
    for (const { cluster, activeSwap, queued } of this.#deps.core.views()) {
      for (const id of activeSwap === null ? queued : [activeSwap, ...queued]) {
        const swap = await this.#deps.core.swap(id);
        if (swap !== null && !isSettled(swap) && swap.target === key) return `The swap ${id} on cluster ${cluster} goes to it.`;
      }
    }
    return null;
  }
}

function invalid(issues: readonly Issue[]): SparkError {
  return new SparkError('INVALID_REQUEST', issues.map(({ message }) => message).join(' '), { details: { issues } });
}
