import {
  type Automation,
  type ClusterKey,
  createAutomationDesk,
  createDefaultModels,
  createHostDesk,
  createMaintenanceDesk,
  createModelDesk,
  createNimDesk,
  createOperationDesk,
  createScheduleDesk,
  createServiceDesk,
  createStorageDesk,
  createVectorDesk,
  createWebhookDesk,
  type OperationDesk,
  type SecretSource,
  type ServiceDesk,
  type SparkCore,
  upcomingConflicts,
} from '@spark-control/core';
import {
  type AppDeps,
  type HttpModelEndpoint,
  HttpServiceProbe,
  HttpVectorAdmin,
  HttpWebhookSender,
  type Listener,
} from '@spark-control/http-adapter';
import { type Configuration, FilePatchSource, type Store, YamlCatalogEditor } from '@spark-control/store-adapter';
import { CronerCalendar } from './croner-calendar.ts';
import type { Tools } from './open-core.ts';
import { baseUrlFor, runningIds, sideServicesOf } from './service-places.ts';
import { byCluster, type Site } from './site.ts';
import { VERSION } from './version.ts';

/** So far ahead a pre-flight warns of what others plan: longer than a load takes, shorter than a night. */
const AHEAD_MS = 2 * 3_600_000;

/** The desks that the routes speak to. */
type AppDesks = Pick<
  AppDeps,
  'models' | 'storage' | 'hosts' | 'maintenance' | 'vectors' | 'nim' | 'webhooks' | 'schedules' | 'automations'
> &
  Readonly<{ operations: OperationDesk; services: ServiceDesk }>;

export type Desks = Readonly<{
  app: AppDesks;
  /** What others plan on a cluster within the next hours, one sentence each. */
  upcoming(cluster: ClusterKey): Promise<readonly string[]>;
  /** Begins to send and to fire. The core has started by then. */
  start(): Promise<void>;
  close(): Promise<void>;
}>;

export type DeskParts = Readonly<{
  configuration: Configuration;
  core: SparkCore;
  store: Store;
  site: Site;
  endpoint: HttpModelEndpoint;
  tools: Tools;
  listeners: () => readonly Listener[];
  env: Readonly<Record<string, string | undefined>>;
}>;

/** What stands around the core: who is told, what others plan, what is done by the clock, and long work. */
export function openDesks(parts: DeskParts): Desks {
  const { configuration, core, store, endpoint, tools, listeners, env } = parts;
  const { record } = store;
  // Before the others: they say who does which work.
  const operations = createOperationDesk({ store: store.operations, isSimulated: core.isSimulated, ...tools });
  const calendar = new CronerCalendar();
  const webhooks = createWebhookDesk({
    store: store.webhooks,
    outbox: store.outbox,
    sender: new HttpWebhookSender({ ...tools, version: VERSION, listeners }),
    random: Math.random,
    subscribe: (listener) => core.subscribe(listener),
    ...tools,
  });
  const services = openServices(parts, operations);
  const vectors = createVectorDesk({
    operations,
    admin: new HttpVectorAdmin({
      services: configuration.services,
      baseUrlOf: baseUrlFor(core.clusters, parts.site.services.vectorUrl),
      secrets: secretsOf(env),
    }),
    services: configuration.services,
    record,
    ...tools,
  });
  const beside = { core, calendar, endpoint, services: services.control, vectors, ...tools };
  const automations = createAutomationDesk({ store: store.automations, ...beside });
  const defaults = createDefaultModels({ core, rules: configuration.defaultModels, activity: endpoint, ...tools });
  const planned = (): Promise<readonly Automation[]> => store.automations.list();
  const schedules = createScheduleDesk({ store: store.schedules, calendar, core, automations: planned, ...tools });
  const onHosts = openHostDesks(parts, operations, services);
  return {
    app: { operations, webhooks, schedules, automations, services, vectors, ...onHosts },
    async upcoming(cluster) {
      const now = tools.clock.now();
      const until = now + AHEAD_MS;
      const { occurrences } = await schedules.calendar({ start: now, end: until }, cluster);
      return upcomingConflicts(occurrences, cluster, now, until).map(({ detail }) => detail);
    },
    async start() {
      await webhooks.ensureConfigured(env['SWAP_WEBHOOK_URL'] || null, env['SWAP_WEBHOOK_SECRET'] || null);
      await webhooks.start();
      // Before what swaps by itself: an update that is taken up again wants its lock first.
      await operations.start();
      await automations.start();
      await defaults.start();
      services.start();
    },
    async close() {
      await onHosts.storage.close(); // it looks at hosts by itself
      await operations.close();
      await Promise.all([defaults.close(), automations.close(), services.close()]); // each may wait for a look at a host that hangs
      await webhooks.close();
    },
  };
}

const secretsOf = (env: DeskParts['env']): SecretSource => ({ read: (name) => env[name] ?? null });

function openServices({ configuration, core, store, site, endpoint, tools, env }: DeskParts, operations: OperationDesk): ServiceDesk {
  const { host, probe } = site.services;
  const real = new HttpServiceProbe({ secrets: secretsOf(env), clock: tools.clock });
  return createServiceDesk({
    core,
    operations,
    registry: configuration.services,
    host,
    probe: probe(real, () => runningIds(core)),
    patchSource: new FilePatchSource(),
    endpoint,
    record: store.record,
    ...tools,
  });
}

/** What is done to models on the hosts, and to the hosts themselves. */
function openHostDesks({ configuration, core, store, site, tools, env }: DeskParts, operations: OperationDesk, services: ServiceDesk) {
  const weights = byCluster(site, (cluster) => cluster.weights);
  const images = byCluster(site, (cluster) => cluster.images);
  const fences = byCluster(site, ({ ports }) => ports.fence);
  const secrets = secretsOf(env);
  const editor = new YamlCatalogEditor({ catalog: configuration.catalog, ledger: store.catalogHistory });
  const { access, maintenance, nim } = site;
  return {
    models: createModelDesk({ core, editor, weights, clock: tools.clock }),
    storage: createStorageDesk({ core, operations, weights, images, secrets, record: store.record, ...tools }),
    maintenance: createMaintenanceDesk({
      core,
      operations,
      maintenance,
      fenceOf: (cluster) => {
        const fence = fences.get(cluster);
        if (fence === undefined) throw new RangeError(`cluster ${cluster} has no fence`);
        return fence;
      },
      controllerId: store.controllerId,
      sideServices: sideServicesOf(core.clusters, configuration.services, services.control),
      ...tools,
    }),
    ...(access === null ? {} : { hosts: createHostDesk({ core, access, clock: tools.clock }) }),
    ...(nim === null ? {} : { nim: createNimDesk({ core, operations, nim, registry: configuration.services, secrets, ...tools }) }),
  };
}
