import type { AutomationId, ClusterKey, ModelKey, RunId, SwapId } from '../ids.ts';

/** Control actions only: Spark Control schedules nobody's workload. */
export type AutomationAction = Readonly<
  | { type: 'swap'; cluster: ClusterKey; model: ModelKey | null }
  /** One real completion by what serves, so that the next person does not wait for a cold start. With `launch` a model that does not serve is swapped in. */
  | { type: 'warm'; cluster: ClusterKey; model: ModelKey; launch: boolean }
  | { type: 'restart_service'; service: string }
  | { type: 'health_sweep' }
  /** What is kept: the newest so many, and those of so many days; left out by automations of before there was such a thing. */
  | { type: 'qdrant_snapshot'; collection: string | null; service?: string | null; keepCount?: number | null; keepDays?: number | null }
>;

export type MissedPolicy = 'skip' | 'run_once';

/** A cron entry of Spark Control itself. Times in ms since the epoch. */
export type Automation = Readonly<{
  id: AutomationId;
  name: string;
  cron: string;
  /** IANA name. */
  timezone: string;
  enabled: boolean;
  /** What becomes of a run whose time passed while the control plane was away or asleep. */
  missed: MissedPolicy;
  /** How long an action waits for the lock. */
  lockWaitMs: number;
  action: AutomationAction;
  createdAt: number;
  updatedAt: number;
}>;

/** `skipped`: missed, and its policy says skip; or the one before was still running. */
export type RunOutcome = 'succeeded' | 'failed' | 'skipped';

/** One run. `scheduledFor` is the moment that cron named, by which no run happens twice; `null` for a run by hand. */
export type AutomationRun = Readonly<{
  id: RunId;
  automation: AutomationId;
  scheduledFor: number | null;
  startedAt: number;
  settledAt: number | null;
  outcome: RunOutcome | null;
  /** One sentence for people. */
  detail: string | null;
  swap: SwapId | null;
  startedBy: string;
}>;
