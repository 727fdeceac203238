import type { WireAutomation, WireAutomationRun } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { limitOf, moreLine } from '../paging.ts';
import { table, time } from '../text.ts';

export const automationsList = defineCommand({
  name: 'automations list',
  summary: 'Show what Spark Control does by itself, and when',
  arguments: [],
  options: {},
  examples: [['automations list', 'each with its next and its last run']],
  async run({ out, signal, connect }) {
    out.result(await connect().client.automations.list({ signal }), ({ items }) =>
      table([['AUTOMATION', 'NAME', 'ACTION', 'WHEN', 'NEXT', 'LAST'], ...items.map(automationRow)]),
    );
    return EXIT.ok;
  },
});

export const automationsRun = defineCommand({
  name: 'automations run',
  summary: 'Run an automation now',
  arguments: [{ name: 'AUTOMATION' }],
  options: {},
  details:
    'It is started and not waited for; "automations runs" shows what became of it. Ends with 4 when a run of it is going, since then\n' +
    'none is started.',
  examples: [['automations run aut_01J...', 'now, whatever its time']],
  async run({ args: [id = ''], out, signal, connect }) {
    const run = await connect().client.automations.run(id, { signal });
    const isSkipped = run.outcome === 'skipped';
    out.result(run, ({ id: started, swap_id, detail }) =>
      isSkipped ? `${started} was skipped: ${detail ?? ''}` : `${started} has begun${swap_id === null ? '' : `, swap ${swap_id}`}`,
    );
    return isSkipped ? EXIT.busy : EXIT.ok;
  },
});

export const automationsRuns = defineCommand({
  name: 'automations runs',
  summary: 'List the runs of an automation, newest first',
  arguments: [{ name: 'AUTOMATION' }],
  options: {
    limit: { type: 'string', value: 'N', help: 'how many, to 200; 20 when not given' },
    cursor: { type: 'string', value: 'CURSOR', help: 'where the page before said that the next one begins' },
  },
  examples: [['automations runs aut_01J... --limit 5', 'the last five']],
  async run({ args: [id = ''], values, out, signal, connect }) {
    const filter = { limit: limitOf(values.limit), ...(values.cursor !== undefined && { cursor: values.cursor }) };
    const page = await connect().client.automations.runs(id, filter, { signal });
    out.result(page, ({ items, next_cursor }) =>
      [table([['STARTED', 'RUN', 'OUTCOME', 'SWAP', 'BY', 'DETAIL'], ...items.map(runRow)]), ...moreLine(next_cursor)].join('\n'),
    );
    return EXIT.ok;
  },
});

function automationRow({ id, name, action, cron, timezone, enabled, next_run_at, last_run }: WireAutomation): readonly string[] {
  const last = last_run === null ? '-' : `${last_run.outcome ?? 'running'} ${time(last_run.started_at)}`;
  return [id, name, String(action['type']), `${cron} ${timezone}`, enabled ? time(next_run_at) : 'switched off', last];
}

const runRow = ({ started_at, id, outcome, swap_id, started_by, detail }: WireAutomationRun): readonly string[] => [
  time(started_at),
  id,
  outcome ?? 'running',
  swap_id ?? '-',
  started_by,
  detail ?? '',
];
