import type { Clock, Ids } from '../ports/clock.ts';
import type { CronCalendar } from '../ports/cron-calendar.ts';
import type { Logger } from '../ports/logger.ts';
import type { ModelEndpoint } from '../ports/model-endpoint.ts';
import type { AutomationStore } from '../ports/schedule-store.ts';
import type { ServiceControl } from '../ports/service-control.ts';
import type { VectorStore } from '../ports/vector-store.ts';
import type { SparkCore } from './core-api.ts';

export type AutomationDeps = Readonly<{
  core: SparkCore;
  store: AutomationStore;
  calendar: CronCalendar;
  endpoint: ModelEndpoint;
  /** `null`: no service can be reached here, as in a simulation. */
  services: ServiceControl | null;
  /** `null`: there is no vector store. */
  vectors: VectorStore | null;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** How often the time is looked at, ms. Default 1,000. */
  tickMs?: number;
}>;
