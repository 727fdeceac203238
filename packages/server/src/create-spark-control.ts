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
  type Ids,
  type Logger,
  type OperationDesk,
  type ScheduleDesk,
  type ServiceDesk,
  type SparkCore,
  silentLogger,
  type WebhookDesk,
} from '@spark-control/core';
import { createApp, HttpModelEndpoint, type Listener } from '@spark-control/http-adapter';
import { loadConfiguration, openStore, type ServerSettings, YamlSettings } from '@spark-control/store-adapter';
import { defaultConfigFolder } from './default-config.ts';
import { openCore, type Tools } from './open-core.ts';
import { openDesks } from './open-desks.ts';
import { openSite, type SimulationOptions } from './open-site.ts';
import { RandomTokens } from './random-tokens.ts';
import type { Site } from './site.ts';
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
  simulations: Site['simulations'];
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
    await configuration.catalog.attach(store.catalogHistory);
    const { controllerId, trust } = store;
    const site = await openSite(configuration, options, { controllerId, trust, clock, logger });
    undo.push(() => site.close());
    const endpoint = new HttpModelEndpoint();
    undo.push(() => endpoint.close());
    const tools: Tools = { clock, logger, ids: options.ids ?? new SortableIds(clock), tokens: new RandomTokens() };
    const upcoming: { of: CoreDeps['planned'] } = { of: undefined };
    const planned: CoreDeps['planned'] = async (cluster) => (await upcoming.of?.(cluster)) ?? [];
    const core = openCore(options, { configuration, store, site, endpoint, planned, tools });
    undo.push(() => core.close());
    const listeners: Listener[] = [{ host: configuration.server.host, port: configuration.server.port }];
    const desks = openDesks({ configuration, core, store, site, endpoint, tools, env, listeners: () => listeners });
    upcoming.of = desks.upcoming;
    await core.start();
    undo.push(() => desks.close());
    await desks.start();
    const { server, warnings } = configuration;
    const web = createApp({
      core,
      ...desks.app,
      settings: new YamlSettings({ source, record: store.record, clock, warnings, readOnly: shippedFolder(options) }),
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
    undo.push(() => web.closeStreams());
    const { webhooks, schedules, automations, operations, services } = desks.app;
    let closing: Promise<void> | null = null;
    return {
      core,
      ...{ webhooks, schedules, automations, operations, services },
      app: web.app,
      listensOn: (host, port) => void listeners.push({ host, port }),
      settings: server,
      warnings,
      isSimulated: site.isSimulated,
      simulations: site.simulations,
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
