import { clusterKey, type Issue, modelKey, type NewSchedule, type ScheduleDesk, type Span, scheduleKey } from '@spark-control/core';
import {
  CalendarQuery,
  Calendar as CalendarSchema,
  IdParams,
  RegisteredSchedule,
  RegisterScheduleBody,
  type WireCalendar,
  type WireRegisteredSchedule,
  type WireRegisterSchedule,
} from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { defaultClusterOf } from '../clusters/default-cluster.ts';
import { actorOf } from '../middleware/caller.ts';
import { MOMENT_EXPECTED, momentOf } from '../moment.ts';
import { defineRoute, json, noContent, type Route } from '../routing/route.ts';
import { invalidRequest } from '../routing/validator.ts';
import { timestamp } from '../wire-time.ts';
import { occurrenceView, scheduleView } from './view.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
const MOST_DAYS = 400;
const tag = 'schedules';

/** What others plan: they register it, everybody sees it, and it is never run from here. */
export function scheduleRoutes(context: ApiContext): readonly Route[] {
  const { schedules } = context;
  const register = defineRoute({
    method: 'PUT',
    path: '/api/schedules/{id}',
    operationId: 'registerSchedule',
    summary: 'Register what you plan, or register it again; the id is yours to choose, and only its owner may register it again',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: RegisterScheduleBody,
    responses: {
      200: { description: 'Registered again', schema: RegisteredSchedule },
      201: { description: 'Registered', schema: RegisteredSchedule },
    },
    errors: ['CLUSTER_NOT_FOUND', 'READ_ONLY', 'STORE_UNAVAILABLE'],
    async handle({ params, body, request }) {
      const asked = newScheduleOf(params.id, body, clusterMeant(context));
      const { schedule, isNew, warnings } = await schedules.register(asked, actorOf(request));
      const view: WireRegisteredSchedule = { ...scheduleView(schedule, schedules.isStale(schedule)), warnings: [...warnings] };
      return json(isNew ? 201 : 200, view);
    },
  });

  const calendar = defineRoute({
    method: 'GET',
    path: '/api/schedules',
    operationId: 'getCalendar',
    summary: `What is planned, and what is in its way: other plans, swaps of automations, locks of others. The next ${DEFAULT_DAYS} days, or up to ${MOST_DAYS} of your choice`,
    tag,
    scope: 'read',
    params: null,
    query: CalendarQuery,
    body: null,
    responses: { 200: { description: 'Occurrences, by start, and the registrations they come from', schema: CalendarSchema } },
    errors: ['STORE_UNAVAILABLE'],
    async handle({ query }) {
      return json(200, await calendarView(schedules, spanOf(query, context.clock.now()), query.cluster ?? null));
    },
  });

  const remove = defineRoute({
    method: 'DELETE',
    path: '/api/schedules/{id}',
    operationId: 'removeSchedule',
    summary: 'Take a schedule off the calendar',
    tag,
    scope: 'control',
    params: IdParams,
    query: null,
    body: null,
    responses: { 204: { description: 'It is gone', schema: null } },
    errors: ['SCHEDULE_NOT_FOUND', 'STORE_UNAVAILABLE'],
    async handle({ params, request }) {
      await schedules.remove(scheduleKey(params.id), actorOf(request));
      return noContent();
    },
  });
  return [register, calendar, remove];
}

async function calendarView(desk: ScheduleDesk, span: Span, cluster: string | null): Promise<WireCalendar> {
  const { occurrences, cutAt } = await desk.calendar(span, cluster === null ? null : clusterKey(cluster));
  const registrations = (await desk.registrations()).filter((schedule) => cluster === null || schedule.cluster === cluster);
  return {
    items: occurrences.map(occurrenceView),
    next_cursor: null,
    from: timestamp(span.start),
    to: timestamp(span.end),
    cut_at: cutAt === null ? null : timestamp(cutAt),
    schedules: registrations.map((schedule) => scheduleView(schedule, desk.isStale(schedule))),
  };
}

/** The one that a swap would mean; `null` where there is none of that name. */
function clusterMeant({ core }: ApiContext): string | null {
  const meant = defaultClusterOf(core);
  return core.clusters.some(({ key }) => key === meant) ? meant : null;
}

function newScheduleOf(id: string, body: WireRegisterSchedule, defaultCluster: string | null): NewSchedule {
  const { owner, title, model, cron, timezone = 'UTC', windows = [], url } = body;
  const cluster = body.cluster === undefined ? defaultCluster : body.cluster;
  return {
    id: scheduleKey(id),
    owner,
    title,
    cluster: cluster === null ? null : clusterKey(cluster),
    model: model == null ? null : modelKey(model),
    cron: cron ?? null,
    timezone,
    windows: windows.map(({ start, end }, index) => ({
      start: requiredMoment(start, `/windows/${index}/start`),
      end: requiredMoment(end, `/windows/${index}/end`),
    })),
    durationMs: (body.duration_seconds ?? 0) * 1_000,
    url: url ?? null,
    expiresAfterMs: body.expires_after_seconds == null ? null : body.expires_after_seconds * 1_000,
  };
}

/** @throws {SparkError} INVALID_REQUEST */
function spanOf({ from, to }: Readonly<{ from?: string; to?: string }>, now: number): Span {
  const start = from === undefined ? now : requiredMoment(from, '/query/from');
  const end = to === undefined ? start + DEFAULT_DAYS * DAY_MS : requiredMoment(to, '/query/to');
  if (end <= start) {
    const than = from === undefined ? 'now' : '`from`';
    throw invalid({ path: '/query/to', code: 'ends_before_start', message: `must be later than ${than}` });
  }
  if (end - start > MOST_DAYS * DAY_MS) {
    throw invalid({ path: '/query/to', code: 'too_large', message: `must be at most ${MOST_DAYS} days after the start` });
  }
  return { start, end };
}

/** The schema has looked at it before; this is for the type, and for a schema that would forget to. */
function requiredMoment(text: string, path: string): number {
  const moment = momentOf(text);
  if (moment === null) throw invalid({ path, code: 'format', message: MOMENT_EXPECTED });
  return moment;
}

const invalid = (issue: Issue) => invalidRequest([issue]);
