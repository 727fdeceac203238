import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFence } from '../ports/host-fence.ts';
import type { HostProbe } from '../ports/host-probe.ts';
import type { Logger } from '../ports/logger.ts';
import type { ModelEndpoint } from '../ports/model-endpoint.ts';
import type { HostObservation, LogLine, ModelRuntime } from '../ports/model-runtime.ts';
import type { LoadMeasures } from '../swap/load-measures.ts';
import type { PreflightReport } from '../swap/preflight-report.ts';
import type { Previous, Swap } from '../swap/swap.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { Reading } from './observe.ts';

/** The ports that act on one cluster. */
export type ClusterPorts = Readonly<{ runtime: ModelRuntime; fence: HostFence; probe: HostProbe }>;

/** What a step needs to do its work and to say how it goes. */
export type StepContext = ClusterPorts &
  Readonly<{
    cluster: Cluster;
    controllerId: string;
    endpoint: ModelEndpoint;
    clock: Clock;
    logger: Logger;
    /** Aborts when the phase is over, by deadline or by cancel. */
    signal: AbortSignal;
    report: (line: LogLine) => void;
    /** A sign of life that is no log line: memory moved, an outage is being waited out. */
    alive: () => void;
    /** Names the outage that a step waits for; `null` when it is over. */
    waitingFor: (outage: string | null) => void;
    /** What a host had available while the model loaded. */
    sawAvailable: (bytes: number) => void;
    /** Last fence granted on this cluster, as the store knows it. */
    lastFence: () => Promise<number>;
    /** What a rollback could go back to. */
    previousOf: (reading: Reading) => Promise<Previous>;
    /** The pre-flight of a swap on hosts just observed; `null` for an unload, which needs none. */
    preflight: (swap: Swap, hosts: readonly HostObservation[], signal: AbortSignal) => Promise<PreflightReport | null>;
    /** Memory a plan needs free on each of its hosts before it is launched, `null` when nobody can tell. */
    neededBytes: (plan: LaunchPlan) => number | null;
    /** Keeps what a load took of the memory, or why it failed, for the next pre-flight. Never rejects. */
    learn: (swap: Swap, plan: LaunchPlan, succeeded: boolean, load: LoadMeasures) => Promise<void>;
  }>;
