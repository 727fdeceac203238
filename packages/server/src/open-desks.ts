import {
  type Automation,
  type AutomationDesk,
  type Clock,
  type ClusterKey,
  createAutomationDesk,
  createDefaultModels,
  createOperationDesk,
  createScheduleDesk,
  createServiceDesk,
  createWebhookDesk,
  type DefaultModelRule,
  type Ids,
  type Logger,
  type OperationDesk,
  type ScheduleDesk,
  type ServiceDesk,
  type ServiceDeskDeps,
  type SparkCore,
  type Tokens,
  upcomingConflicts,
  type WebhookDesk,
} from '@spark-control/core';
import { type HttpModelEndpoint, HttpWebhookSender, type Listener } from '@spark-control/http-adapter';
import type { Store } from '@spark-control/store-adapter';
import { CronerCalendar } from './croner-calendar.ts';
import { VERSION } from './version.ts';

/** So far ahead a pre-flight warns of what others plan: longer than a load takes, shorter than a night. */
const AHEAD_MS = 2 * 3_600_000;

export type Desks = Readonly<{
  operations: OperationDesk;
  webhooks: WebhookDesk;
  schedules: ScheduleDesk;
  automations: AutomationDesk;
  services: ServiceDesk;
  /** What others plan on a cluster within the next hours, one sentence each. */
  upcoming(cluster: ClusterKey): Promise<readonly string[]>;
  /** Begins to send and to fire. The core has started by then. */
  start(): Promise<void>;
  close(): Promise<void>;
}>;

type DeskParts = Readonly<{
  core: SparkCore;
  store: Store;
  endpoint: HttpModelEndpoint;
  services: Pick<ServiceDeskDeps, 'registry' | 'host' | 'probe' | 'patchSource'>;
  defaultModels: readonly DefaultModelRule[];
  tokens: Tokens;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  listeners: () => readonly Listener[];
  env: Readonly<Record<string, string | undefined>>;
}>;

/** What stands around the core: who is told, what others plan, and what is done by the clock. */
export function openDesks({ core, store, endpoint, services: beside, defaultModels: rules, listeners, env, ...tools }: DeskParts): Desks {
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
  const services = createServiceDesk({ core, operations, ...beside, endpoint, record: store.record, ...tools });
  const automations = createAutomationDesk({
    core,
    store: store.automations,
    calendar,
    endpoint,
    services: services.control,
    vectors: null,
    ...tools,
  });
  const defaults = createDefaultModels({ core, rules, activity: endpoint, ...tools });
  const planned = (): Promise<readonly Automation[]> => store.automations.list();
  const schedules = createScheduleDesk({ store: store.schedules, calendar, core, automations: planned, ...tools });
  return {
    operations,
    webhooks,
    schedules,
    automations,
    services,
    async upcoming(cluster) {
      const now = tools.clock.now();
      const until = now + AHEAD_MS;
      const { occurrences } = await schedules.calendar({ start: now, end: until }, cluster);
      return upcomingConflicts(occurrences, cluster, now, until).map(({ detail }) => detail);
    },
    async start() {
      await webhooks.ensureConfigured(env['SWAP_WEBHOOK_URL'] || null, env['SWAP_WEBHOOK_SECRET'] || null);
      await webhooks.start();
      await automations.start();
      await defaults.start();
      await operations.start();
      services.start();
    },
    async close() {
      await operations.close();
      await Promise.all([defaults.close(), automations.close(), services.close()]); // each may wait for a look at a host that hangs
      await webhooks.close();
    },
  };
}
