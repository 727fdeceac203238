import { defineCommand } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { limitOf, moreLine } from '../paging.ts';
import { table, time } from '../text.ts';

const OUTCOMES = ['ready', 'failed', 'cancelled', 'rolled_back'] as const;

export const history = defineCommand({
  name: 'history',
  summary: 'List swaps, newest first',
  arguments: [],
  options: {
    model: { type: 'string', value: 'MODEL', help: 'only swaps to this model' },
    outcome: { type: 'string', value: 'OUTCOME', help: `only these: ${OUTCOMES.join(', ')}`, choices: OUTCOMES },
    limit: { type: 'string', value: 'N', help: 'how many, to 200; 20 when not given' },
    cursor: { type: 'string', value: 'CURSOR', help: 'where the page before said that the next one begins' },
  },
  examples: [['history --outcome rolled_back --limit 5', 'the last five that went wrong']],
  async run({ values, out, signal, connect }) {
    const { client, settings } = connect();
    const { model, cursor } = values;
    const outcome = OUTCOMES.find((known) => known === values.outcome);
    const page = await client.swaps.list(
      {
        limit: limitOf(values.limit),
        ...(settings.cluster !== null && { cluster: settings.cluster }),
        ...(model !== undefined && { model }),
        ...(outcome !== undefined && { outcome }),
        ...(cursor !== undefined && { cursor }),
      },
      { signal },
    );
    out.result(page, ({ items, next_cursor }) => {
      const rows = items.map((swap) => [
        time(swap.created_at),
        swap.id,
        swap.cluster,
        swap.model ?? '(unload)',
        swap.outcome ?? swap.phase,
        swap.settled_at === null ? '-' : formatDuration((Date.parse(swap.settled_at) - Date.parse(swap.created_at)) / 1_000),
        swap.requested_by,
      ]);
      return [table([['WHEN', 'SWAP', 'CLUSTER', 'MODEL', 'OUTCOME', 'TOOK', 'BY'], ...rows]), ...moreLine(next_cursor)].join('\n');
    });
    return EXIT.ok;
  },
});
