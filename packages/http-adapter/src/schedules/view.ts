import type { Conflict, Occurrence, Schedule, Span } from '@spark-control/core';
import type { WireConflict, WireOccurrence, WireSchedule } from '@spark-control/schema';
import { timestamp } from '../wire-time.ts';

export function scheduleView(schedule: Schedule, isStale: boolean): WireSchedule {
  const { id, owner, title, cluster, model, cron, timezone, windows, durationMs, url, expiresAfterMs, registeredAt, createdAt } = schedule;
  return {
    id,
    owner,
    title,
    cluster,
    model,
    cron,
    timezone,
    windows: windows.map(spanView),
    duration_seconds: durationMs === 0 ? null : durationMs / 1_000,
    url,
    expires_after_seconds: expiresAfterMs === null ? null : expiresAfterMs / 1_000,
    stale: isStale,
    registered_at: timestamp(registeredAt),
    created_at: timestamp(createdAt),
  };
}

export function occurrenceView({ schedule, span, isStale, conflicts }: Occurrence): WireOccurrence {
  const { id, owner, title, cluster, model, url } = schedule;
  return { schedule: id, owner, title, cluster, model, url, stale: isStale, ...spanView(span), conflicts: conflicts.map(conflictView) };
}

const conflictView = ({ kind, with: other, detail, overlap }: Conflict): WireConflict => ({
  kind,
  with: other,
  detail,
  ...spanView(overlap),
});

const spanView = ({ start, end }: Span): { start: string; end: string } => ({ start: timestamp(start), end: timestamp(end) });
