import { fileURLToPath } from 'node:url';
import type { DeliveryAttempt } from '@spark-control/core';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { HttpWebhookSender } from '../../src/index.ts';
import { aDelivery, aWebhook } from './samples.ts';

/** Sends a delivery to each URL, with every name at 127.0.0.1. */
export async function sendEach(urls: readonly string[]): Promise<DeliveryAttempt[]> {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const sender = new HttpWebhookSender({
    clock: new FakeClock(),
    logger,
    version: '1',
    listeners: () => [],
    resolve: async () => ['127.0.0.1'],
  });
  const secret = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;
  const attempts: DeliveryAttempt[] = [];
  for (const url of urls) attempts.push(await sender.send(aWebhook({ url }), [secret], aDelivery(), new AbortController().signal));
  return attempts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await sendEach(process.argv.slice(2))));
