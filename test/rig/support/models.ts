import { buildPlan, type Cluster, type LaunchPlan, type Model, modelKey } from '@spark-control/core';

/** An entry of the catalog with nothing special about it. Its repository is `org/<key>`. */
export const aModel = (key: string, over: Partial<Model> = {}): Model => ({
  key: modelKey(key),
  name: key,
  description: null,
  source: { kind: 'repo', repo: `org/${key}`, revision: null },
  servedModelName: key,
  image: null,
  nodes: 1,
  weightsBytes: null,
  flags: {},
  extraArgs: [],
  env: {},
  clusters: [],
  origin: 'catalog',
  ...over,
});

/** How a plan of {@link aModel} comes about, over as many hosts as the cluster has unless told otherwise. */
export const aPlanFor = (cluster: Cluster, key: string, over: Partial<Model> = {}): LaunchPlan =>
  buildPlan(aModel(key, { nodes: cluster.hosts.length, ...over }), cluster);
