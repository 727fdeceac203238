import type { AutomationId } from '../ids.ts';
import type { Automation } from '../schedule/automation.ts';
import { dueBy, type Missed, type Trail, walkedTo } from '../schedule/due-moments.ts';
import type { AutomationDeps } from './automation-deps.ts';
import type { AutomationRunner, RunCause } from './automation-runner.ts';

/** How long nothing is asked of the calendar for a cron that it knows no moment for. */
const LONG_MS = 30 * 86_400_000;

type Track = Readonly<{ automation: Automation; trail: Trail; nextAt: number }>;
type Seams = Pick<AutomationDeps, 'store' | 'calendar' | 'clock' | 'logger'>;

/**
 * Lets automations have their moments. A moment is a wall time, and the store lets it have one run: the wall clock may do what
 * it likes. Call from one place at a time.
 */
export class AutomationFiring {
  readonly #deps: Seams;
  readonly #runner: Pick<AutomationRunner, 'begin' | 'skip'>;
  readonly #tracks = new Map<AutomationId, Track>();
  readonly #complaints = new Map<AutomationId, string>();

  constructor(deps: Seams, runner: Pick<AutomationRunner, 'begin' | 'skip'>) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** Goes on where a former process ended. What was changed last counts from its change: until then its process was awake. */
  async resume(automation: Automation): Promise<void> {
    const seen = Math.max((await this.#deps.store.evaluatedUntil(automation.id)) ?? 0, automation.updatedAt);
    this.#put(automation, { cursor: Math.min(seen, this.#deps.clock.now()), walked: [] });
  }

  /** Takes a new or changed automation; what was before now is none of its business. */
  follow(automation: Automation): void {
    this.#put(automation, { cursor: this.#deps.clock.now(), walked: [] });
  }

  /** Takes a change that leaves its moments as they were. */
  update(automation: Automation): void {
    const track = this.#tracks.get(automation.id);
    if (track !== undefined) this.#tracks.set(automation.id, { ...track, automation });
  }

  forget(id: AutomationId): void {
    this.#tracks.delete(id);
    this.#complaints.delete(id);
  }

  /** Looks at the time once. One that cannot be stored does not keep the others from running, and is tried again. */
  async tick(): Promise<void> {
    for (const track of [...this.#tracks.values()]) {
      const { id } = track.automation;
      try {
        await this.#look(track);
        this.#complaints.delete(id);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (this.#complaints.get(id) !== reason) this.#deps.logger.error('an automation could not be fired', { automation: id, error });
        this.#complaints.set(id, reason);
      }
    }
  }

  #put(automation: Automation, trail: Trail): void {
    this.#tracks.delete(automation.id);
    if (automation.enabled) this.#tracks.set(automation.id, { automation, trail, nextAt: this.#nextAt(automation, trail.cursor) });
  }

  async #look(track: Track): Promise<void> {
    const { automation, trail } = track;
    const now = this.#deps.clock.now();
    if (now < trail.cursor) {
      // Set back: wait for the moments of the time that it is now, not for those that will come in years.
      const earlier = { ...trail, cursor: now };
      this.#tracks.set(automation.id, { automation, trail: earlier, nextAt: this.#nextAt(automation, now) });
      await this.#deps.store.setEvaluatedUntil(automation.id, now);
      return;
    }
    if (now >= track.nextAt) {
      await this.#fire(automation, trail, now);
      await this.#deps.store.setEvaluatedUntil(automation.id, now);
    }
    const nextAt = now >= track.nextAt ? this.#nextAt(automation, now) : track.nextAt;
    this.#tracks.set(automation.id, { automation, trail: walkedTo(now, trail), nextAt });
  }

  async #fire(automation: Automation, trail: Trail, now: number): Promise<void> {
    const { missed, onTime } = dueBy(now, trail, automation, this.#deps.calendar);
    if (missed !== null) await this.#make(automation, missed);
    for (const moment of onTime) await this.#runner.begin(automation, scheduled(moment));
  }

  async #make(automation: Automation, missed: Missed): Promise<void> {
    const words = missedWords(missed);
    switch (automation.missed) {
      case 'skip':
        await this.#runner.skip(automation, scheduled(missed.last), `${words} Missed runs of this automation are skipped.`);
        return;
      case 'run_once':
        await this.#runner.begin(automation, scheduled(missed.last, `${words} This run stands for all of them.`));
        return;
      default:
        return automation.missed satisfies never;
    }
  }

  #nextAt({ cron, timezone }: Automation, after: number): number {
    return this.#deps.calendar.next(cron, timezone, after) ?? after + LONG_MS;
  }
}

const scheduled = (scheduledFor: number, about: string | null = null): RunCause => ({
  ...{ scheduledFor, startedBy: 'cron', about },
  audit: null,
});

function missedWords({ last, count, isMore }: Missed): string {
  const when = new Date(last).toISOString();
  if (count === 1 && !isMore) return `Its time, ${when}, passed while the control plane was away or asleep.`;
  return `${isMore ? 'More than ' : ''}${count} of its times passed while the control plane was away or asleep, the last at ${when}.`;
}
