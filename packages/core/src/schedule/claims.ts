import type { ClusterKey, ModelKey } from '../ids.ts';
import type { LockView } from '../lock/lease.ts';
import type { CronCalendar } from '../ports/cron-calendar.ts';
import type { Automation } from './automation.ts';
import { earliestFirst } from './earliest-first.ts';
import { cronSpans } from './expand.ts';
import type { ConflictKind, Span } from './schedule.ts';

/** How long a swap is taken to last when nobody knows, and a lock whose end nobody knows. */
export const DEFAULT_SWAP_MS = 600_000;
/** An automation of every minute has ten thousand moments a week. */
const MAX_CLAIMS = 20_000;

/** Something other than a schedule that has a cluster to itself for some time. */
export type Claim = Readonly<{
  kind: Exclude<ConflictKind, 'schedule'>;
  with: string;
  detail: string;
  cluster: ClusterKey;
  span: Span;
  /** Who holds the lock; `null` for what is nobody's. */
  holder: string | null;
}>;

/** `cutAt`: complete only for what begins before that time; `null`: complete. */
export type Claims = Readonly<{ claims: readonly Claim[]; cutAt: number | null }>;

/** The locks that are held, from `now` on. One that ends with its swap is taken to last as long as a swap does. */
export function lockClaims(views: readonly LockView[], now: number): readonly Claim[] {
  return views.flatMap(({ cluster, lock }): readonly Claim[] => {
    if (lock === null) return [];
    const endsWithSwap = lock.expiresAt === null || lock.expiresAt <= now;
    const span = { start: now, end: endsWithSwap ? now + DEFAULT_SWAP_MS : (lock.expiresAt ?? now) };
    const until = endsWithSwap ? 'until its swap has settled' : `until ${new Date(span.end).toISOString()}`;
    const why = lock.reason === null ? '' : ` (${lock.reason})`;
    return [
      { kind: 'lock', with: lock.holder, detail: `${lock.holder} holds the lock ${until}${why}`, cluster, span, holder: lock.holder },
    ];
  });
}

/** The swap that an automation makes, if it may make one. */
export function plannedSwap({ enabled, action }: Automation): Readonly<{ cluster: ClusterKey; model: ModelKey | null }> | null {
  if (!enabled) return null;
  if (action.type === 'swap') return action;
  return action.type === 'warm' && action.launch ? action : null;
}

/** Swaps that automations will start, by start. `expectedMs` says how long one is likely to take. */
export function automationClaims(
  automations: readonly Automation[],
  within: Span,
  calendar: CronCalendar,
  expectedMs: (cluster: ClusterKey, model: ModelKey | null) => number,
): Claims {
  const sources = automations.map((automation) => claimsOf(automation, within, calendar, expectedMs));
  const claims: Claim[] = [];
  for (const claim of earliestFirst(sources, ({ span }) => span.start)) {
    if (claims.length >= MAX_CLAIMS) return { claims, cutAt: claim.span.start };
    claims.push(claim);
  }
  return { claims, cutAt: null };
}

function* claimsOf(
  automation: Automation,
  within: Span,
  calendar: CronCalendar,
  expectedMs: (cluster: ClusterKey, model: ModelKey | null) => number,
): Generator<Claim> {
  const swap = plannedSwap(automation);
  if (swap === null) return;
  const { id, name, cron, timezone } = automation;
  const detail = swap.model === null ? `Automation "${name}" unloads` : `Automation "${name}" loads ${swap.model}`;
  const durationMs = expectedMs(swap.cluster, swap.model);
  for (const span of cronSpans({ cron, timezone, durationMs }, within, calendar)) {
    yield { kind: 'automation', with: id, detail, cluster: swap.cluster, span, holder: null };
  }
}
