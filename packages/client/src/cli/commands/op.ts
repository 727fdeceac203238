import { defineCommand } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { followOperation, operationLines, titleOf } from '../follow-operation.ts';
import { timeoutOf } from '../follow-swap.ts';
import { limitOf, moreLine } from '../paging.ts';
import { gib, plain, table, time } from '../text.ts';

const STATES = ['running', 'succeeded', 'failed', 'cancelled'] as const;

export const opList = defineCommand({
  name: 'op list',
  summary: 'List downloads, updates and other long work, newest first',
  arguments: [],
  options: {
    state: { type: 'string', value: 'STATE', help: `only these: ${STATES.join(', ')}`, choices: STATES },
    subject: { type: 'string', value: 'KEY', help: 'only about this model, host or service' },
    limit: { type: 'string', value: 'N', help: 'how many, to 200; 20 when not given' },
    cursor: { type: 'string', value: 'CURSOR', help: 'where the page before said that the next one begins' },
  },
  examples: [['op list --state running', 'what goes on']],
  async run({ values, out, signal, connect }) {
    const state = STATES.find((known) => known === values.state);
    const { subject, cursor } = values;
    const page = await connect().client.operations.list(
      {
        limit: limitOf(values.limit),
        ...(state !== undefined && { state }),
        ...(subject !== undefined && { subject }),
        ...(cursor !== undefined && { cursor }),
      },
      { signal },
    );
    out.result(page, ({ items, next_cursor }) => {
      const rows = items.map(({ created_at, id, kind, subject: about, state: how, progress, requested_by }) => [
        time(created_at),
        id,
        kind,
        about,
        how === 'running' && progress.fraction !== null ? `${Math.floor(progress.fraction * 100)}%` : how,
        formatDuration(progress.elapsed_seconds),
        requested_by,
      ]);
      return [table([['WHEN', 'OPERATION', 'KIND', 'ABOUT', 'STATE', 'TOOK', 'BY'], ...rows]), ...moreLine(next_cursor)].join('\n');
    });
    return EXIT.ok;
  },
});

export const opShow = defineCommand({
  name: 'op show',
  summary: 'Show one piece of long work',
  arguments: [{ name: 'OPERATION', kind: 'operation' }],
  options: {},
  examples: [['op show op_01J...', 'each of its parts']],
  async run({ args: [id = ''], out, signal, connect }) {
    out.result(await connect().client.operations.get(id, { signal }), (operation) => {
      const rows = operation.parts.map(({ label, status, done_bytes, total_bytes, note }) => [
        label,
        status,
        total_bytes === null ? gib(done_bytes) : `${gib(done_bytes)} of ${gib(total_bytes)}`,
        note ?? '',
      ]);
      return [
        ...operationLines({ ...operation, parts: [] }),
        ...(rows.length === 0 ? [] : [table([['PART', 'STATE', 'DONE', 'NOTE'], ...rows])]),
      ].join('\n');
    });
    return EXIT.ok;
  },
});

export const opFollow = defineCommand({
  name: 'op follow',
  summary: 'Follow long work until it is over; the exit code says how it ended',
  arguments: [{ name: 'OPERATION', kind: 'operation' }],
  options: {
    logs: { type: 'boolean', help: 'show its output too' },
    timeout: { type: 'string', value: 'DURATION', help: 'stay for this long; the work itself goes on' },
  },
  details: 'Ctrl-C ends the showing and not the work.',
  examples: [['op follow op_01J... --logs', 'what apt says']],
  run(call) {
    const { args, values, out } = call;
    const timeoutMs = timeoutOf(values.timeout);
    const onLine = values.logs
      ? ({ host, line }: Readonly<{ host: string | null; line: string }>) => out.note(plain(`${host ?? '-'} | ${line}`))
      : undefined;
    return followOperation(call, call.connect(), args[0] ?? '', timeoutMs, onLine);
  },
});

export const opCancel = defineCommand({
  name: 'op cancel',
  summary: 'Cancel long work',
  arguments: [{ name: 'OPERATION', kind: 'operation' }],
  options: YES,
  examples: [['op cancel op_01J...', 'what is done stays; a download goes on from there next time']],
  async run(call) {
    const { args, out, signal, connect } = call;
    const [id = ''] = args;
    const { client } = connect();
    if (!call.values.yes) {
      const { kind, subject } = await client.operations.get(id, { signal });
      await confirm(call, `cancel the ${titleOf(kind, subject)}`);
    }
    out.result(await client.operations.cancel(id, { signal }), ({ settled }) =>
      settled ? `${id} is over` : `${id} is being cancelled; "sparkctl op follow ${id}" follows it`,
    );
    return EXIT.ok;
  },
});
