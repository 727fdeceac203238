import type { Actor, AuditAction, AuditEntry } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import type { AutomationId, RunId } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';
import { checkAutomation } from './automation-check.ts';
import type { AutomationDeps } from './automation-deps.ts';
import { AutomationFiring } from './automation-firing.ts';
import { AutomationRunner, byHand, clusterOf } from './automation-runner.ts';
import type { AutomationDesk, AutomationStatus, NewAutomation } from './schedule-api.ts';
import { Serial } from './serial.ts';
import { refuseTooMany } from './too-many.ts';

const TICK_MS = 1_000;
/** Each is looked at every second, and keeps a thousand runs. */
export const MOST_AUTOMATIONS = 200;

/** Builds the desk of automations over its ports. Nothing fires before `start()`. */
export function createAutomationDesk(deps: AutomationDeps): AutomationDesk {
  return new Desk(deps);
}

/** Changes, runs by hand and the looks at the time take turns, so that an automation is never fired as it was before a change. */
class Desk implements AutomationDesk {
  readonly #deps: AutomationDeps;
  readonly #runner: AutomationRunner;
  readonly #firing: AutomationFiring;
  readonly #turns = new Serial();
  readonly #closing = new AbortController();
  #ticking: Promise<void> = Promise.resolve();

  constructor(deps: AutomationDeps) {
    this.#deps = deps;
    this.#runner = new AutomationRunner(deps);
    this.#firing = new AutomationFiring(deps, this.#runner);
  }

  async list(): Promise<readonly AutomationStatus[]> {
    return Promise.all((await this.#deps.store.list()).map((automation) => this.#status(automation)));
  }

  async get(id: AutomationId): Promise<AutomationStatus> {
    return this.#status(await this.#find(id));
  }

  create(from: NewAutomation, actor: Actor): Promise<AutomationStatus> {
    return this.#turns.run(async () => {
      const others = await this.#deps.store.list();
      checkAutomation(this.#deps, from, from, others, null);
      refuseTooMany(others.length, MOST_AUTOMATIONS, 'automations');
      const now = this.#deps.clock.now();
      const automation: Automation = { ...from, id: this.#deps.ids.next('aut') as AutomationId, createdAt: now, updatedAt: now };
      await this.#deps.store.save(automation, this.#audit('automation_created', automation, actor, `${from.name}: ${from.action.type}`));
      this.#firing.follow(automation);
      return this.#status(automation);
    });
  }

  change(id: AutomationId, change: Partial<NewAutomation>, actor: Actor): Promise<AutomationStatus> {
    return this.#turns.run(async () => {
      const before = await this.#find(id);
      const automation: Automation = { ...before, ...change, updatedAt: this.#deps.clock.now() };
      checkAutomation(this.#deps, automation, change, await this.#deps.store.list(), id);
      const fields = Object.keys(change).join(', ');
      await this.#deps.store.save(automation, this.#audit('automation_changed', automation, actor, fields === '' ? null : fields));
      if (hasSameMoments(before, automation)) this.#firing.update(automation);
      else this.#firing.follow(automation);
      return this.#status(automation);
    });
  }

  remove(id: AutomationId, actor: Actor): Promise<void> {
    return this.#turns.run(async () => {
      const automation = await this.#find(id);
      await this.#deps.store.remove(id, this.#audit('automation_removed', automation, actor, automation.name));
      this.#firing.forget(id);
    });
  }

  run(id: AutomationId, actor: Actor): Promise<AutomationRun> {
    return this.#turns.run(async () => {
      const automation = await this.#find(id);
      const run = await this.#runner.begin(automation, byHand(actor, this.#audit('automation_run', automation, actor, automation.name)));
      if (run === null) throw new SparkError('INTERNAL', 'The store refused a run that has no moment.');
      return run;
    });
  }

  async runs(id: AutomationId, query: Readonly<{ before?: RunId; limit: number }>): Promise<readonly AutomationRun[]> {
    await this.#find(id);
    return this.#deps.store.runs({ automation: id, ...query });
  }

  async start(): Promise<void> {
    const automations = await this.#deps.store.list();
    for (const automation of automations) await this.#firing.resume(automation);
    this.#ticking = this.#tick(automations);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the control plane stops'));
    await Promise.all([this.#runner.close(), this.#ticking, this.#turns.idle()]);
    await this.#runner.close(); // for what began in the last turn
  }

  /** What a former process left comes first: a moment that is due now must find it going. */
  async #tick(known: readonly Automation[]): Promise<void> {
    const { clock, logger, tickMs = TICK_MS } = this.#deps;
    const { signal } = this.#closing;
    let isRecovered = false;
    let isInTrouble = false;
    while (!signal.aborted) {
      try {
        if (!isRecovered) await this.#turns.run(() => this.#runner.recover(known));
        isRecovered = true;
        await this.#turns.run(() => this.#firing.tick());
      } catch (error) {
        if (!signal.aborted && !isInTrouble) logger.error('the runs of a former process could not be taken up yet', { error });
        isInTrouble = true;
      }
      await clock.sleep(tickMs, signal).catch(() => undefined);
    }
  }

  async #find(id: AutomationId): Promise<Automation> {
    const found = (await this.#deps.store.list()).find((automation) => automation.id === id);
    if (found !== undefined) return found;
    throw new SparkError('AUTOMATION_NOT_FOUND', `There is no automation "${id.slice(0, 100)}". GET /api/automations lists them.`);
  }

  async #status(automation: Automation): Promise<AutomationStatus> {
    const { calendar, clock, store } = this.#deps;
    const nextRunAt = automation.enabled ? calendar.next(automation.cron, automation.timezone, clock.now()) : null;
    const [lastRun = null] = await store.runs({ automation: automation.id, limit: 1 });
    return { ...automation, nextRunAt, lastRun };
  }

  #audit(action: AuditAction, automation: Automation, actor: Actor, note: string | null): AuditEntry {
    return { at: this.#deps.clock.now(), actor, action, cluster: clusterOf(automation), target: automation.id, fence: null, note };
  }
}

const hasSameMoments = (a: Automation, b: Automation): boolean => a.cron === b.cron && a.timezone === b.timezone && a.enabled === b.enabled;
