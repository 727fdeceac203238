import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { table, time } from '../text.ts';

export const scheduleList = defineCommand({
  name: 'schedule list',
  summary: 'Show what others plan, with conflicts',
  arguments: [],
  options: {
    from: { type: 'string', value: 'TIME', help: 'as 2026-11-21T00:00:00Z; now when not given' },
    to: { type: 'string', value: 'TIME', help: 'up to then; a week when not given' },
  },
  examples: [['schedule list', 'the days to come']],
  async run({ values: { from, to }, out, signal, connect }) {
    const { client, settings } = connect();
    const calendar = await client.schedules.calendar(
      {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(settings.cluster !== null && { cluster: settings.cluster }),
      },
      { signal },
    );
    out.result(calendar, ({ items, schedules }) => {
      const rows = items.map(({ start, end, schedule, owner, model, stale, conflicts }) => [
        time(start),
        time(end),
        schedule,
        owner,
        model ?? '-',
        [...(stale ? ['stale'] : []), ...conflicts.map(({ detail }) => detail)].join('; '),
      ]);
      const idle = schedules.filter(({ id }) => !items.some(({ schedule }) => schedule === id)).map(({ id }) => id);
      return [
        table([['FROM', 'TO', 'SCHEDULE', 'OWNER', 'MODEL', 'NOTE'], ...rows]),
        ...(idle.length === 0 ? [] : [`not in this time: ${idle.join(', ')}`]),
      ].join('\n');
    });
    return EXIT.ok;
  },
});

export const scheduleRemove = defineCommand({
  name: 'schedule remove',
  summary: 'Take a registration back',
  arguments: [{ name: 'ID' }],
  options: {},
  examples: [['schedule remove nightly-eval', 'it will not run any more']],
  async run({ args: [id = ''], out, signal, connect }) {
    await connect().client.schedules.remove(id, { signal });
    out.result({ removed: id }, () => `${id} is removed`);
    return EXIT.ok;
  },
});
