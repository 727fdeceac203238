import type {
  AuditQuery,
  Static,
  WireAuditList,
  WireCluster,
  WireClusterList,
  WireHealthz,
  WireHost,
  WireHostEvent,
  WireHostList,
  WireLock,
  WireLogEvent,
  WireModelList,
  WireReadyz,
  WireStatus,
  WireSwap,
  WireVersion,
} from '@spark-control/schema';
import { type CatalogApi, createCatalogApi } from './api/catalog.ts';
import { createHostsApi, type HostsApi } from './api/hosts.ts';
import { createLockApi, type LockApi } from './api/lock.ts';
import { createOperationsApi, type OperationsApi } from './api/operations.ts';
import { type AutomationsApi, createAutomationsApi, createSchedulesApi, type SchedulesApi } from './api/plans.ts';
import { createQdrantApi, type QdrantApi } from './api/qdrant.ts';
import { createServicesApi, type ServicesApi } from './api/services.ts';
import { createSettingsApi, type SettingsApi } from './api/settings.ts';
import { createSwapsApi, type SwapsApi } from './api/swaps.ts';
import { createWebhooksApi, type WebhooksApi } from './api/webhooks.ts';
import type { ClientClock } from './clock.ts';
import { eventData } from './stream/event-data.ts';
import { type FollowOptions, follow } from './stream/follow.ts';
import { type CallOptions, Transport, type TransportOptions } from './transport.ts';

/** An event of the whole control plane. Each carries a whole object, never a difference. */
export type SparkEvent = Readonly<
  | { type: 'snapshot'; id: string | null; data: WireStatus }
  | { type: 'swap'; id: string | null; data: WireSwap }
  | { type: 'model'; id: string | null; data: WireCluster }
  | { type: 'lock'; id: string | null; data: WireLock }
  | { type: 'host'; id: string | null; data: WireHostEvent }
  | { type: 'log'; id: string | null; data: WireLogEvent }
>;

export type AuditFilter = Static<typeof AuditQuery>;

/**
 * The API of one Spark Control. Every call rejects with a {@link SparkApiError} when the server refuses, with a
 * {@link SparkUnreachableError} when it does not answer, or with the reason of the signal that it was given.
 */
export type SparkClient = Readonly<{
  baseUrl: string;
  clock: ClientClock;
  /** One snapshot of everything. */
  status(options?: CallOptions): Promise<WireStatus>;
  models(options?: CallOptions): Promise<WireModelList>;
  clusters(options?: CallOptions): Promise<WireClusterList>;
  hosts(options?: CallOptions): Promise<WireHostList>;
  host(key: string, options?: CallOptions): Promise<WireHost>;
  version(options?: CallOptions): Promise<WireVersion>;
  /** Whether the process lives. */
  health(options?: CallOptions): Promise<WireHealthz>;
  /** Whether it can do its work; `ok: false` is an answer and no error. */
  readiness(options?: CallOptions): Promise<WireReadyz>;
  audit(filter?: AuditFilter, options?: CallOptions): Promise<WireAuditList>;
  /** Goes on until its signal aborts or its reader stops. `logs`: swaps whose log lines are wanted. */
  events(options?: FollowOptions & Readonly<{ logs?: readonly string[] | undefined }>): AsyncGenerator<SparkEvent, void, void>;
  swaps: SwapsApi;
  lock: LockApi;
  webhooks: WebhooksApi;
  schedules: SchedulesApi;
  automations: AutomationsApi;
  catalog: CatalogApi;
  operations: OperationsApi;
  hostAdmin: HostsApi;
  services: ServicesApi;
  qdrant: QdrantApi;
  settings: SettingsApi;
}>;

/** @throws {TypeError} for a base URL or key that cannot be used. */
export function createClient(options: TransportOptions): SparkClient {
  const transport = new Transport(options);
  const get =
    <T>(path: string, alsoGood: readonly number[] = []) =>
    (call?: CallOptions): Promise<T> =>
      transport.call({ method: 'GET', path, alsoGood }, call);
  return {
    baseUrl: transport.baseUrl,
    clock: transport.clock,
    status: get('/api/status'),
    models: get('/api/models'),
    clusters: get('/api/clusters'),
    hosts: get('/api/hosts'),
    host: (key, call) => transport.call({ method: 'GET', path: `/api/hosts/${encodeURIComponent(key)}` }, call),
    version: get('/api/version'),
    health: get('/healthz'),
    readiness: get('/readyz', [503]),
    audit: (filter = {}, call) => transport.call({ method: 'GET', path: '/api/audit', query: filter }, call),
    events: (events) => eventStream(transport, events),
    swaps: createSwapsApi(transport),
    lock: createLockApi(transport),
    webhooks: createWebhooksApi(transport),
    schedules: createSchedulesApi(transport),
    automations: createAutomationsApi(transport),
    catalog: createCatalogApi(transport),
    operations: createOperationsApi(transport),
    hostAdmin: createHostsApi(transport),
    services: createServicesApi(transport),
    qdrant: createQdrantApi(transport),
    settings: createSettingsApi(transport),
  };
}

const EVENTS: readonly string[] = ['snapshot', 'swap', 'model', 'lock', 'host', 'log'] satisfies readonly SparkEvent['type'][];

async function* eventStream(
  transport: Transport,
  { logs = [], ...options }: FollowOptions & Readonly<{ logs?: readonly string[] | undefined }> = {},
): AsyncGenerator<SparkEvent, void, void> {
  const path = logs.length === 0 ? '/api/events' : `/api/events?${new URLSearchParams({ logs: logs.join(',') })}`;
  const lastSeqs = new Map<string, number>();
  for await (const { event, data, id } of follow(transport, path, () => false, options)) {
    if (!EVENTS.includes(event)) continue; // of a newer server
    const made = { type: event, id, data: eventData(data) } as SparkEvent;
    if (made.type === 'log') {
      const { swap_id, seq } = made.data;
      // Each connection begins with the whole tail of the log.
      if (seq <= (lastSeqs.get(swap_id) ?? 0)) continue;
      lastSeqs.set(swap_id, seq);
    }
    yield made;
  }
}
