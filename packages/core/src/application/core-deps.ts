import type { ClusterKey } from '../ids.ts';
import type { CatalogSource } from '../ports/catalog-source.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { MemoryRecords } from '../ports/memory-records.ts';
import type { ModelEndpoint } from '../ports/model-endpoint.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import type { EventLog, FenceCounter, SwapJournal } from '../ports/swap-journal.ts';
import type { Tokens } from '../ports/tokens.ts';
import type { DeadlineSettings } from '../swap/deadlines.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { ClusterPorts } from './step-ports.ts';

/** Everything the core needs from outside. An embedder may give its own implementation of each port. */
export type CoreDeps = Readonly<{
  clusters: readonly Readonly<{ cluster: Cluster; ports: ClusterPorts }>[];
  catalog: CatalogSource;
  journal: SwapJournal;
  events: EventLog;
  fences: FenceCounter;
  leases: LeaseStore;
  tokens: Tokens;
  endpoint: ModelEndpoint;
  secrets: SecretSource;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** Id of this control plane's data folder, written into the hosts' fence files. */
  controllerId: string;
  isSimulated: boolean;
  deadlines: DeadlineSettings;
  /** Whether the store can be written, for readiness. */
  storeHealth: () => Promise<Readonly<{ ok: boolean; detail: string }>>;
  /** What loads took of the memory. Without it every pre-flight estimates. */
  memoryRecords?: MemoryRecords;
  /** What others plan on a cluster in the near future, one sentence each. Default: nothing. */
  planned?: (cluster: ClusterKey) => Promise<readonly string[]>;
  /** Called at named points of a swap, so that tests can crash the process exactly there. */
  failpoint?: (name: string) => void;
  /** How often an idle cluster is looked at, ms. Default 2,000. */
  observeEveryMs?: number;
  /** How often host telemetry is read, ms. Default 5,000. */
  telemetryEveryMs?: number;
}>;
