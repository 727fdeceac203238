import type { ClusterKey, ModelKey } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ModelActivity } from '../ports/model-activity.ts';
import type { DefaultModelRule, Occasion } from '../schedule/default-model.ts';
import type { SparkCore } from './core-api.ts';
import { DefaultModelWatch } from './default-model-watch.ts';

export type DefaultModelDeps = Readonly<{
  core: SparkCore;
  /** At most one for each cluster; clusters without one are left as they are. */
  rules: readonly DefaultModelRule[];
  activity: ModelActivity;
  clock: Clock;
  logger: Logger;
  /** How often a cluster is looked at, ms. Default 1,000. */
  lookEveryMs?: number;
}>;

/** `nextTryAt`: wall time, ms; the lock may put it off. */
export type DefaultModelStatus = Readonly<{
  cluster: ClusterKey;
  model: ModelKey;
  pending: Readonly<{ occasion: Occasion; failedTries: number; nextTryAt: number }> | null;
  /** Every try of the last occasion has failed; it is left alone until the next one. */
  hasGivenUp: boolean;
}>;

export type DefaultModels = Readonly<{
  start(): Promise<void>;
  /** Stops looking; a swap that was asked for goes on. */
  close(): Promise<void>;
  status(): readonly DefaultModelStatus[];
}>;

/** Brings the default model of each cluster back, as far as its rule says and the lock allows. */
export function createDefaultModels({ rules, ...deps }: DefaultModelDeps): DefaultModels {
  const known = rules.filter(({ cluster }) => deps.core.clusters.some(({ key }) => key === cluster));
  const watches = known.map((rule) => new DefaultModelWatch(rule, deps));
  return {
    start: async () => void (await Promise.all(watches.map((watch) => watch.start()))),
    close: async () => void (await Promise.all(watches.map((watch) => watch.close()))),
    status: () => watches.map((watch) => watch.status()),
  };
}
