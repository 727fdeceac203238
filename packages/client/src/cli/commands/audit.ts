import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { limitOf, moreLine } from '../paging.ts';
import { table, time } from '../text.ts';

export const audit = defineCommand({
  name: 'audit',
  summary: 'List who did what, newest first',
  arguments: [],
  options: {
    action: { type: 'string', value: 'ACTION', help: 'only this kind, such as lock_broken' },
    limit: { type: 'string', value: 'N', help: 'how many, to 200; 20 when not given' },
    cursor: { type: 'string', value: 'CURSOR', help: 'where the page before said that the next one begins' },
  },
  examples: [['audit --action lock_broken', 'who broke a lock, and why']],
  async run({ values, out, signal, connect }) {
    const { client, settings } = connect();
    const { action, cursor } = values;
    const page = await client.audit(
      {
        limit: limitOf(values.limit),
        ...(settings.cluster !== null && { cluster: settings.cluster }),
        ...(action !== undefined && { action }),
        ...(cursor !== undefined && { cursor }),
      },
      { signal },
    );
    out.result(page, ({ items, next_cursor }) => {
      const rows = items.map(({ at, action: what, cluster, target, actor, note }) => [
        time(at),
        what,
        cluster ?? '-',
        target,
        actor.name,
        note ?? '',
      ]);
      return [table([['WHEN', 'ACTION', 'CLUSTER', 'TARGET', 'BY', 'NOTE'], ...rows]), ...moreLine(next_cursor)].join('\n');
    });
    return EXIT.ok;
  },
});
