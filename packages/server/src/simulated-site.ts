import { join } from 'node:path';
import {
  type Clock,
  type HostAccess,
  type HostKey,
  type HostMaintenance,
  type Logger,
  SparkError,
  type TrustStore,
} from '@spark-control/core';
import type { SimulatedCluster } from '@spark-control/simulator';
import type { Configuration } from '@spark-control/store-adapter';
import type { SparkControlOptions } from './create-spark-control.ts';
import type { Site } from './site.ts';

type Parts = Readonly<{ controllerId: string; trust: TrustStore; clock: Clock; logger: Logger }>;

/** Collections of the simulated vector store, with their numbers of points: enough to try snapshots on. */
const COLLECTIONS = { documents: 12_480, transcripts: 3_150 };

/** Sparks inside this process, for who has none configured. */
export async function simulatedSite(configuration: Configuration, options: SparkControlOptions, parts: Parts): Promise<Site> {
  const { clock, logger } = parts;
  const { createSimulatedCluster, SimulatedNimHost, SimulatedServiceHost, SimulatedServiceProbe, startFakeQdrant } = await import(
    '@spark-control/simulator'
  );
  const simulations: SimulatedCluster[] = [];
  for (const cluster of configuration.clusters) {
    // Read when it is asked for: the catalog is edited while this runs.
    const sizeOf = (name: string): number | null => sizeIn(configuration, name);
    const stateFile = join(options.dataFolder, `simulated-${cluster.key}.json`);
    simulations.push(await createSimulatedCluster({ cluster, stateFile, sizeOf, ...parts, ...options.simulation }));
  }
  const clusters = simulations.map(({ cluster }) => cluster);
  const { speed = 1 } = options.simulation ?? {};
  const host = new SimulatedServiceHost({ clusters, clock, speed });
  const hasVectors = configuration.services.all().some(({ kind, isDisabled }) => kind === 'qdrant' && !isDisabled);
  const vectors = hasVectors ? await startFakeQdrant({ collections: COLLECTIONS, now: () => clock.now() }) : null;
  return {
    clusters: simulations.map((simulated) => ({
      cluster: simulated.cluster,
      ports: simulated,
      weights: simulated.weights,
      images: simulated.images,
    })),
    access: accessOf(simulations),
    maintenance: maintenanceOf(simulations),
    nim: new SimulatedNimHost({ clusters, clock, speed }),
    services: {
      host,
      probe: (elsewhere, running) => new SimulatedServiceProbe({ host, elsewhere, clock, running }),
      vectorUrl: vectors?.url ?? null,
    },
    isSimulated: true,
    simulations,
    async close() {
      await Promise.all([...simulations.map((simulated) => simulated.close()), vectors?.close()]);
      logger.debug('the simulated Sparks have stopped');
    },
  };
}

function sizeIn({ catalog }: Configuration, name: string): number | null {
  const model = catalog.current().models.find(({ source }) => (source.kind === 'repo' ? source.repo : source.path) === name);
  return model?.weightsBytes ?? null;
}

function of(simulations: readonly SimulatedCluster[], host: HostKey): SimulatedCluster {
  const found = simulations.find(({ cluster }) => cluster.hosts.some(({ key }) => key === host));
  if (found === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no host "${host}".`);
  return found;
}

function accessOf(simulations: readonly SimulatedCluster[]): HostAccess {
  return {
    test: async (host, onStep, signal) => of(simulations, host).access.test(host, onStep, signal),
    presented: async (host, signal) => of(simulations, host).access.presented(host, signal),
    pinned: (host) => of(simulations, host).access.pinned(host),
    pin: async (host, fingerprint, audit) => of(simulations, host).access.pin(host, fingerprint, audit),
  };
}

function maintenanceOf(simulations: readonly SimulatedCluster[]): HostMaintenance {
  return {
    survey: async (host, ...rest) => of(simulations, host).maintenance.survey(host, ...rest),
    hasBegun: async (host, ...rest) => of(simulations, host).maintenance.hasBegun(host, ...rest),
    update: async (host, ...rest) => of(simulations, host).maintenance.update(host, ...rest),
    reboot: async (host, ...rest) => of(simulations, host).maintenance.reboot(host, ...rest),
    condition: async (host, ...rest) => of(simulations, host).maintenance.condition(host, ...rest),
  };
}
