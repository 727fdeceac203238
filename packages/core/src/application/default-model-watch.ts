import { isSparkError } from '../errors.ts';
import type { LockView } from '../lock/lease.ts';
import type { Clock } from '../ports/clock.ts';
import {
  afterHappening,
  afterLook,
  type DefaultModelRule,
  type DefaultModelState,
  GRACE_MS,
  type Happening,
  INITIAL_STATE,
  type Occasion,
  type Scene,
} from '../schedule/default-model.ts';
import type { Swap } from '../swap/swap.ts';
import { endpointOf } from '../topology/cluster.ts';
import { isAutomation } from './action-context.ts';
import { awaitSwap } from './await-swap.ts';
import type { SparkCore } from './core-api.ts';
import type { DefaultModelDeps, DefaultModelStatus } from './default-model.ts';
import type { CoreEvent } from './events.ts';

export const DEFAULT_MODEL_REQUESTER = 'default-model';

const LOOK_EVERY_MS = 1_000;
const ASK_ACTIVITY_MS = 10_000;
/** Boot times are counted back from uptimes, by a wall clock that may have been corrected since. */
const BOOT_MARGIN_MS = 60_000;

const REASONS: Readonly<Record<Occasion, string>> = {
  lock_release: 'default model, after the lock was released',
  idle: 'default model, after a time without requests',
  reboot: 'default model, after a reboot',
};

type Tried = Extract<Happening, { kind: 'tried' }>['result'] | 'put_off';

/** Watches one cluster for its rule. It asks the arbiter as anybody would, without a lock: so it can never pass by one. */
export class DefaultModelWatch {
  readonly #rule: DefaultModelRule;
  readonly #deps: Omit<DefaultModelDeps, 'rules'>;
  readonly #closing = new AbortController();
  #state: DefaultModelState = INITIAL_STATE;
  /** The lock that somebody holds, by its fence. */
  #heldFence: number | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Wall time of the last end of a swap that left a model serving, until the first uptimes are known. */
  #servedSince: number | null = null;
  #unsubscribe: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(rule: DefaultModelRule, deps: Omit<DefaultModelDeps, 'rules'>) {
    this.#rule = rule;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { core, logger } = this.#deps;
    this.#unsubscribe = core.subscribe((event) => this.#hear(event));
    // From here on by events alone: they come in the order in which things happened, with the swaps in between.
    this.#seeLock(core.locks.view(this.#rule.cluster));
    const [last] = await core.swaps({ cluster: this.#rule.cluster, limit: 1, settled: true }).catch((error: unknown) => {
      logger.warn('what served last could not be read', { cluster: this.#rule.cluster, error });
      return [];
    });
    this.#servedSince = last?.serving?.kind === 'model' ? last.settledAt : null;
    this.#loop = this.#watch();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#closing.abort(new Error('the control plane stops'));
    await this.#loop;
  }

  status(): DefaultModelStatus {
    const { cluster, model } = this.#rule;
    const { pending, hasGivenUp } = this.#state;
    if (pending === null) return { cluster, model, pending, hasGivenUp };
    const { occasion, tries: failedTries, notBefore, since } = pending;
    const inMs = Math.max(0, Math.max(notBefore, since + GRACE_MS[occasion]) - this.#deps.clock.monotonic());
    return { cluster, model, pending: { occasion, failedTries, nextTryAt: this.#deps.clock.now() + inMs }, hasGivenUp };
  }

  #hear(event: CoreEvent): void {
    if (event.cluster !== this.#rule.cluster) return;
    if (event.kind === 'lock') this.#seeLock(event.lock);
    if (event.kind === 'swap' && isNew(event.swap) && event.swap.requestedBy !== DEFAULT_MODEL_REQUESTER) this.#happen({ kind: 'decided' });
  }

  /** A lock that stands for a swap, or that an automation took for a restart, is nobody's decision about the model. */
  #seeLock({ lock }: LockView): void {
    const held = lock !== null && !lock.implicit && !isAutomation(lock.holder) ? lock.fence : null;
    if (this.#heldFence !== null && this.#heldFence !== held) this.#happen({ kind: 'lock_ended' });
    this.#heldFence = held;
  }

  #happen(happening: Happening): void {
    this.#state = afterHappening(this.#rule, this.#state, happening, this.#deps.clock.monotonic());
  }

  async #watch(): Promise<void> {
    const { clock, logger, lookEveryMs = LOOK_EVERY_MS } = this.#deps;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        if (!signal.aborted) logger.error('the default model could not be looked after', { cluster: this.#rule.cluster, error });
      }
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const activity = await this.#askActivity();
    const scene = this.#scene(activity);
    if (scene === null) return;
    this.#seeBoot();
    const { state, bringBack } = afterLook(this.#rule, this.#state, scene);
    this.#state = state;
    const { pending } = state;
    if (!bringBack || pending === null) return;
    const result = await this.#bringBack(pending.occasion);
    if (result !== 'put_off') this.#happen({ kind: 'tried', result });
    if (this.#state.hasGivenUp) {
      const { cluster, model } = this.#rule;
      this.#deps.logger.warn('the default model could not be brought back; it is left alone until the next occasion', { cluster, model });
    }
  }

  #scene(activity: Scene['activity']): Scene | null {
    const { core, clock } = this.#deps;
    const { cluster } = this.#rule;
    const view = core.views().find((candidate) => candidate.cluster === cluster);
    if (view === undefined || view.observedAt === null) return null;
    const { state, lock, queue } = core.locks.view(cluster);
    const uptimes = core.hostReports().flatMap((report): readonly (readonly [string, number])[] => {
      if (report.cluster !== cluster || !report.reachable || report.facts.uptimeSeconds === null) return [];
      return [[report.host, report.facts.uptimeSeconds]];
    });
    return {
      at: clock.monotonic(),
      serving: view.serving,
      isLocked: state === 'draining' || (state === 'held' && lock?.implicit !== true) || queue.length > 0,
      isSwapping: view.activeSwap !== null || view.queued.length > 0 || lock?.implicit === true,
      uptimes: Object.fromEntries(uptimes),
      activity,
    };
  }

  /** Asked only where the idle rule needs it, and not at every look. */
  async #askActivity(): Promise<Scene['activity']> {
    const { core, clock, activity } = this.#deps;
    const { afterIdleMs, model, cluster: key } = this.#rule;
    const cluster = core.clusters.find((candidate) => candidate.key === key);
    const view = core.views().find((candidate) => candidate.cluster === key);
    if (afterIdleMs === null || cluster === undefined || view?.serving.kind !== 'model' || view.serving.model === model) return 'not_asked';
    if (view.activeSwap !== null || clock.monotonic() - this.#askedAt < Math.min(ASK_ACTIVITY_MS, afterIdleMs / 3)) return 'not_asked';
    this.#askedAt = clock.monotonic();
    try {
      return (await activity.activity(endpointOf(cluster), this.#closing.signal)) ?? 'no_answer';
    } catch {
      return 'no_answer';
    }
  }

  /** Once, with the first uptimes: whether a host booted while no control plane was there to see it. */
  #seeBoot(): void {
    if (this.#servedSince === null) return;
    const reports = this.#deps.core.hostReports().filter(({ cluster }) => cluster === this.#rule.cluster);
    const boots = reports.flatMap((report) => (report.reachable ? bootedAt(report.at, report.facts.uptimeSeconds) : []));
    if (boots.length === 0) return;
    if (Math.max(...boots) > this.#servedSince + BOOT_MARGIN_MS) this.#happen({ kind: 'rebooted' });
    this.#servedSince = null;
  }

  async #bringBack(occasion: Occasion): Promise<Tried> {
    const { core, clock, logger } = this.#deps;
    const { cluster, model } = this.#rule;
    logger.info('the default model is brought back', { cluster, model, occasion });
    try {
      const decision = await core.requestSwap(requestOf(this.#rule, occasion));
      switch (decision.kind) {
        case 'noop':
          return 'ready';
        case 'started':
        case 'queued':
          return await this.#endOf(core, clock, decision.swap.id);
        // Somebody came first: they have the cluster, and the occasion waits.
        case 'busy':
        case 'locked':
          return 'put_off';
        case 'unmanaged':
          return 'given_up';
        case 'lock_expired':
        case 'fenced_off':
          logger.warn('the default model was refused', { cluster, model, detail: decision.detail });
          return 'failed';
        case 'preflight_failed':
          logger.warn('the default model was refused', { cluster, model, issues: decision.issues });
          return 'failed';
        default:
          return decision satisfies never;
      }
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      logger.warn('the default model could not be asked for', { cluster, model, reason: isSparkError(error) ? error.message : error });
      return 'failed';
    }
  }

  async #endOf(core: SparkCore, clock: Clock, id: Parameters<SparkCore['swap']>[0]): Promise<Tried> {
    const swap = await awaitSwap(core, clock, id, this.#closing.signal);
    if (swap?.phase === 'ready') return 'ready';
    // A person who cancels it does not want it.
    return swap?.phase === 'cancelled' ? 'given_up' : 'failed';
  }
}

const requestOf = ({ cluster, model }: DefaultModelRule, occasion: Occasion) => ({
  cluster,
  model,
  requestedBy: DEFAULT_MODEL_REQUESTER,
  reason: REASONS[occasion],
  options: { drainSeconds: 30, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 0 },
  onBusy: 'reject' as const,
  lockId: null,
});

/** Asked for, or having its turn at last: one that was queued behind a lock is as good as asked for when that lock ends. */
const isNew = ({ phase }: Swap): boolean => phase === 'queued' || phase === 'validating';

function bootedAt(at: number, uptimeSeconds: number | null): readonly number[] {
  return uptimeSeconds === null ? [] : [at - uptimeSeconds * 1_000];
}
