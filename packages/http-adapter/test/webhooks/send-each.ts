/** Sends a delivery to each URL that it is given, with every name at 127.0.0.1, and prints what came of it. */
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { HttpWebhookSender } from '../../src/index.ts';
import { aDelivery, aWebhook } from './samples.ts';

const logger = { debug() {}, info() {}, warn() {}, error: console.error };
const sender = new HttpWebhookSender({
  clock: new FakeClock(),
  logger,
  version: '1',
  listeners: () => [],
  resolve: async () => ['127.0.0.1'],
});
const secret = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;
const attempts = [];
for (const url of process.argv.slice(2))
  attempts.push(await sender.send(aWebhook({ url }), [secret], aDelivery(), new AbortController().signal));
console.log(JSON.stringify(attempts));
