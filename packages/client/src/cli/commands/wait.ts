import { defineCommand } from '../command.ts';
import { findSwap } from '../find-swap.ts';
import { reportSwap, timeoutOf } from '../follow-swap.ts';

export const wait = defineCommand({
  name: 'wait',
  summary: 'Stay until a swap has settled; the exit code says how',
  arguments: [{ name: 'SWAP', isOptional: true }],
  options: { timeout: { type: 'string', value: 'DURATION', help: 'stay for this long; the swap itself goes on' } },
  details: 'Without SWAP the one that runs is meant.',
  examples: [['wait --timeout 20m', 'see the running swap to its end']],
  async run(call) {
    const connection = call.connect();
    const timeoutMs = timeoutOf(call.values.timeout);
    const id = call.args[0] ?? (await findSwap(connection, call.signal));
    return reportSwap(call, connection, id, timeoutMs);
  },
});
