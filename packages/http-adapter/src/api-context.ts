import type {
  AuditLog,
  AutomationDesk,
  Clock,
  HostDesk,
  MaintenanceDesk,
  ModelDesk,
  NimDesk,
  OperationDesk,
  ScheduleDesk,
  ServiceDesk,
  SettingsDesk,
  SparkCore,
  StorageDesk,
  VectorDesk,
  WebhookDesk,
} from '@spark-control/core';
import type { SwapViews } from './swaps/view.ts';

/** What the routes of every resource share. */
export type ApiContext = Readonly<{
  core: SparkCore;
  /** `null`: the catalog cannot be changed. */
  models: ModelDesk | null;
  webhooks: WebhookDesk;
  audit: AuditLog;
  schedules: ScheduleDesk;
  automations: AutomationDesk;
  operations: OperationDesk;
  /** `null`: how hosts are reached is not known here. */
  hosts: HostDesk | null;
  /** `null`: hosts cannot be updated or rebooted from here. */
  maintenance: MaintenanceDesk | null;
  settings: SettingsDesk;
  /** `null`: no services can be reached. */
  services: ServiceDesk | null;
  /** `null`: no vector store can be reached. */
  vectors: VectorDesk | null;
  /** `null`: no host can be reached. */
  nim: NimDesk | null;
  /** `null`: the disks of the hosts cannot be reached. */
  storage: StorageDesk | null;
  /** Of a swap that names none. */
  drainSeconds: number;
  clock: Clock;
  version: string;
  /** ms since the epoch at which this server started. */
  startedAt: number;
  swapViews: SwapViews;
  /** Aborts when the server is about to stop: whoever waits answers now. */
  closing: AbortSignal;
}>;
