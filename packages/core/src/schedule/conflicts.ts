import type { ClusterKey } from '../ids.ts';
import type { Claim } from './claims.ts';
import type { Planned } from './expand.ts';
import { overlaps } from './overlaps.ts';
import type { Conflict, Occurrence, Schedule, Span } from './schedule.ts';

/**
 * Says of each planned time what else claims its cluster then: other planned times, one of its own schedule included, and
 * `claims`. A schedule without a cluster is in nobody's way, and the lock of a schedule's own owner is not in its way. At most
 * {@link MAX_OVERLAPS} of each kind are named.
 */
export function withConflicts(
  planned: readonly Planned[],
  claims: readonly Claim[],
  isStale: (schedule: Schedule) => boolean,
): readonly Occurrence[] {
  const found = new Map<Planned, readonly Conflict[]>();
  for (const [cluster, here] of byCluster(planned)) {
    const inTheWay = claims.filter((claim) => claim.cluster === cluster);
    for (const [item, conflicts] of conflictsOn(here, inTheWay)) found.set(item, conflicts);
  }
  return planned.map((item) => ({ ...item, isStale: isStale(item.schedule), conflicts: found.get(item) ?? [] }));
}

/** A plan of every minute would bury what else there is to know. */
const MAX_UPCOMING = 10;

/** What is planned on a cluster from now on, for who is about to change it. */
export type Upcoming = Readonly<{ occurrence: Occurrence; detail: string }>;

/** The first occurrences on `cluster` that last at `now` or begin before `until` (both ms since the epoch), by start. */
export function upcomingConflicts(
  occurrences: readonly Occurrence[],
  cluster: ClusterKey,
  now: number,
  until: number,
): readonly Upcoming[] {
  return occurrences
    .filter(({ schedule, span }) => schedule.cluster === cluster && span.end > now && span.start < until)
    .sort((a, b) => a.span.start - b.span.start)
    .slice(0, MAX_UPCOMING)
    .map((occurrence) => ({ occurrence, detail: upcomingText(occurrence, now) }));
}

function upcomingText({ schedule: { owner, title, model }, span, isStale }: Occurrence, now: number): string {
  const what = model === null ? `"${title}"` : `${model} ("${title}")`;
  const when = span.start <= now ? `now, until ${isoOf(span.end)}` : `at ${isoOf(span.start)}`;
  return `${owner} plans ${what} on this cluster ${when}${isStale ? '; it was not registered again in time, so this may be off' : ''}`;
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

function byCluster(planned: readonly Planned[]): ReadonlyMap<ClusterKey, readonly Planned[]> {
  const clusters = new Map<ClusterKey, Planned[]>();
  for (const item of planned) {
    const { cluster } = item.schedule;
    if (cluster === null) continue;
    const known = clusters.get(cluster);
    if (known === undefined) clusters.set(cluster, [item]);
    else known.push(item);
  }
  return clusters;
}

function conflictsOn(planned: readonly Planned[], claims: readonly Claim[]): readonly (readonly [Planned, readonly Conflict[]])[] {
  const spans = planned.map(({ span }) => span);
  const others = overlaps(spans, spans);
  const claimSpans = claims.map(({ span }) => span);
  const claimed = overlaps(spans, claimSpans);
  return planned.map((item, index) => {
    const conflicts = (others[index] ?? []).flatMap((at) => scheduleConflict(item, planned[at]));
    return [item, [...(claimed[index] ?? []).flatMap((at) => claimConflict(item, claims[at])), ...conflicts]];
  });
}

function scheduleConflict({ span }: Planned, other: Planned | undefined): readonly Conflict[] {
  if (other === undefined) return [];
  const { id, owner, title, model } = other.schedule;
  const what = model === null ? `"${title}"` : `${model} ("${title}")`;
  return [{ kind: 'schedule', with: id, detail: `${owner} plans ${what}`, overlap: common(span, other.span) }];
}

function claimConflict({ schedule, span }: Planned, claim: Claim | undefined): readonly Conflict[] {
  if (claim === undefined || isOwn(claim, schedule)) return [];
  return [{ kind: claim.kind, with: claim.with, detail: claim.detail, overlap: common(span, claim.span) }];
}

/** With API keys the holder of a lock is the name of the key, then a slash and the name that was given. */
const isOwn = ({ holder }: Claim, { owner }: Schedule): boolean => holder !== null && (holder === owner || holder.endsWith(`/${owner}`));

const common = (a: Span, b: Span): Span => ({ start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) });
