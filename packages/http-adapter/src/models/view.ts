import { type Cluster, type LoadEstimate, type Model, maskedWords, type SparkCore, type StorageDesk } from '@spark-control/core';
import type { WireModel, WireModelSummary } from '@spark-control/schema';
import { maskedEnv, maskedFlags } from './mask.ts';
import { knownDiskView } from './storage-view.ts';

type ModelState = WireModelSummary['state'];
const BADGES: Readonly<Record<Model['origin'], string | null>> = { catalog: null, override: 'edited', custom: 'custom' };

/** All models of the catalog, for the overview. */
export async function modelSummaries(core: SparkCore): Promise<readonly WireModelSummary[]> {
  const loading = await loadingModels(core);
  return Promise.all(core.catalog().models.map((model) => summary(core, model, loading)));
}

/** All models of the catalog, whole. */
export async function modelViews(core: SparkCore, storage: StorageDesk | null): Promise<readonly WireModel[]> {
  const loading = await loadingModels(core);
  return Promise.all(core.catalog().models.map((model) => wholeView(core, storage, model, loading)));
}

/** One model, whole. */
export async function modelViewOf(core: SparkCore, storage: StorageDesk | null, model: Model): Promise<WireModel> {
  return await wholeView(core, storage, model, await loadingModels(core));
}

async function wholeView(core: SparkCore, storage: StorageDesk | null, model: Model, loading: ReadonlySet<string>): Promise<WireModel> {
  return {
    ...modelView(core, model, await summary(core, model, loading), await core.fits(model.key)),
    disk: storage === null ? [] : knownDiskView(storage.knownDisk(model.key)),
  };
}

async function summary(core: SparkCore, model: Model, loading: ReadonlySet<string>): Promise<WireModelSummary> {
  const clusters = clustersOf(core, model);
  const first = clusters[0];
  const estimate = first === undefined ? null : await core.estimate(first.key, model.key);
  return {
    key: model.key,
    name: model.name,
    description: model.description,
    source: model.origin,
    badge: BADGES[model.origin],
    state: stateOf(core, model, loading),
    nodes: model.nodes,
    weights_bytes: model.weightsBytes,
    clusters: clusters.map(({ key }) => key),
    load_seconds: loadSeconds(estimate),
  };
}

function modelView(core: SparkCore, model: Model, base: WireModelSummary, fits: boolean | null): Omit<WireModel, 'disk'> {
  const first = clustersOf(core, model)[0];
  const { source } = model;
  return {
    ...base,
    repo: source.kind === 'repo' ? source.repo : null,
    revision: source.kind === 'repo' ? source.revision : null,
    local_path: source.kind === 'local_path' ? source.path : null,
    launcher: first?.launcher ?? null,
    image: model.image ?? first?.image ?? null,
    served_model_name: model.servedModelName,
    flags: maskedFlags(model.flags),
    extra_args: [...maskedWords(model.extraArgs)],
    env: maskedEnv(model.env),
    fits,
  };
}

/** Clusters a model may run on and has enough hosts for. */
function clustersOf({ clusters }: SparkCore, model: Model): readonly Cluster[] {
  return clusters.filter(({ key, hosts }) => (model.clusters.length === 0 || model.clusters.includes(key)) && hosts.length >= model.nodes);
}

const loadSeconds = (estimate: LoadEstimate | null): WireModelSummary['load_seconds'] => ({
  p50: estimate?.p50Seconds ?? null,
  p90: estimate?.p90Seconds ?? null,
  samples: estimate?.samples ?? 0,
});

/** Targets of the running swaps. */
async function loadingModels(core: SparkCore): Promise<ReadonlySet<string>> {
  const active = core.views().flatMap(({ activeSwap }) => (activeSwap === null ? [] : [activeSwap]));
  const swaps = await Promise.all(active.map((id) => core.swap(id)));
  return new Set(swaps.flatMap((swap) => (swap?.target ? [swap.target] : [])));
}

function stateOf(core: SparkCore, { key }: Model, loading: ReadonlySet<string>): ModelState {
  const serves = core.views().some(({ serving, runtime, isHealthy }) => {
    return serving.kind === 'model' && serving.model === key && runtime === 'running' && isHealthy;
  });
  if (serves) return 'loaded';
  return loading.has(key) ? 'loading' : 'unloaded';
}
