import { defineCommand } from '../command.ts';
import { outcomeLines } from '../describe.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { findSwap } from '../find-swap.ts';
import { followSwap, timeoutOf } from '../follow-swap.ts';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a swap that runs or is queued',
  arguments: [{ name: 'SWAP', isOptional: true }],
  options: {
    wait: { type: 'boolean', help: 'stay until it has settled; ends with 0 whatever the outcome' },
    timeout: { type: 'string', value: 'DURATION', help: 'with --wait: stay for this long' },
  },
  details: 'Without SWAP the one that runs is meant. After the previous model was stopped, it is brought back.',
  examples: [['cancel --wait', 'stop what runs and see what serves then']],
  async run({ args, values, io, out, signal, connect }) {
    if (values.timeout !== undefined && !values.wait) throw new UsageError('--timeout goes with --wait');
    const timeoutMs = timeoutOf(values.timeout);
    const connection = connect();
    const id = args[0] ?? (await findSwap(connection, signal));
    const asked = await connection.client.swaps.cancel(id, { signal });
    const swap = values.wait ? await followSwap({ io, out }, connection, id, { signal, timeoutMs }) : asked;
    out.result(swap, (shown) =>
      shown.settled ? outcomeLines(shown).join('\n') : `swap ${id} is being cancelled; "sparkctl wait ${id}" follows it`,
    );
    return EXIT.ok;
  },
});
