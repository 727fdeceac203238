import type { Actor } from '../audit/audit-entry.ts';
import type { AutomationId, ClusterKey, RunId, ScheduleKey } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';
import type { Occurrence, Schedule, Span } from '../schedule/schedule.ts';

export type NewSchedule = Omit<Schedule, 'registeredAt' | 'createdAt'>;

/** `warnings`: what is odd and taken all the same, as sentences. */
export type Registration = Readonly<{ schedule: Schedule; isNew: boolean; warnings: readonly string[] }>;

/** `cutAt`: there is more, and what is here is complete only before that time (ms since the epoch); `null`: all is here. */
export type Calendar = Readonly<{ occurrences: readonly Occurrence[]; cutAt: number | null }>;

/** Rejects SCHEDULE_NOT_FOUND, CLUSTER_NOT_FOUND, INVALID_REQUEST with a path per fault, READ_ONLY when another owner registered it, STORE_UNAVAILABLE. */
export interface ScheduleDesk {
  /** Inserts, or registers again; `isNew` says which. */
  register(schedule: NewSchedule, actor: Actor): Promise<Registration>;
  remove(id: ScheduleKey, actor: Actor): Promise<void>;
  registrations(): Promise<readonly Schedule[]>;
  /** Occurrences that touch `span`, by start, with their conflicts; at most 5,000. A stale registration takes part and says so. */
  calendar(span: Span, cluster: ClusterKey | null): Promise<Calendar>;
  /** True for a registration that was not renewed in time. */
  isStale(schedule: Schedule): boolean;
}

export type NewAutomation = Pick<Automation, 'name' | 'cron' | 'timezone' | 'enabled' | 'missed' | 'lockWaitMs' | 'action'>;

/** An automation with what has become and what will become of it. */
export type AutomationStatus = Automation & Readonly<{ nextRunAt: number | null; lastRun: AutomationRun | null }>;

/** Rejects AUTOMATION_NOT_FOUND, INVALID_REQUEST with a path per fault, MODEL_NOT_FOUND, CLUSTER_NOT_FOUND, STORE_UNAVAILABLE. */
export interface AutomationDesk {
  list(): Promise<readonly AutomationStatus[]>;
  get(id: AutomationId): Promise<AutomationStatus>;
  create(from: NewAutomation, actor: Actor): Promise<AutomationStatus>;
  change(id: AutomationId, change: Partial<NewAutomation>, actor: Actor): Promise<AutomationStatus>;
  remove(id: AutomationId, actor: Actor): Promise<void>;
  /** Starts a run by hand and does not wait for it. */
  run(id: AutomationId, actor: Actor): Promise<AutomationRun>;
  runs(id: AutomationId, query: Readonly<{ before?: RunId; limit: number }>): Promise<readonly AutomationRun[]>;
  start(): Promise<void>;
  close(): Promise<void>;
}
