import type { ClusterKey, ModelKey } from '../ids.ts';

/** Value of a vLLM flag: `true` is the bare flag, `false` its `--no-` form, a list repeats words after the flag, an object is passed as JSON. */
export type FlagValue = string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>;

/** A literal value, or the name of a variable in the control plane's own environment, read only at launch and never stored. */
export type EnvValue = Readonly<{ kind: 'literal'; value: string } | { kind: 'secret'; name: string }>;

export type ModelSource = Readonly<{ kind: 'repo'; repo: string; revision: string | null } | { kind: 'local_path'; path: string }>;

/** One entry of the catalog, checked and with defaults filled in. */
export type Model = Readonly<{
  key: ModelKey;
  name: string;
  description: string | null;
  source: ModelSource;
  /** Name that clients send as `model`. Default: the key. */
  servedModelName: string;
  /** Image other than the cluster's. */
  image: string | null;
  /** How many hosts of the cluster it spans (`-tp`). */
  nodes: number;
  /** Size of the weights in bytes, where known: for deadlines and the simulator. */
  weightsBytes: number | null;
  /** Long vLLM flags without the dashes. */
  flags: Readonly<Record<string, FlagValue>>;
  /** Words appended as they are, for flags this version does not know. */
  extraArgs: readonly string[];
  env: Readonly<Record<string, EnvValue>>;
  /** Clusters it may run on; empty: all. */
  clusters: readonly ClusterKey[];
  /** Where the entry comes from. */
  origin: 'catalog' | 'override' | 'custom';
}>;

/** An immutable catalog. `revision` rises with every change and is the ETag. */
export type CatalogSnapshot = Readonly<{
  revision: number;
  models: readonly Model[];
  /** Set when the files on disk are broken and this is the last good snapshot. */
  fault: string | null;
}>;

export const findModel = (catalog: CatalogSnapshot, key: string): Model | null => catalog.models.find((model) => model.key === key) ?? null;
