import type { WireCreateWebhook, WireWebhook, WireWebhookWithSecret } from '@spark-control/schema';
import { type Command, defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { nearest } from '../suggest.ts';
import { table } from '../text.ts';

const EVENTS = [
  'swap_started',
  'swap_complete',
  'swap_failed',
  'lock_acquired',
  'lock_released',
  'lock_expired',
  'lock_broken',
  'model_changed',
  'model_unhealthy',
  'automation_failed',
] as const satisfies WireCreateWebhook['events'];

export const webhooksList = defineCommand({
  name: 'webhooks list',
  summary: 'List the endpoints that are told of events',
  arguments: [],
  options: {},
  examples: [['webhooks list', 'each with what is on its way and what was given up']],
  async run({ out, signal, connect }) {
    out.result(await connect().client.webhooks.list({ signal }), ({ items }) =>
      table([['WEBHOOK', 'STATE', 'PENDING', 'DEAD', 'URL', 'EVENTS'], ...items.map(row)]),
    );
    return EXIT.ok;
  },
});

const row = ({ id, enabled, disabled_reason, pending, dead, url, events }: WireWebhook): readonly string[] => [
  id,
  enabled ? 'enabled' : `disabled${disabled_reason === null ? '' : ` (${disabled_reason})`}`,
  String(pending),
  String(dead),
  url,
  events.join(','),
];

export const webhooksCreate = defineCommand({
  name: 'webhooks create',
  summary: 'Tell an endpoint of events; prints the secret that signs them, once',
  arguments: [{ name: 'URL' }],
  options: {
    events: { type: 'string', value: 'EVENTS', help: `separated by commas; all when not given: ${EVENTS.join(', ')}` },
    description: { type: 'string', value: 'TEXT', help: 'what it is for' },
    disabled: { type: 'boolean', help: 'send nothing to it yet' },
    'allow-loopback': { type: 'boolean', help: 'the URL is on the machine of Spark Control itself' },
  },
  examples: [['webhooks create http://n8n.local:5678/webhook/spark --events swap_complete,swap_failed', 'tell n8n how swaps end']],
  async run({ args: [url = ''], values, out, signal, connect }) {
    const { description, disabled } = values;
    const made = await connect().client.webhooks.create(
      {
        url,
        events: values.events === undefined ? [...EVENTS] : eventsOf(values.events),
        ...(description !== undefined && { description }),
        ...(disabled && { enabled: false }),
        ...(values['allow-loopback'] && { allow_loopback: true }),
      },
      { signal },
    );
    out.result(made, secretLines);
    return EXIT.ok;
  },
});

function eventsOf(text: string): WireCreateWebhook['events'] {
  return text.split(',').map((word) => {
    const event = EVENTS.find((known) => known === word.trim());
    if (event === undefined)
      throw new UsageError(`there is no event "${word}"; did you mean ${nearest(word, EVENTS) ?? `one of ${EVENTS.join(', ')}`}?`);
    return event;
  });
}

const secretLines = ({ id, secret }: WireWebhookWithSecret): string => `${id}\nsecret: ${secret}\nThe secret is not shown again.`;

export const webhooksRotateSecret = defineCommand({
  name: 'webhooks rotate-secret',
  summary: 'Make a new secret; prints it, once',
  arguments: [{ name: 'WEBHOOK' }],
  options: {},
  details: 'The old secret signs beside the new one for 24 hours.',
  examples: [['webhooks rotate-secret whk_01J...', 'then put the new one into the receiver']],
  async run({ args: [id = ''], out, signal, connect }) {
    out.result(await connect().client.webhooks.rotateSecret(id, { signal }), secretLines);
    return EXIT.ok;
  },
});

const switching = (name: string, summary: string, enabled: boolean): Command =>
  defineCommand({
    name,
    summary,
    arguments: [{ name: 'WEBHOOK' }],
    options: {},
    examples: [[`${name} whk_01J...`, summary]],
    async run({ args: [id = ''], out, signal, connect }) {
      const changed = await connect().client.webhooks.change(id, { enabled }, { signal });
      out.result(changed, (shown) => `${shown.id} is ${shown.enabled ? 'enabled' : 'disabled'}`);
      return EXIT.ok;
    },
  });

export const webhooksEnable = switching('webhooks enable', 'Send to an endpoint again', true);
export const webhooksDisable = switching('webhooks disable', 'Send nothing to an endpoint for now', false);

export const webhooksRemove = defineCommand({
  name: 'webhooks remove',
  summary: 'Forget an endpoint and what is on its way to it',
  arguments: [{ name: 'WEBHOOK' }],
  options: {},
  examples: [['webhooks remove whk_01J...', 'it is not told of anything any more']],
  async run({ args: [id = ''], out, signal, connect }) {
    await connect().client.webhooks.remove(id, { signal });
    out.result({ removed: id }, () => `${id} is removed`);
    return EXIT.ok;
  },
});
