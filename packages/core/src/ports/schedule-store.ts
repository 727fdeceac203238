import type { AuditEntry } from '../audit/audit-entry.ts';
import type { AutomationId, RunId, ScheduleKey } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Notice } from '../webhook/notice.ts';

/** Registered schedules, in `list` by id. Writes are durable before they resolve, together with their audit entry. All reject STORE_UNAVAILABLE. */
export interface ScheduleStore {
  list(): Promise<readonly Schedule[]>;
  get(id: ScheduleKey): Promise<Schedule | null>;
  /** Inserts or replaces. `audit: null` when it says nothing new, only that it still holds. */
  save(schedule: Schedule, audit: AuditEntry | null): Promise<void>;
  /** One that is not there stays away; the audit entry is kept all the same. */
  remove(id: ScheduleKey, audit: AuditEntry): Promise<void>;
}

export type RunQuery = Readonly<{ automation: AutomationId; before?: RunId; limit: number }>;

/**
 * Automations and their runs. Contract: `begin` is refused (`false`) when a run of the same automation and `scheduledFor` is
 * there already, atomically, so that a moment fires once whatever the clock does; a run that is settled already is stored as such. At least the last 1,000 runs of each are kept.
 */
export interface AutomationStore {
  list(): Promise<readonly Automation[]>;
  save(automation: Automation, audit: AuditEntry): Promise<void>;
  remove(id: AutomationId, audit: AuditEntry): Promise<void>;
  begin(run: AutomationRun, audit?: AuditEntry): Promise<boolean>;
  /** Stores what a run that goes on has come to, for example its swap, so that the next process can take it up. */
  attach(run: AutomationRun): Promise<void>;
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
