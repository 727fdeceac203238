import { type Child, h } from '../dom.ts';
import type { CalendarView, DayView, Entry, Registration } from '../view-models/calendar.ts';
import { curlOf } from '../view-models/curl.ts';
import { mark } from '../view-models/mark.ts';
import { ScElement } from './element.ts';
import { curlPart, emptyPart, failedPart, markPart, outsideLink, tablePart, waitPart } from './parts.ts';

const HOURS = [0, 6, 12, 18];

/** What others plan with the GPU in the next seven days. Read-only: a schedule belongs to who registered it. */
export class ScCalendar extends ScElement<CalendarView> {
  protected draw(view: CalendarView): readonly Child[] {
    return [
      h(
        'div',
        { class: 'screen-head' },
        h('h1', { tabindex: '-1' }, 'Calendar'),
        h('span', { class: 'muted small push', role: 'status' }, view.summary),
      ),
      view.problem !== null && failedPart(view.problem),
      !view.isKnown && view.problem === null && waitPart(),
      ...(view.isKnown ? this.#body(view) : []),
    ];
  }

  #body({ days, registrations, cluster, cut }: CalendarView): readonly Child[] {
    const planned = days.filter(({ entries }) => entries.length > 0);
    return [
      registrations.length > 0 && strip(days),
      registrations.length === 0
        ? emptyPart(
            'Nobody has registered a schedule',
            'A job that uses the GPU can say when, so that others plan around it. Spark Control shows it and never runs it:',
            curlPart(curlOf(location.origin, '/api/schedules/nightly-evaluation', example(cluster), 'PUT')),
          )
        : planned.length === 0 && emptyPart('Nothing in the next seven days', 'No registered schedule takes place in this time.'),
      ...planned.map(dayPart),
      cut !== null && h('p', { key: 'cut', class: 'muted' }, `There is more planned than is listed, from ${cut} on.`),
      registrations.length > 0 &&
        h(
          'section',
          { key: 'registrations', class: 'block' },
          h('h2', null, 'Registered schedules'),
          tablePart('schedules', 'Registered schedules', COLUMNS, registrations.map(registrationRow)),
        ),
    ];
  }
}

const example = (cluster: string): unknown => ({
  owner: 'cron on build-1',
  title: 'Nightly evaluation',
  cluster,
  cron: '0 2 * * *',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  duration_seconds: 5400,
});

/** Seven rows of 24 hours. A picture only: all that it shows is in the lists below. */
const strip = (days: readonly DayView[]): HTMLElement =>
  h(
    'div',
    { key: 'strip', class: 'card strip' },
    h(
      'div',
      { class: 'strip-hours', 'aria-hidden': 'true' },
      ...HOURS.map((hour) => h('span', { class: 'muted small num', vars: { '--from': `${(hour / 24) * 100}%` } }, `${hour}:00`)),
    ),
    ...days.map((day) =>
      h(
        'div',
        { key: day.key, class: 'strip-day', role: 'img', 'aria-label': `${day.name}: ${day.summary}` },
        h('span', { class: `strip-name small${day.nowPercent === null ? ' muted' : ''}` }, day.shortName),
        h(
          'div',
          { class: 'strip-track', vars: { '--lanes': String(day.lanes) } },
          ...day.blocks.map(({ key, from, length, lane, kind, title }) =>
            h('span', {
              key,
              class: `strip-block strip-${kind}`,
              title,
              vars: { '--from': `${from}%`, '--length': `${length}%`, '--lane': String(lane) },
            }),
          ),
          day.nowPercent !== null && h('span', { key: 'now', class: 'strip-now', vars: { '--from': `${day.nowPercent}%` } }),
        ),
      ),
    ),
    h(
      'p',
      { class: 'strip-legend small muted' },
      ...LEGEND.map(([kind, label]) => h('span', null, h('span', { class: `strip-key strip-${kind}`, 'aria-hidden': 'true' }), label)),
    ),
  );

const LEGEND = [
  ['plain', 'planned'],
  ['conflict', 'in conflict'],
  ['stale', 'stale registration'],
] as const;

const dayPart = ({ key, name, entries, hidden }: DayView): HTMLElement =>
  h(
    'section',
    { key, class: 'block' },
    h('h2', null, name),
    h('ul', { class: 'card rows entries' }, ...entries.map(entryPart)),
    hidden > 0 && h('p', { class: 'muted' }, `and ${hidden} more`),
  );

const entryPart = (entry: Entry): HTMLElement =>
  h(
    'li',
    { key: entry.key, class: 'entry' },
    h('span', { class: 'num entry-time' }, entry.time),
    h(
      'div',
      null,
      h(
        'p',
        { class: 'model-name' },
        outsideLink(entry.url, entry.title),
        entry.isStale && h('span', { class: 'badge simulated' }, 'stale'),
        h('span', { class: 'muted small num' }, entry.length),
      ),
      h('p', { class: 'muted small' }, entry.about.join(' · ')),
      ...entry.conflicts.map((conflict) => h('p', { class: 'conflict' }, markPart(mark('warn', 'conflict')), ' ', conflict)),
    ),
  );

const COLUMNS = [
  ['Schedule', ''],
  ['State', 'col-state'],
  ['When', 'col-mid'],
  ['Registered', 'col-mid'],
] as const;

const registrationRow = ({ id, title, url, owner, when, mark: state, seen }: Registration): HTMLElement =>
  h(
    'tr',
    { key: id },
    h(
      'th',
      { scope: 'row' },
      h('span', { class: 'model-name' }, outsideLink(url, title)),
      h('span', { class: 'model-sub muted small' }, h('code', null, id), h('span', null, owner)),
      h('span', { class: 'model-narrow muted small' }, `${when} · ${seen}`),
    ),
    h('td', { class: 'col-state' }, markPart(state)),
    h('td', { class: 'col-mid' }, h('code', null, when)),
    h('td', { class: 'col-mid muted' }, seen),
  );
