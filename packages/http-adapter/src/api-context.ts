import type {
  AuditLog,
  AutomationDesk,
  Clock,
  OperationDesk,
  ScheduleDesk,
  SettingsDesk,
  SparkCore,
  VectorDesk,
  WebhookDesk,
} from '@spark-control/core';
import type { SwapViews } from './swaps/view.ts';

/** What the routes of every resource share. */
export type ApiContext = Readonly<{
  core: SparkCore;
  webhooks: WebhookDesk;
  audit: AuditLog;
  schedules: ScheduleDesk;
  automations: AutomationDesk;
  operations: OperationDesk;
  settings: SettingsDesk;
  /** `null`: no vector store can be reached. */
  vectors: VectorDesk | null;
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
