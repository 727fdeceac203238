import type { WireDelivery } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { limitOf, moreLine } from '../paging.ts';
import { table, time } from '../text.ts';

const STATES = ['pending', 'delivered', 'dead'] as const;

export const webhooksTest = defineCommand({
  name: 'webhooks test',
  summary: 'Send a test event and say how the endpoint answered',
  arguments: [{ name: 'WEBHOOK' }],
  options: {},
  details: 'Ends with 1 when it was not delivered.',
  examples: [['webhooks test whk_01J...', 'does it arrive?']],
  async run({ args: [id = ''], out, signal, connect }) {
    const delivery = await connect().client.webhooks.test(id, { signal });
    out.result(delivery, deliveryLine);
    return delivery.state === 'delivered' ? EXIT.ok : EXIT.failure;
  },
});

export const webhooksDeliveries = defineCommand({
  name: 'webhooks deliveries',
  summary: 'List what was sent to an endpoint, newest first',
  arguments: [{ name: 'WEBHOOK' }],
  options: {
    state: { type: 'string', value: 'STATE', help: `only these: ${STATES.join(', ')}`, choices: STATES },
    limit: { type: 'string', value: 'N', help: 'how many, to 200; 20 when not given' },
    cursor: { type: 'string', value: 'CURSOR', help: 'where the page before said that the next one begins' },
  },
  examples: [['webhooks deliveries whk_01J... --state dead', 'what was given up']],
  async run({ args: [id = ''], values, out, signal, connect }) {
    const state = STATES.find((known) => known === values.state);
    const page = await connect().client.webhooks.deliveries(
      id,
      {
        limit: limitOf(values.limit),
        ...(state !== undefined && { state }),
        ...(values.cursor !== undefined && { cursor: values.cursor }),
      },
      { signal },
    );
    out.result(page, ({ items, next_cursor }) => {
      const rows = items.map((delivery) => [
        time(delivery.created_at),
        delivery.id,
        delivery.type,
        delivery.state,
        String(delivery.attempts),
        answerOf(delivery),
        time(delivery.next_attempt_at),
      ]);
      return [table([['WHEN', 'DELIVERY', 'EVENT', 'STATE', 'TRIES', 'ANSWER', 'NEXT TRY'], ...rows]), ...moreLine(next_cursor)].join('\n');
    });
    return EXIT.ok;
  },
});

export const webhooksRedeliver = defineCommand({
  name: 'webhooks redeliver',
  summary: 'Send a delivery again',
  arguments: [{ name: 'DELIVERY' }],
  options: {},
  examples: [['webhooks redeliver dlv_01J...', 'once its receiver works again']],
  async run({ args: [id = ''], out, signal, connect }) {
    out.result(await connect().client.webhooks.redeliver(id, { signal }), deliveryLine);
    return EXIT.ok;
  },
});

const deliveryLine = (delivery: WireDelivery): string => `${delivery.id}: ${delivery.state}, ${answerOf(delivery)}`;

function answerOf({ last }: WireDelivery): string {
  if (last === null) return 'not tried yet';
  const answer = last.status === null ? (last.error ?? 'no answer').replace(/\.$/, '') : `answered ${last.status}`;
  return `${answer} (${last.duration_ms} ms)`;
}
