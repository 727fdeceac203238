import type { EnvValue } from '../catalog/model.ts';
import type { ClusterKey, HostKey, ModelKey, SwapId } from '../ids.ts';

/**
 * What to run, independent of the launcher and free of secrets, so that it can be journalled: a rollback starts what
 * *was* running, not what the catalog says by then.
 */
export type LaunchPlan = Readonly<{
  model: ModelKey;
  servedModelName: string;
  image: string;
  /** Words after `vllm serve`; the first is the repo or the path. Without host, port and tensor parallelism. */
  args: readonly string[];
  env: Readonly<Record<string, EnvValue>>;
  /** Folders bound into the container at the same path, read-only. */
  mounts: readonly string[];
  /** Hosts of the cluster that take part, head first. */
  nodes: readonly HostKey[];
  port: number;
  container: string;
  weightsBytes: number | null;
  /** Digest of all the above: whether a running container is what the catalog asks for. */
  digest: string;
}>;

/** Proof of authority over a cluster, as written in its fence file on every host. */
export type Claim = Readonly<{
  cluster: ClusterKey;
  /** Rises with every claim on a cluster, over all controllers. */
  fence: number;
  /** Id of this control plane's data folder. */
  controller: string;
  swap: SwapId;
}>;

/** Labels of every container we start. The value of each is a word without blanks or quotes: it passes through unquoted places. */
export const LABELS = {
  cluster: 'spark-control.cluster',
  model: 'spark-control.model',
  swap: 'spark-control.swap',
  fence: 'spark-control.fence',
  controller: 'spark-control.controller',
  digest: 'spark-control.digest',
} as const;

export function labelsOf(plan: LaunchPlan, claim: Claim): Readonly<Record<string, string>> {
  return {
    [LABELS.cluster]: claim.cluster,
    [LABELS.model]: plan.model,
    [LABELS.swap]: claim.swap,
    [LABELS.fence]: String(claim.fence),
    [LABELS.controller]: claim.controller,
    [LABELS.digest]: plan.digest,
  };
}
