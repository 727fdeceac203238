import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AutomationDesk,
  type Clock,
  type Cluster,
  type ClusterPorts,
  type CoreDeps,
  createCore,
  type Ids,
  type Logger,
  type OperationDesk,
  type ScheduleDesk,
  type ServiceDesk,
  type SettingsDesk,
  type SparkCore,
  silentLogger,
  type Tokens,
  type WebhookDesk,
} from '@spark-control/core';
import { createApp, HttpModelEndpoint, HttpServiceProbe, type Listener, type SparkApp } from '@spark-control/http-adapter';
import {
  type Configuration,
  FilePatchSource,
  loadConfiguration,
  openStore,
  type ServerSettings,
  type Store,
  YamlSettings,
} from '@spark-control/store-adapter';
import { defaultConfigFolder } from './default-config.ts';
import { type JoinedClusters, joinClusters, type SimulationOptions } from './join-clusters.ts';
import { type Desks, openDesks } from './open-desks.ts';
import { RandomTokens } from './random-tokens.ts';
import { SortableIds } from './sortable-ids.ts';
import { SystemClock } from './system-clock.ts';
import { VERSION } from './version.ts';

export type OwnCluster = Readonly<{ cluster: Cluster; ports: ClusterPorts }>;

export type SparkControlOptions = Readonly<{
  /** Folder of the state; made when missing, one instance at a time. */
  dataFolder: string;
  /** Folder of models.yaml, services.yaml and spark.yaml. It need not exist. Default: the models and services that come with the package, and no host. */
  configFolder?: string;
  /** Environment variables that configure it. Default: none, so that an embedder's own environment does not leak in. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Default: silent. */
  logger?: Logger;
  /** Folder of the built dashboard; `null`: none. Default: the one that comes with the package, when it is built. */
  webRoot?: string | null;
  /** Default: the machine's clock. */
  clock?: Clock;
  /** Default: sortable ids of the clock. */
  ids?: Ids;
  /**
   * Clusters with ports of your own, in place of those that the configuration names. As a function it is told the id of the
   * data folder, which a fence and the labels of containers have to carry.
   */
  clusters?: readonly OwnCluster[] | ((controllerId: string) => readonly OwnCluster[] | Promise<readonly OwnCluster[]>);
  /** How the simulated Sparks behave, when there are no others. */
  simulation?: SimulationOptions;
  /** For tests of recovery: called at named points of a swap. */
  failpoint?: ((name: string) => void) | undefined;
}>;

/** A running Spark Control. Several may live in one process; nothing is global. */
export type SparkControl = Readonly<{
  core: SparkCore;
  webhooks: WebhookDesk;
  schedules: ScheduleDesk;
  automations: AutomationDesk;
  operations: OperationDesk;
  services: ServiceDesk;
  /** Tells where the app is served, so that no webhook calls it. `listen` does so; who listens by other means should too. */
  listensOn(host: string, port: number): void;
  /** The Express app, as what embedders need of it. It does not listen; mount it or give it to `http.createServer`. */
  app: RequestListener;
  settings: ServerSettings;
  /** Oddities of the configuration, as sentences. */
  warnings: readonly string[];
  isSimulated: boolean;
  /** The simulated Sparks, for faults on demand; empty when real hosts are configured. */
  simulations: JoinedClusters['simulations'];
  /** Ends the streams of all clients, as the first step of a graceful stop. */
  closeStreams(): void;
  /** Stops. A running swap stays in the journal and goes on at the next start. Leaves no timer, socket or file open. */
  close(): Promise<void>;
}>;

/**
 * Builds Spark Control from a configuration and starts it.
 * Rejects INVALID_SETTINGS or INVALID_CATALOG (with `details.issues`), STORE_IN_USE, STORE_NEWER or STORE_UNAVAILABLE; nothing is left open then.
 */
export async function createSparkControl(options: SparkControlOptions): Promise<SparkControl> {
  const { logger = silentLogger, clock = new SystemClock(), env = {} } = options;
  const undo: (() => unknown)[] = [];
  try {
    const source = { folder: resolve(options.configFolder ?? defaultConfigFolder()), env, dataFolder: resolve(options.dataFolder) };
    const configuration = loadConfiguration({ ...source, logger });
    undo.push(() => configuration.catalog.dispose());
    undo.push(() => configuration.services.dispose());
    const store = await openStore({ folder: options.dataFolder, clock, logger });
    undo.push(() => store.close());
    const joined = await joinClusters(configuration, store.controllerId, options, { clock, logger });
    undo.push(() => joined.close());
    const endpoint = new HttpModelEndpoint();
    undo.push(() => endpoint.close());
    const tools = { clock, logger, ids: options.ids ?? new SortableIds(clock), tokens: new RandomTokens() };
    const upcoming: { of: CoreDeps['planned'] } = { of: undefined };
    const planned: CoreDeps['planned'] = async (cluster) => (await upcoming.of?.(cluster)) ?? [];
    const core = coreOf(options, { configuration, store, joined, endpoint, planned, ...tools });
    undo.push(() => core.close());
    const listeners: Listener[] = [{ host: configuration.server.host, port: configuration.server.port }];
    const { defaultModels } = configuration;
    const services = servicesOf(core, joined, configuration, env, clock);
    const desks = openDesks({ core, store, endpoint, services, defaultModels, env, listeners: () => listeners, ...tools });
    upcoming.of = desks.upcoming;
    await core.start();
    undo.push(() => desks.close());
    await desks.start();
    const settings = new YamlSettings({
      source,
      record: store.record,
      clock,
      warnings: configuration.warnings,
      readOnly: shippedFolder(options),
    });
    const web = appOf(options, core, { ...desks, settings }, configuration, store, tools);
    undo.push(() => web.closeStreams());
    let closing: Promise<void> | null = null;
    return {
      core,
      webhooks: desks.webhooks,
      schedules: desks.schedules,
      automations: desks.automations,
      operations: desks.operations,
      services: desks.services,
      app: web.app,
      listensOn: (host, port) => void listeners.push({ host, port }),
      settings: configuration.server,
      warnings: configuration.warnings,
      isSimulated: joined.isSimulated,
      simulations: joined.simulations,
      closeStreams: () => web.closeStreams(),
      close: () => {
        closing ??= unwind(undo);
        return closing;
      },
    };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

type Tools = Readonly<{ clock: Clock; logger: Logger; ids: Ids; tokens: Tokens }>;
type Parts = Tools &
  Readonly<{
    configuration: Configuration;
    store: Store;
    joined: JoinedClusters;
    endpoint: HttpModelEndpoint;
    planned: NonNullable<CoreDeps['planned']>;
  }>;

function coreOf(options: SparkControlOptions, parts: Parts): SparkCore {
  const { configuration, store, joined, endpoint, planned, ...tools } = parts;
  const env = options.env ?? {};
  return createCore({
    clusters: joined.clusters,
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
    secrets: { read: (name) => env[name] ?? (joined.isSimulated ? 'simulated' : null) },
    controllerId: store.controllerId,
    isSimulated: joined.isSimulated,
    deadlines: configuration.deadlines,
    observeEveryMs: configuration.polls.observeMs,
    telemetryEveryMs: configuration.polls.telemetryMs,
    storeHealth: () => store.health(),
    ...(options.failpoint === undefined ? {} : { failpoint: options.failpoint }),
  });
}

function appOf(
  options: SparkControlOptions,
  core: SparkCore,
  { webhooks, schedules, automations, operations, services, settings }: Desks & Readonly<{ settings: SettingsDesk }>,
  { server }: Configuration,
  store: Store,
  tools: Tools,
): SparkApp {
  return createApp({
    core,
    webhooks,
    schedules,
    automations,
    operations,
    services,
    settings,
    audit: store.audit,
    answers: store.answers,
    ...tools,
    version: VERSION,
    listenHost: server.host,
    allowedHosts: server.allowedHosts,
    bodyLimitBytes: server.bodyLimitBytes,
    drainSeconds: server.drainSeconds,
    cookieSecret: randomBytes(32).toString('hex'),
    webRoot: options.webRoot === undefined ? builtDashboard() : options.webRoot,
  });
}

function servicesOf(
  core: SparkCore,
  { services: { host, probe } }: JoinedClusters,
  { services: registry }: Configuration,
  env: NonNullable<SparkControlOptions['env']>,
  clock: Clock,
): Parameters<typeof openDesks>[0]['services'] {
  const running = (): readonly string[] =>
    core.views().flatMap(({ serving, servedModelName }) => (serving.kind === 'model' ? [servedModelName ?? serving.model] : []));
  const real = new HttpServiceProbe({ secrets: { read: (name) => env[name] ?? null }, clock });
  return { registry, host, probe: probe(real, running), patchSource: new FilePatchSource() };
}

/** What is written beside the code of a package goes with its next version. */
function shippedFolder({ configFolder = defaultConfigFolder() }: SparkControlOptions): string | null {
  if (configFolder !== defaultConfigFolder()) return null;
  return `${configFolder} comes with the package and is replaced with it. Make a folder of your own for spark.yaml and set SPARK_CONTROL_CONFIG to it.`;
}

/** The dashboard that comes with the package, `null` when it has not been built. */
function builtDashboard(): string | null {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('@spark-control/web-ui/package.json'))), 'dist', 'www');
  return existsSync(join(folder, 'index.html')) ? folder : null;
}

/** Closes in the reverse order of opening; one that fails does not keep the others open. */
async function unwind(undo: (() => unknown)[]): Promise<void> {
  for (let close = undo.pop(); close !== undefined; close = undo.pop()) {
    try {
      await close();
    } catch {
      // What cannot be closed is gone already, and its neighbours still have to be closed.
    }
  }
}
