import type { Actor, AuditAction, AuditEntry } from '../audit/audit-entry.ts';
import { findModel } from '../catalog/model.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { SparkError } from '../errors.ts';
import type { ClusterKey, ModelKey, ScheduleKey } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { CronCalendar } from '../ports/cron-calendar.ts';
import type { Logger } from '../ports/logger.ts';
import type { ScheduleStore } from '../ports/schedule-store.ts';
import type { Automation } from '../schedule/automation.ts';
import { scheduleIssues } from '../schedule/check-schedule.ts';
import { automationClaims, type Claims, DEFAULT_SWAP_MS, lockClaims, plannedSwap } from '../schedule/claims.ts';
import { withConflicts } from '../schedule/conflicts.ts';
import { expand, touch } from '../schedule/expand.ts';
import type { Schedule, Span } from '../schedule/schedule.ts';
import type { SparkCore } from './core-api.ts';
import { notFound } from './not-found.ts';
import type { Calendar, NewSchedule, Registration, ScheduleDesk } from './schedule-api.ts';
import { Serial } from './serial.ts';
import { refuseTooMany } from './too-many.ts';

/** The check before each swap reads all of them. */
export const MOST_SCHEDULES = 1_000;

export type ScheduleDeskDeps = Readonly<{
  store: ScheduleStore;
  calendar: CronCalendar;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
  core: Pick<SparkCore, 'clusters' | 'locks' | 'catalog' | 'estimate'>;
  /** The automations as they are now: those that swap are in the way of what others plan. */
  automations: () => Promise<readonly Automation[]>;
}>;

export function createScheduleDesk(deps: ScheduleDeskDeps): ScheduleDesk {
  return new Desk(deps);
}

class Desk implements ScheduleDesk {
  readonly #deps: ScheduleDeskDeps;
  /** Who owns an id is read before it is written: registrations of one id must not pass each other. */
  readonly #turns = new Serial();

  constructor(deps: ScheduleDeskDeps) {
    this.#deps = deps;
  }

  async register(schedule: NewSchedule, actor: Actor): Promise<Registration> {
    const issues = scheduleIssues(schedule, this.#deps.calendar);
    if (issues.length > 0) throw invalid(issues);
    this.#requireCluster(schedule.cluster);
    const warnings = this.#warningsOf(schedule);
    return await this.#turns.run(async () => ({ ...(await this.#save(schedule, actor)), warnings }));
  }

  async remove(id: ScheduleKey, actor: Actor): Promise<void> {
    await this.#turns.run(async () => {
      const known = await this.#deps.store.get(id);
      if (known === null) throw notFound('SCHEDULE_NOT_FOUND', id.slice(0, 100));
      await this.#deps.store.remove(id, this.#audit('schedule_removed', known, actor, `of ${known.owner}`));
    });
  }

  registrations(): Promise<readonly Schedule[]> {
    return this.#deps.store.list();
  }

  async calendar(span: Span, cluster: ClusterKey | null): Promise<Calendar> {
    const { store, calendar, clock, core } = this.#deps;
    const all = await store.list();
    const { planned, cutAt } = expand(
      all.filter((schedule) => cluster === null || schedule.cluster === cluster),
      span,
      calendar,
    );
    const claimed = await this.#automationClaims(span, cluster);
    const locks = lockClaims(core.locks.views(), clock.now()).filter((claim) => touch(claim.span, span));
    const cuts = [cutAt, claimed.cutAt].filter((cut) => cut !== null);
    const occurrences = withConflicts(planned, [...locks, ...claimed.claims], (schedule) => this.isStale(schedule));
    return { occurrences, cutAt: cuts.length === 0 ? null : Math.min(...cuts) };
  }

  isStale({ registeredAt, expiresAfterMs }: Schedule): boolean {
    return expiresAfterMs !== null && this.#deps.clock.now() >= registeredAt + expiresAfterMs;
  }

  #requireCluster(cluster: ClusterKey | null): void {
    const keys = this.#deps.core.clusters.map(({ key }) => key);
    if (cluster !== null && !keys.includes(cluster)) throw notFound('CLUSTER_NOT_FOUND', cluster, nearMatches(cluster, keys));
  }

  /** Others may plan a model that is only added later. */
  #warningsOf({ id, owner, model }: NewSchedule): readonly string[] {
    if (model === null || findModel(this.#deps.core.catalog(), model) !== null) return [];
    const near = nearMatches(
      model,
      this.#deps.core.catalog().models.map(({ key }) => key),
    );
    this.#deps.logger.warn('a schedule names a model that is not in the catalog', { schedule: id, owner, model });
    return [`There is no model "${model}" in the catalog yet.${near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`}`];
  }

  async #save(asked: NewSchedule, actor: Actor): Promise<Omit<Registration, 'warnings'>> {
    const { store, clock } = this.#deps;
    const known = await store.get(asked.id);
    if (known !== null && known.owner !== asked.owner) {
      throw new SparkError(
        'READ_ONLY',
        `The schedule "${asked.id}" was registered by "${known.owner}", who alone can register it again. Choose another id, or delete it first.`,
      );
    }
    if (known === null) refuseTooMany((await store.list()).length, MOST_SCHEDULES, 'schedules');
    const now = clock.now();
    const schedule: Schedule = { ...asked, registeredAt: now, createdAt: known?.createdAt ?? now };
    const changed = known === null ? null : changedFields(known, schedule);
    // A program that registers at each start would fill the trail with what it said before.
    const isNews = changed === null || changed.length > 0;
    const note = changed === null ? `new, by ${asked.owner}` : `changed: ${changed.join(', ')}`;
    await store.save(schedule, isNews ? this.#audit('schedule_registered', schedule, actor, note) : null);
    return { schedule, isNew: known === null };
  }

  #audit(action: AuditAction, { id, cluster }: Schedule, actor: Actor, note: string): AuditEntry {
    return { at: this.#deps.clock.now(), actor, action, cluster, target: id, fence: null, note };
  }

  async #automationClaims(span: Span, cluster: ClusterKey | null): Promise<Claims> {
    const { automations, calendar } = this.#deps;
    const swapping = (await automations()).filter((automation) => {
      const swap = plannedSwap(automation);
      return swap !== null && (cluster === null || swap.cluster === cluster);
    });
    const expected = await this.#expectedTimes(swapping);
    return automationClaims(swapping, span, calendar, (where, model) => expected.get(pairOf(where, model)) ?? DEFAULT_SWAP_MS);
  }

  /** By cluster and model; the slower of past loads, since a plan that is too tight is no plan. */
  async #expectedTimes(automations: readonly Automation[]): Promise<ReadonlyMap<string, number>> {
    const expected = new Map<string, number>();
    for (const automation of automations) {
      const swap = plannedSwap(automation);
      if (swap === null || swap.model === null || expected.has(pairOf(swap.cluster, swap.model))) continue;
      const { p90Seconds } = await this.#deps.core.estimate(swap.cluster, swap.model);
      expected.set(pairOf(swap.cluster, swap.model), p90Seconds === null ? DEFAULT_SWAP_MS : Math.max(1, p90Seconds * 1_000));
    }
    return expected;
  }
}

const pairOf = (cluster: ClusterKey, model: ModelKey | null): string => `${cluster} ${model ?? ''}`;

const COMPARED = ['title', 'cluster', 'model', 'cron', 'timezone', 'windows', 'durationMs', 'url', 'expiresAfterMs'] as const;

const changedFields = (before: Schedule, after: Schedule): readonly string[] =>
  COMPARED.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));

function invalid(issues: ReturnType<typeof scheduleIssues>): SparkError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new SparkError('INVALID_REQUEST', `${first?.path}: ${first?.message}${more}.`, { details: { issues } });
}
