import type { ClusterKey, ModelKey } from '../ids.ts';
import type { Activity } from '../ports/model-activity.ts';
import type { Serving } from '../swap/swap.ts';

/** The model that a cluster goes back to, and when. */
export type DefaultModelRule = Readonly<{
  cluster: ClusterKey;
  model: ModelKey;
  afterLockRelease: boolean;
  /** Without a request for this long; `null`: never. */
  afterIdleMs: number | null;
  afterReboot: boolean;
}>;

export type Occasion = 'lock_release' | 'idle' | 'reboot';

/** Time in which somebody may take the lock or ask for a swap; after a reboot also for containers that start by themselves. */
export const GRACE_MS: Readonly<Record<Occasion, number>> = { lock_release: 5_000, idle: 0, reboot: 30_000 };
/** Pauses after a failed try. There is one try more than pauses. */
export const RETRY_PAUSES_MS: readonly number[] = [60_000, 300_000];

/** What one look at a cluster shows. `at` is monotonic. */
export type Scene = Readonly<{
  at: number;
  serving: Serving;
  /** Somebody holds the lock, or waits for it. */
  isLocked: boolean;
  /** A swap runs or is queued. */
  isSwapping: boolean;
  /** Seconds since each host booted, by host; without those that cannot be asked. */
  uptimes: Readonly<Record<string, number>>;
  /** `not_asked` in this look; `no_answer` is never read as idle. */
  activity: Activity | 'not_asked' | 'no_answer';
}>;

/** What happened between two looks. `lock_ended`: one that somebody took. `decided`: somebody asked for a swap. */
export type Happening = Readonly<
  { kind: 'lock_ended' } | { kind: 'decided' } | { kind: 'rebooted' } | { kind: 'tried'; result: 'ready' | 'failed' | 'given_up' }
>;

export type Pending = Readonly<{ occasion: Occasion; since: number; tries: number; notBefore: number }>;

export type DefaultModelState = Readonly<{
  pending: Pending | null;
  /** Since when nobody has used what serves; `null`: somebody does, or nobody knows. */
  quietSince: number | null;
  /** The idle rule has failed, or was overruled, and waits for a change. */
  isIdleSpent: boolean;
  finished: number | null;
  uptimes: Readonly<Record<string, number>>;
  /** What served when it was last known; `wasAway`: it has been unknown since. */
  lastKnown: Serving | null;
  wasAway: boolean;
  /** All tries of the last occasion have failed. */
  hasGivenUp: boolean;
}>;

export const INITIAL_STATE: DefaultModelState = {
  pending: null,
  quietSince: null,
  isIdleSpent: false,
  finished: null,
  uptimes: {},
  lastKnown: null,
  wasAway: false,
  hasGivenUp: false,
};

/** The state after something happened. Pure, as all of this module. */
export function afterHappening(rule: DefaultModelRule, state: DefaultModelState, happening: Happening, at: number): DefaultModelState {
  switch (happening.kind) {
    case 'lock_ended':
      return rule.afterLockRelease ? withOccasion(state, 'lock_release', at) : state;
    case 'rebooted':
      return rule.afterReboot ? withOccasion(state, 'reboot', at) : state;
    case 'decided':
      // Whoever asks for a swap, or to unload, has decided: only a new occasion may overrule that.
      return { ...state, pending: null, quietSince: null, isIdleSpent: false, lastKnown: null, wasAway: false, hasGivenUp: false };
    case 'tried':
      return afterTry(state, happening.result, at);
    default:
      return happening satisfies never;
  }
}

function withOccasion(state: DefaultModelState, occasion: Occasion, at: number): DefaultModelState {
  return { ...state, hasGivenUp: false, pending: { occasion, since: at, tries: 0, notBefore: at } };
}

function afterTry(state: DefaultModelState, result: 'ready' | 'failed' | 'given_up', at: number): DefaultModelState {
  const { pending } = state;
  if (pending === null) return state; // somebody decided while it was tried
  const pause = result === 'failed' ? RETRY_PAUSES_MS[pending.tries] : undefined;
  if (pause !== undefined) return { ...state, pending: { ...pending, tries: pending.tries + 1, notBefore: at + pause } };
  return { ...state, pending: null, quietSince: null, isIdleSpent: result !== 'ready', hasGivenUp: result === 'failed' };
}

/** The state after a look, and whether the default model is to be brought back now. */
export function afterLook(
  rule: DefaultModelRule,
  before: DefaultModelState,
  scene: Scene,
): Readonly<{ state: DefaultModelState; bringBack: boolean }> {
  const state = withIdleness(rule, withReboot(rule, before, scene), scene);
  const { pending } = state;
  if (pending === null) return { state, bringBack: false };
  if (isOver(rule, pending, scene)) return { state: { ...state, pending: null, hasGivenUp: false }, bringBack: false };
  // Whoever holds the lock or swaps is not disturbed, and has the grace anew afterwards.
  if (scene.isLocked || scene.isSwapping || scene.serving.kind === 'unknown') {
    return { state: { ...state, pending: { ...pending, since: scene.at } }, bringBack: false };
  }
  const bringBack = scene.at >= pending.notBefore && scene.at - pending.since >= GRACE_MS[pending.occasion];
  return { state, bringBack };
}

/** Whether nothing is left to do, or what serves is not to be replaced. */
function isOver(rule: DefaultModelRule, { occasion }: Pending, { serving }: Scene): boolean {
  if (serving.kind === 'unmanaged') return true;
  if (serving.kind !== 'model') return false;
  // A model that serves after a reboot was put there by somebody.
  return serving.model === rule.model || occasion === 'reboot';
}

function withReboot(rule: DefaultModelRule, state: DefaultModelState, { at, serving, uptimes, isSwapping }: Scene): DefaultModelState {
  const hasRestarted = Object.entries(uptimes).some(([host, seconds]) => seconds < (state.uptimes[host] ?? 0));
  const isKnown = serving.kind !== 'unknown';
  const cameBackEmpty = isKnown && !isSwapping && state.wasAway && serving.kind === 'nothing' && state.lastKnown?.kind === 'model';
  const next: DefaultModelState = {
    ...state,
    uptimes: { ...state.uptimes, ...uptimes },
    // What comes and goes in the middle of a swap was meant to.
    lastKnown: isSwapping ? null : isKnown ? serving : state.lastKnown,
    wasAway: !isSwapping && !isKnown && (state.wasAway || state.lastKnown !== null),
  };
  return rule.afterReboot && (hasRestarted || cameBackEmpty) ? withOccasion(next, 'reboot', at) : next;
}

function withIdleness(rule: DefaultModelRule, state: DefaultModelState, scene: Scene): DefaultModelState {
  const { afterIdleMs, model } = rule;
  if (afterIdleMs === null) return state;
  const { serving, at, activity } = scene;
  const mayBeIdle = serving.kind === 'nothing' || (serving.kind === 'model' && serving.model !== model);
  if (!mayBeIdle || scene.isLocked || scene.isSwapping) return { ...withoutIdle(state), quietSince: null, finished: null };
  if (serving.kind === 'model' && activity === 'not_asked') return state;
  const finished = typeof activity === 'object' ? activity.finished : null;
  const isQuiet = serving.kind === 'nothing' || isUnused(activity, state.finished);
  if (!isQuiet) {
    return { ...withoutIdle(state), quietSince: null, isIdleSpent: activity === 'no_answer' && state.isIdleSpent, finished };
  }
  const quietSince = state.quietSince ?? at;
  const next = { ...state, quietSince, finished };
  if (state.pending !== null || state.isIdleSpent || at - quietSince < afterIdleMs) return next;
  return withOccasion(next, 'idle', at);
}

/** Idle time has to be without a break up to the very try. */
const withoutIdle = (state: DefaultModelState): DefaultModelState =>
  state.pending?.occasion === 'idle' ? { ...state, pending: null } : state;

/** A counter that moved, also backwards by a restart of the server, tells of a request between two looks. */
function isUnused(activity: Scene['activity'], finishedBefore: number | null): boolean {
  if (typeof activity !== 'object' || activity.inFlight > 0) return false;
  return finishedBefore === null || activity.finished === finishedBefore;
}
