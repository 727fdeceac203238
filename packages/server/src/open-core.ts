import { type Clock, type CoreDeps, createCore, type Ids, type Logger, type SparkCore, type Tokens } from '@spark-control/core';
import type { HttpModelEndpoint } from '@spark-control/http-adapter';
import type { Configuration, Store } from '@spark-control/store-adapter';
import type { SparkControlOptions } from './create-spark-control.ts';
import type { Site } from './site.ts';

/** What every part is given. */
export type Tools = Readonly<{ clock: Clock; logger: Logger; ids: Ids; tokens: Tokens }>;

export type CoreParts = Readonly<{
  configuration: Configuration;
  store: Store;
  site: Site;
  endpoint: HttpModelEndpoint;
  planned: NonNullable<CoreDeps['planned']>;
  tools: Tools;
}>;

/** The core over a site. It is not started yet. */
export function openCore(options: SparkControlOptions, { configuration, store, site, endpoint, planned, tools }: CoreParts): SparkCore {
  const env = options.env ?? {};
  return createCore({
    clusters: site.clusters,
    catalog: configuration.catalog,
    journal: store.journal,
    events: store.events,
    fences: store.fences,
    leases: store.leases,
    memoryRecords: store.memoryRecords,
    planned,
    ...tools,
    endpoint,
    // Simulated Sparks ask for no real token, so that every model of the catalog can be tried.
    secrets: { read: (name) => env[name] ?? (site.isSimulated ? 'simulated' : null) },
    controllerId: store.controllerId,
    isSimulated: site.isSimulated,
    deadlines: configuration.deadlines,
    observeEveryMs: configuration.polls.observeMs,
    telemetryEveryMs: configuration.polls.telemetryMs,
    storeHealth: () => store.health(),
    ...(options.failpoint === undefined ? {} : { failpoint: options.failpoint }),
  });
}
