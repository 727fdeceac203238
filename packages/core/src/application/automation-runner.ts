import type { Actor, AuditEntry } from '../audit/audit-entry.ts';
import type { AutomationId, ClusterKey, RunId, SwapId } from '../ids.ts';
import type { Automation, AutomationRun } from '../schedule/automation.ts';
import type { Notice } from '../webhook/notice.ts';
import { type ActionResult, failed, reasonOf, requesterOf } from './action-context.ts';
import { conclude, perform } from './automation-actions.ts';
import type { AutomationDeps } from './automation-deps.ts';

const STORE_RETRY_MS = 5_000;
const LONGEST_DETAIL = 2_000;
/** So many swaps back a run looks for its own. */
const SEARCHED_SWAPS = 100;

/** Why a run begins. `about` comes before its result, for example how many moments it stands for. */
export type RunCause = Readonly<{ scheduledFor: number | null; startedBy: string; about: string | null; audit: AuditEntry | null }>;

type Ended = Readonly<{ settled: AutomationRun; notice: Notice | null }>;
type Going = Readonly<{ run: AutomationRun; ended: Promise<void> }>;

/** Runs automations, at most one run of each at a time, and writes down how each ended. */
export class AutomationRunner {
  readonly #deps: AutomationDeps;
  readonly #going = new Map<AutomationId, Going>();
  readonly #closing = new AbortController();

  constructor(deps: AutomationDeps) {
    this.#deps = deps;
  }

  /** Begins a run and does not wait for it; while another goes on it is recorded as skipped. `null`: that moment had its run before. */
  async begin(automation: Automation, cause: RunCause): Promise<AutomationRun | null> {
    const going = this.#going.get(automation.id);
    if (going !== undefined) return this.skip(automation, cause, `The run ${going.run.id} was still going.`);
    const run = this.#newRun(automation, cause);
    if (!(await this.#deps.store.begin(run, cause.audit ?? undefined))) return null;
    this.#go(automation, run, cause.about, (context) => perform(this.#deps, { ...context, automation }));
    return run;
  }

  /** Records that a moment passed without a run. */
  async skip(automation: Automation, cause: RunCause, why: string): Promise<AutomationRun | null> {
    const run = this.#newRun(automation, cause);
    const skipped: AutomationRun = { ...run, settledAt: run.startedAt, outcome: 'skipped', detail: why };
    return (await this.#deps.store.begin(skipped, cause.audit ?? undefined)) ? skipped : null;
  }

  /**
   * Takes up the runs of a former process: those whose swap is known are waited for, the others have failed. Rejects when the store
   * does not take that; call it again then.
   */
  async recover(automations: readonly Automation[]): Promise<void> {
    for (const run of await this.#deps.store.unsettled()) {
      if (this.#going.get(run.automation)?.run.id === run.id) continue;
      const automation = automations.find(({ id }) => id === run.automation);
      const swap = run.swap ?? (automation === undefined ? null : await this.#searchSwap(automation, run));
      if (automation === undefined || swap === null || this.#going.has(run.automation)) {
        const { settled, notice } = this.#endOf(automation ?? null, run, failed('The control plane stopped meanwhile.'));
        await this.#deps.store.finish(settled, notice);
      } else {
        this.#go(automation, { ...run, swap }, null, ({ signal }) => conclude(this.#deps, swap, signal));
      }
    }
  }

  /** Stops waiting. What still goes on stays unsettled in the store, for the next process. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the control plane stops'));
    await Promise.all([...this.#going.values()].map(({ ended }) => ended));
  }

  #newRun({ id }: Automation, { scheduledFor, startedBy }: RunCause): AutomationRun {
    const { ids, clock } = this.#deps;
    const base = { settledAt: null, outcome: null, detail: null, swap: null } as const;
    return { ...base, id: ids.next('run') as RunId, automation: id, scheduledFor, startedAt: clock.now(), startedBy };
  }

  #go(
    automation: Automation,
    begun: AutomationRun,
    about: string | null,
    task: (context: Readonly<{ run: AutomationRun; hasSwap: (id: SwapId) => Promise<void>; signal: AbortSignal }>) => Promise<ActionResult>,
  ): void {
    let run = begun;
    const hasSwap = async (swap: SwapId): Promise<void> => {
      run = { ...run, swap };
      // The swap goes on whatever the store says; its reason names this run, should this process end first.
      await this.#deps.store.attach(run).catch((error: unknown) => {
        this.#deps.logger.warn('the swap of a run could not be noted', { run: run.id, swap, error });
      });
    };
    const follow = async (): Promise<void> => {
      try {
        const { ok, detail } = await task({ run, hasSwap, signal: this.#closing.signal });
        await this.#settle(automation, run, { ok, detail: about === null ? detail : `${about} ${detail}` });
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#deps.logger.error('a run could not be settled', { run: run.id, error });
      } finally {
        this.#going.delete(automation.id);
      }
    };
    // Entered before anything of it runs, since an action may end at once.
    const ended = Promise.resolve().then(follow);
    this.#going.set(automation.id, { run: begun, ended });
  }

  #endOf(automation: Automation | null, run: AutomationRun, { ok, detail }: ActionResult): Ended {
    const outcome = ok ? 'succeeded' : 'failed';
    const settled: AutomationRun = { ...run, settledAt: this.#deps.clock.now(), outcome, detail: detail.slice(0, LONGEST_DETAIL) };
    return { settled, notice: ok || automation === null ? null : failure(automation, settled) };
  }

  async #settle(automation: Automation, run: AutomationRun, result: ActionResult): Promise<void> {
    const { store, clock, logger } = this.#deps;
    const { settled, notice } = this.#endOf(automation, run, result);
    if (!result.ok) logger.warn('an automation failed', { automation: run.automation, run: run.id, detail: settled.detail });
    for (;;) {
      try {
        await store.finish(settled, notice);
        return;
      } catch (error) {
        logger.warn('the end of a run could not be stored yet', { run: run.id, error });
        await clock.sleep(STORE_RETRY_MS, this.#closing.signal);
      }
    }
  }

  async #searchSwap(automation: Automation, run: AutomationRun): Promise<SwapId | null> {
    const cluster = clusterOf(automation);
    if (cluster === null) return null;
    const swaps = await this.#deps.core.swaps({ cluster, limit: SEARCHED_SWAPS });
    const own = swaps.find(({ requestedBy, reason }) => requestedBy === requesterOf(automation) && reason === reasonOf(run));
    return own?.id ?? null;
  }
}

/** The cluster that an automation works on; `null`: on none, or on all. */
export function clusterOf({ action }: Pick<Automation, 'action'>): ClusterKey | null {
  return action.type === 'swap' || action.type === 'warm' ? action.cluster : null;
}

const failure = (automation: Automation, run: AutomationRun): Notice => ({
  at: run.settledAt ?? run.startedAt,
  type: 'automation_failed',
  cluster: clusterOf(automation),
  automation: { id: automation.id, name: automation.name },
  run,
});

export const byHand = ({ name }: Actor, audit: AuditEntry): RunCause => ({ scheduledFor: null, startedBy: name, about: null, audit });
