import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { findSwap } from '../find-swap.ts';
import { time } from '../text.ts';

const OUTAGE_MS = 5 * 60_000;

export const logs = defineCommand({
  name: 'logs',
  summary: 'Show the log of a swap, and follow it until it has settled',
  arguments: [{ name: 'SWAP', isOptional: true }],
  options: { times: { type: 'boolean', help: 'say when each line was written' } },
  details: 'Without SWAP the one that runs is meant, or the last one. The server keeps the last 2,000 lines of recent swaps.',
  examples: [['logs', 'what the model server says while it loads']],
  async run({ args, values, out, signal, connect }) {
    const connection = connect();
    const id = args[0] ?? (await findSwap(connection, signal, true));
    const onOutage = (error: Error): void => out.note(`${error.message}; trying again`);
    for await (const event of connection.client.swaps.stream(id, { signal, onOutage, maxOutageMs: OUTAGE_MS })) {
      if (event.type !== 'log') continue;
      out.record(event.data, ({ host, at, line }) => `${values.times ? `${time(at)} ` : ''}${host} | ${line}`);
    }
    return EXIT.ok;
  },
});
