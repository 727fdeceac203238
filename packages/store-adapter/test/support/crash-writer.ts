// A process that is killed while it writes: commits one swap after the other and says so on stdout, after each is durable.
import { writeSync } from 'node:fs';
import { openStore } from '@spark-control/store-adapter';
import { swapEvent, swapNamed } from '../../../core/test/support/journal-samples.ts';
import { auditOf, endedAt, leaseOf } from '../../../core/test/support/lock-samples.ts';

const [folder = '', run = '', firstFence = ''] = process.argv.slice(2);
const { journal, answers } = await openStore({ folder, ballastBytes: 64 * 1024, minimumFreeBytes: 0, eventCap: 200 });

for (let index = 0; ; index += 1) {
  const name = `${run}-${String(index).padStart(6, '0')}`;
  const swap = swapNamed(name, { createdAt: index });
  const events = await journal.commit({
    swap,
    transition: { swap: swap.id, from: null, to: 'queued', at: index, note: null },
    events: [swapEvent(swap)],
    lease: leaseOf(Number(firstFence) + index, { ended: endedAt(index) }),
    audit: [auditOf(name)],
  });
  if (index % 10 === 0) await answers.begin(name, 'hash', index);
  writeSync(1, `${name} ${events[0]?.id} ${Number(firstFence) + index}\n`);
}
