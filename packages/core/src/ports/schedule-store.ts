import type { AuditEntry } from '../audit/audit-entry.ts';
import type { AutomationId, RunId, ScheduleKey } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Notice } from '../webhook/notice.ts';

/** Registered schedules. Writes are durable before they resolve. All reject STORE_UNAVAILABLE. */
export interface ScheduleStore {
  list(): Promise<readonly Schedule[]>;
  get(id: ScheduleKey): Promise<Schedule | null>;
  save(schedule: Schedule, audit: AuditEntry): Promise<void>;
  remove(id: ScheduleKey, audit: AuditEntry): Promise<void>;
}

export type RunQuery = Readonly<{ automation: AutomationId; before?: RunId; limit: number }>;

/**
 * Automations and their runs. Contract: `begin` is refused (`false`) when a run of the same automation and `scheduledFor` is
 * there already, atomically, so that a moment fires once whatever the clock does. At least the last 1,000 runs of each are kept.
 */
export interface AutomationStore {
  list(): Promise<readonly Automation[]>;
  save(automation: Automation, audit: AuditEntry): Promise<void>;
  remove(id: AutomationId, audit: AuditEntry): Promise<void>;
  begin(run: AutomationRun, audit?: AuditEntry): Promise<boolean>;
  /** Settles a run; with `notice` webhooks are told in the same transaction. */
  finish(run: AutomationRun, notice: Notice | null): Promise<void>;
  /** Newest first. */
  runs(query: RunQuery): Promise<readonly AutomationRun[]>;
  /** Runs that began and did not settle: those of a process that has ended. */
  unsettled(): Promise<readonly AutomationRun[]>;
  /** Up to when cron moments have been looked at; `null` at first. */
  evaluatedUntil(id: AutomationId): Promise<number | null>;
  setEvaluatedUntil(id: AutomationId, at: number): Promise<void>;
}
