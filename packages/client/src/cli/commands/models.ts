import { defineCommand } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { gib, table } from '../text.ts';

export const models = defineCommand({
  name: 'models',
  summary: 'List the catalog',
  arguments: [],
  options: { keys: { type: 'boolean', help: 'only the keys, one per line' } },
  examples: [
    ['models', 'all models and which one is loaded'],
    ['models --keys', 'for a loop in a script'],
  ],
  async run({ values, out, signal, connect }) {
    const { client, settings } = connect();
    const list = await client.models({ signal });
    const items = list.items.filter(({ clusters }) => settings.cluster === null || clusters.includes(settings.cluster));
    if (list.fault !== null) out.warn(`the catalog has a fault, and its last good state holds: ${list.fault}`);
    out.result({ ...list, items }, (shown) => {
      if (values.keys) return shown.items.map(({ key }) => key).join('\n');
      const rows = shown.items.map(({ key, state, nodes, weights_bytes, load_seconds, name }) => [
        key,
        state,
        String(nodes),
        gib(weights_bytes),
        load_seconds.p50 === null ? '-' : formatDuration(load_seconds.p50),
        name,
      ]);
      return table([['MODEL', 'STATE', 'HOSTS', 'WEIGHTS', 'LOADS IN', 'NAME'], ...rows]);
    });
    return EXIT.ok;
  },
});
