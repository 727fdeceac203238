import { SparkError, type WebhookDesk, type WebhookWithCounts } from '@spark-control/core';
import { aDelivery, aWebhook } from '../webhooks/samples.ts';

const unexpected = (name: string) => (): never => {
  throw new Error(`unexpected call: ${name}`);
};

export const aListedWebhook = (over: Partial<WebhookWithCounts> = {}): WebhookWithCounts => ({
  ...aWebhook(),
  pending: 0,
  dead: 0,
  ...over,
});

/** A desk that does what a test says, and fails loudly when it says nothing. */
export class ScriptedWebhooks implements WebhookDesk {
  list: WebhookDesk['list'] = unexpected('list');
  get: WebhookDesk['get'] = unexpected('get');
  create: WebhookDesk['create'] = unexpected('create');
  change: WebhookDesk['change'] = unexpected('change');
  remove: WebhookDesk['remove'] = unexpected('remove');
  rotateSecret: WebhookDesk['rotateSecret'] = unexpected('rotateSecret');
  test: WebhookDesk['test'] = unexpected('test');
  deliveries: WebhookDesk['deliveries'] = unexpected('deliveries');
  redeliver: WebhookDesk['redeliver'] = unexpected('redeliver');
  start: WebhookDesk['start'] = unexpected('start');
  close: WebhookDesk['close'] = unexpected('close');
}

/** A desk in which `whk_1` and its `dlv_1` exist, and nothing else. */
export function aSmallWebhookDesk(): ScriptedWebhooks {
  const desk = new ScriptedWebhooks();
  const known = (id: string): void => {
    if (id !== 'whk_1') throw new SparkError('WEBHOOK_NOT_FOUND', 'There is none of that id.');
  };
  const withSecret = (webhook: WebhookWithCounts) => ({ webhook, secret: 'whsec_c2VjcmV0' });
  desk.list = async () => [aListedWebhook()];
  desk.create = async (from) => withSecret(aListedWebhook(from));
  desk.get = async (id) => {
    known(id);
    return aListedWebhook();
  };
  desk.change = async (id, change) => {
    known(id);
    return aListedWebhook(change);
  };
  desk.remove = async (id) => known(id);
  desk.rotateSecret = async (id) => withSecret(await desk.get(id));
  desk.test = async (id) => {
    known(id);
    return aDelivery();
  };
  desk.deliveries = async (id) => {
    known(id);
    return [aDelivery()];
  };
  desk.redeliver = async (id) => {
    if (id !== 'dlv_1') throw new SparkError('DELIVERY_NOT_FOUND', 'There is none of that id.');
    return aDelivery();
  };
  return desk;
}
