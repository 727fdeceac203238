import type {
  CalendarQuery,
  RunListQuery,
  Static,
  WireAutomation,
  WireAutomationList,
  WireAutomationRun,
  WireAutomationRunList,
  WireCalendar,
  WireChangeAutomation,
  WireCreateAutomation,
  WireRegisterSchedule,
  WireSchedule,
} from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

export type CalendarFilter = Static<typeof CalendarQuery>;
export type RunFilter = Static<typeof RunListQuery>;

/** What others plan. Spark Control shows it and never runs it. */
export type SchedulesApi = Readonly<{
  /** Inserts, or registers again under the same id. */
  register(id: string, body: WireRegisterSchedule, options?: CallOptions): Promise<WireSchedule>;
  calendar(filter?: CalendarFilter, options?: CallOptions): Promise<WireCalendar>;
  remove(id: string, options?: CallOptions): Promise<void>;
}>;

/** What Spark Control itself does at given times. */
export type AutomationsApi = Readonly<{
  list(options?: CallOptions): Promise<WireAutomationList>;
  get(id: string, options?: CallOptions): Promise<WireAutomation>;
  create(body: WireCreateAutomation, options?: CallOptions): Promise<WireAutomation>;
  change(id: string, body: WireChangeAutomation, options?: CallOptions): Promise<WireAutomation>;
  remove(id: string, options?: CallOptions): Promise<void>;
  /** Starts a run and does not wait for it. */
  run(id: string, options?: CallOptions): Promise<WireAutomationRun>;
  runs(id: string, filter?: RunFilter, options?: CallOptions): Promise<WireAutomationRunList>;
}>;

export function createSchedulesApi(transport: Transport): SchedulesApi {
  const base = '/api/schedules';
  const path = (id: string): string => `${base}/${encodeURIComponent(id)}`;
  return {
    register: (id, body, options) => transport.call({ method: 'PUT', path: path(id), body }, options),
    calendar: (filter = {}, options) => transport.call({ method: 'GET', path: base, query: filter }, options),
    remove: (id, options) => transport.call({ method: 'DELETE', path: path(id), goneCode: 'SCHEDULE_NOT_FOUND' }, options),
  };
}

export function createAutomationsApi(transport: Transport): AutomationsApi {
  const base = '/api/automations';
  const path = (id: string): string => `${base}/${encodeURIComponent(id)}`;
  return {
    list: (options) => transport.call({ method: 'GET', path: base }, options),
    get: (id, options) => transport.call({ method: 'GET', path: path(id) }, options),
    create: (body, options) => transport.call({ method: 'POST', path: base, body }, options),
    change: (id, body, options) => transport.call({ method: 'PATCH', path: path(id), body }, options),
    remove: (id, options) => transport.call({ method: 'DELETE', path: path(id), goneCode: 'AUTOMATION_NOT_FOUND' }, options),
    run: (id, options) => transport.call({ method: 'POST', path: `${path(id)}/run`, body: {} }, options),
    runs: (id, filter = {}, options) => transport.call({ method: 'GET', path: `${path(id)}/runs`, query: filter }, options),
  };
}
