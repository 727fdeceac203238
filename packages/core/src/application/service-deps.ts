import type { AuditEntry } from '../audit/audit-entry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ModelEndpoint } from '../ports/model-endpoint.ts';
import type { PatchSource, ServiceHost } from '../ports/service-host.ts';
import type { ServiceProbe } from '../ports/service-probe.ts';
import type { ServiceRegistry } from '../ports/service-registry.ts';
import type { SparkCore } from './core-api.ts';
import type { OperationDesk } from './operation-api.ts';

export type ServiceDeskDeps = Readonly<{
  core: Pick<SparkCore, 'clusters' | 'views' | 'locks'>;
  operations: OperationDesk;
  registry: ServiceRegistry;
  probe: ServiceProbe;
  /** `null`: there is no login to any host from here. */
  host: ServiceHost | null;
  patchSource: PatchSource;
  endpoint: ModelEndpoint;
  /** Writes a line of the audit trail. Rejects STORE_UNAVAILABLE. */
  record: (entry: AuditEntry) => Promise<void>;
  clock: Clock;
  logger: Logger;
  /** How often services are asked for their status, ms. Default 15,000. */
  pollEveryMs?: number;
  /** Longest wait for health after a restart, ms. Default 300,000. */
  healthLimitMs?: number;
}>;
