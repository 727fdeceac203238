import type { ClusterKey, SwapId } from '../ids.ts';
import type { RuntimeState } from '../ports/model-runtime.ts';
import type { Serving } from '../swap/swap.ts';

/** What a cluster does, as last observed. Old views are shown with their age, never as if they were fresh. */
export type ClusterView = Readonly<{
  cluster: ClusterKey;
  serving: Serving;
  /** State of the model server process; `running` and `isHealthy` together mean it serves. */
  runtime: RuntimeState;
  isHealthy: boolean;
  /** ms since the epoch at which this model server was started, where known. */
  since: number | null;
  /** Name the endpoint serves, as `/v1/models` says. */
  servedModelName: string | null;
  maxModelLen: number | null;
  /** Container that serves, for people: name and host. */
  container: string | null;
  /** The running swap, if any. */
  activeSwap: SwapId | null;
  queued: readonly SwapId[];
  /** Set when the hosts show something else than the last swap left: what changed, in one sentence. */
  drift: string | null;
  /** ms since the epoch of the observation; `null`: never observed yet. */
  observedAt: number | null;
  /** Hosts that could not be asked, with the reason. */
  unreachable: readonly Readonly<{ host: string; reason: string }>[];
}>;
