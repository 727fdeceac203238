// A process that is killed while it tells of swaps: says on stdout which swap was committed, after each is durable.
import { writeSync } from 'node:fs';
import { openStore } from '@spark-control/store-adapter';
import { swapEvent, swapNamed } from '../../../core/test/support/journal-samples.ts';
import { anEndpoint, completed, webhookAudit } from '../../../core/test/support/webhook-samples.ts';

const [folder = '', run = ''] = process.argv.slice(2);
const { journal, webhooks, outbox } = await openStore({ folder, ballastBytes: 64 * 1024, minimumFreeBytes: 0, eventCap: 200 });
const endpoint = anEndpoint('a');
await webhooks.save(endpoint, { value: 'whsec_x', oldUntil: 0 }, webhookAudit(endpoint.id));

for (let index = 0; ; index += 1) {
  const swap = swapNamed(`${run}-${String(index).padStart(6, '0')}`, { createdAt: index });
  await journal.commit({ swap, events: [swapEvent(swap)], notices: [{ ...completed(index), swap } as ReturnType<typeof completed>] });
  if (index % 3 === 0) {
    const [delivery] = await outbox.pending(endpoint.id, 1);
    if (delivery !== undefined)
      await outbox.record({ ...delivery, attempts: 1 }, { at: 1, durationMs: 1, status: 500, error: 'no', retryAfterMs: null });
  }
  writeSync(1, `${swap.id}\n`);
}
