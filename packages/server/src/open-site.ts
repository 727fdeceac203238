import type { Clock, Logger, TrustStore } from '@spark-control/core';
import type { FakeVllmProfile } from '@spark-control/simulator';
import type { Configuration } from '@spark-control/store-adapter';
import type { SparkControlOptions } from './create-spark-control.ts';
import { simulatedSite } from './simulated-site.ts';
import type { Site } from './site.ts';
import { sshSite } from './ssh-site.ts';

export type SimulationOptions = Readonly<{
  /** Simulated seconds in one second. Default 1. */
  speed?: number;
  /** How models behave, by key or served name. What is left out follows from the size of the weights. */
  profiles?: Readonly<Record<string, Partial<FakeVllmProfile>>>;
}>;

type Parts = Readonly<{ controllerId: string; trust: TrustStore; clock: Clock; logger: Logger }>;

/** Gives every cluster its ports: the embedder's own, simulated ones, or real hosts over SSH. */
export async function openSite(configuration: Configuration, options: SparkControlOptions, parts: Parts): Promise<Site> {
  const own = options.clusters;
  if (own === undefined)
    return configuration.simulated ? simulatedSite(configuration, options, parts) : sshSite(configuration, options, parts);
  return {
    clusters: typeof own === 'function' ? await own(parts.controllerId) : own,
    access: null,
    maintenance: null,
    nim: null,
    services: { host: null, probe: (real) => real, vectorUrl: null },
    isSimulated: false,
    simulations: [],
    close: async () => undefined,
  };
}
