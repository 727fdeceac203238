import type { WireRegisterSchedule } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { parseSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';

export const scheduleRegister = defineCommand({
  name: 'schedule register',
  summary: 'Tell others when your job will need the GPUs',
  arguments: [{ name: 'ID' }],
  options: {
    title: { type: 'string', value: 'TEXT', help: 'what it is; the id when not given' },
    owner: { type: 'string', value: 'NAME', help: 'whose it is, USER@HOST when not given; only the owner may change it' },
    model: { type: 'string', value: 'MODEL', help: 'the model it needs' },
    cron: { type: 'string', value: 'CRON', help: 'when, as in a crontab: "0 3 * * *"' },
    timezone: { type: 'string', value: 'ZONE', help: 'of --cron; the zone of this machine when not given' },
    duration: { type: 'string', value: 'DURATION', help: 'how long each run takes, needed with --cron' },
    window: { type: 'string', value: 'START/END', help: 'one time it needs, as 2026-11-21T06:00:00Z/2026-11-21T08:00:00Z', multiple: true },
    link: { type: 'string', value: 'URL', help: 'where to read more about it' },
    'expires-after': { type: 'string', value: 'DURATION', help: 'counts as stale when it was not registered again for so long' },
  },
  details: 'Spark Control shows it and warns of conflicts; it never runs it. Registering the same ID again replaces it.',
  examples: [
    [
      'schedule register nightly-eval --model gpt-oss-120b --cron "0 3 * * *" --duration 90m',
      'each night at three, for an hour and a half',
    ],
    ['schedule register demo --window 2026-11-21T09:00:00Z/2026-11-21T10:00:00Z', 'once'],
  ],
  async run({ args: [id = ''], values, io, out, signal, connect }) {
    const { cron, window, duration, model, link } = values;
    if (cron === undefined && window.length === 0) throw new UsageError('schedule register needs --cron or --window');
    if (cron !== undefined && duration === undefined) throw new UsageError('--cron needs --duration: how long each run takes');
    const windows = window.map(windowOf);
    const seconds = duration === undefined ? null : parseSeconds(duration, '--duration', 1, 7 * 86_400);
    const expires =
      values['expires-after'] === undefined ? null : parseSeconds(values['expires-after'], '--expires-after', 60, 400 * 86_400);
    const { client, settings } = connect();
    const body: WireRegisterSchedule = {
      owner: values.owner ?? io.user,
      title: values.title ?? id,
      ...(settings.cluster !== null && { cluster: settings.cluster }),
      ...(model !== undefined && { model }),
      // The line stands in a crontab of this machine, whose times are those of this machine.
      ...(cron !== undefined && { cron, timezone: values.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone }),
      ...(windows.length > 0 && { windows }),
      ...(seconds !== null && { duration_seconds: seconds }),
      ...(link !== undefined && { url: link }),
      ...(expires !== null && { expires_after_seconds: expires }),
    };
    const made = await client.schedules.register(id, body, { signal });
    out.result(made, ({ id: key, owner, cron: line, timezone, windows: spans }) => {
      const when = line === null ? `${spans.length} window${spans.length === 1 ? '' : 's'}` : `"${line}" in ${timezone}`;
      return `${key} is registered for ${owner}: ${when}`;
    });
    return EXIT.ok;
  },
});

function windowOf(text: string): Readonly<{ start: string; end: string }> {
  const [start, end, more] = text.split('/');
  const isTime = (part: string | undefined): part is string => part !== undefined && !Number.isNaN(Date.parse(part));
  if (!isTime(start) || !isTime(end) || more !== undefined)
    throw new UsageError(`--window is START/END, such as 2026-11-21T06:00:00Z/2026-11-21T08:00:00Z, not "${text}"`);
  if (Date.parse(end) <= Date.parse(start)) throw new UsageError(`--window ${text} ends before it begins`);
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
