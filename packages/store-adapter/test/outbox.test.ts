import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterKey, type Logger, silentLogger } from '@spark-control/core';
import { expect } from 'chai';
import { swapEvent, swapNamed } from '../../core/test/support/journal-samples.ts';
import { anAttempt, anEndpoint, completed, started, webhookAudit } from '../../core/test/support/webhook-samples.ts';
import { chooseDriver } from '../src/database/driver.ts';
import { rejection, temporaryFolder } from './support/folders.ts';

const WRITER = fileURLToPath(new URL('./support/outbox-writer.ts', import.meta.url));
const KILLS = process.env['SPARK_PROVE'] === '1' ? 30 : 1;

/** Lets a writer run for `ms` after its first commit, kills it, and returns the swaps whose commit it had acknowledged. */
async function killedAfter(ms: number, folder: string, run: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', WRITER, folder, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), ms);
    output += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return output.split('\n').slice(0, -1);
}

describe('the outbox in the database', () => {
  const folder = temporaryFolder();
  const endpoint = anEndpoint('a');

  const rowsOf = (table: string): number => {
    const handle = chooseDriver().open(join(folder.path(), 'spark-control.db'));
    const [row] = handle.prepare(`select count(*) as count from ${table}`).all() as readonly { count: number }[];
    handle.close();
    return Number(row?.count);
  };

  it(`has the notice of every swap that was acknowledged before the process was killed, in ${KILLS} kills`, async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const swaps = await killedAfter(Math.random() * 120, folder.path(), `run${kill}`);
      expect(swaps).not.to.have.length(0);
      const store = await folder.open();
      const deliveries = await store.outbox.deliveries({ webhook: endpoint.id, limit: 1_000_000 });
      const told = deliveries.map(({ notice }) => (notice.type === 'swap_complete' ? notice.swap.id : ''));
      const journalled = (await store.journal.list({ limit: 1_000_000 })).map(({ id }) => id as string);
      expect(told).to.include.members([...swaps]);
      // One without the other would be an event that never was, or one that nobody hears of.
      expect([...told].sort()).to.deep.equal([...journalled].sort());
      const numbers = deliveries.map(({ notice }) => notice.sequence);
      expect(numbers).to.deep.equal([...numbers].sort((a, b) => b - a));
      expect(new Set(numbers).size).to.equal(numbers.length);
      await store.close();
    }
  }).timeout(KILLS * 8_000);

  it('holds nothing of a change that was not made', async () => {
    const { journal, webhooks, outbox } = await folder.open();
    await webhooks.save(endpoint, null, webhookAudit(endpoint.id));
    const broken = { cluster: clusterKey('default'), value: 'not a number' as unknown as number };
    const swap = swapNamed('a');
    await rejection(journal.commit({ swap, events: [swapEvent(swap)], notices: [started(1)], fence: broken }));
    expect(await outbox.counts()).to.deep.equal({ pending: 0, dead: 0, oldestPendingAt: null });
    await journal.commit({ notices: [started(2)] });
    expect((await outbox.pending(endpoint.id, 10)).map(({ notice }) => notice.sequence)).to.deep.equal([1]);
  });

  it('goes on with numbers and tries where it was when it is opened again', async () => {
    const first = await folder.open();
    await first.webhooks.save(endpoint, { value: 'whsec_one', oldUntil: 0 }, webhookAudit(endpoint.id));
    await first.journal.commit({ notices: [started(1), completed(2)] });
    const [delivery] = await first.outbox.pending(endpoint.id, 1);
    const tried = { ...delivery!, attempts: 3, nextAttemptAt: 9_000, failingSince: 2_000, last: anAttempt(500) };
    await first.outbox.record(tried, anAttempt(500));
    await first.close();

    const second = await folder.open();
    await second.journal.commit({ notices: [started(3)] });
    const pending = await second.outbox.pending(endpoint.id, 10);
    expect(pending[0]).to.deep.equal(tried);
    expect(pending.map(({ notice }) => notice.sequence)).to.deep.equal([1, 2, 3]);
    expect(await second.webhooks.secrets(endpoint.id, 5_000)).to.deep.equal(['whsec_one']);
  });

  it('keeps secrets in no file in the clear, and gives none that was sealed with another key', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    const first = await folder.open();
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    await first.webhooks.save(endpoint, { value: secret, oldUntil: 0 }, webhookAudit(endpoint.id));
    const look = (): readonly string[] =>
      readdirSync(folder.path()).filter((name) => readFileSync(join(folder.path(), name)).includes(secret.slice(6)));
    expect(look()).to.deep.equal([]);
    await first.close();
    expect(look()).to.deep.equal([]);
    rmSync(join(folder.path(), 'secret.key'));
    const second = await folder.open({ logger });
    expect(await second.webhooks.secrets(endpoint.id, 5_000)).to.deep.equal([]);
    expect(warnings).to.deep.equal(['a webhook secret cannot be opened with the key of this folder']);
    await second.webhooks.save(endpoint, { value: 'whsec_new', oldUntil: 9_000 }, webhookAudit(endpoint.id));
    expect(await second.webhooks.secrets(endpoint.id, 5_000)).to.deep.equal(['whsec_new']);
  });

  it('keeps no notice that is on its way to nobody', async () => {
    const { journal, webhooks, outbox, close } = await folder.open();
    await journal.commit({ notices: [started(1)] }); // before there was an endpoint
    const other = anEndpoint('b', { events: ['swap_complete'] });
    await webhooks.save(endpoint, null, webhookAudit(endpoint.id));
    await webhooks.save(other, null, webhookAudit(other.id));
    await journal.commit({ notices: [started(2), completed(3)] });
    for (const delivery of await outbox.pending(endpoint.id, 10)) {
      await outbox.record({ ...delivery, state: 'dead', nextAttemptAt: null, settledAt: 50 }, anAttempt(500));
    }
    await outbox.prune(60);
    expect((await outbox.pending(other.id, 10)).map(({ notice }) => notice.type)).to.deep.equal(['swap_complete']);
    await close();
    expect([rowsOf('notices'), rowsOf('deliveries'), rowsOf('delivery_attempts')]).to.deep.equal([1, 1, 0]);
  });

  it('drops the oldest of a full outbox, and says so', async () => {
    const warnings: string[] = [];
    const { journal, webhooks, outbox } = await folder.open({
      outboxCap: 200,
      logger: { ...silentLogger, warn: (text) => warnings.push(text) },
    });
    await webhooks.save(endpoint, null, webhookAudit(endpoint.id));
    for (let at = 1; at <= 300; at += 1) await journal.commit({ notices: [at % 10 === 0 ? completed(at) : started(at)] });
    const left = (await outbox.pending(endpoint.id, 1_000)).map(({ createdAt }) => createdAt);
    expect(left.length).to.be.within(198, 200);
    expect(left.filter((at) => at % 10 === 0)).to.have.length(30);
    expect(left.slice(-100)).to.deep.equal(Array.from({ length: 100 }, (_, index) => 201 + index));
    expect(new Set(warnings)).to.deep.equal(new Set(['the outbox of a webhook is full: its oldest deliveries were dropped']));
    expect(warnings.length).to.be.below(60); // counted again only where it has to be
  });

  it('does not grow for ever with what is delivered, dropped, or sent again by hand', async () => {
    const { journal, webhooks, outbox, close } = await folder.open({ outboxCap: 100 });
    await webhooks.save(endpoint, null, webhookAudit(endpoint.id));
    for (let at = 1; at <= 350; at += 1) {
      await journal.commit({ notices: [started(at)] });
      const [delivery] = await outbox.pending(endpoint.id, 1);
      if (at <= 230) await outbox.record({ ...delivery!, state: 'delivered', nextAttemptAt: null, settledAt: at }, anAttempt(200));
    }
    const [last] = await outbox.pending(endpoint.id, 1);
    for (let again = 0; again < 60; again += 1) await outbox.record(last!, anAttempt(500));
    await close();
    expect(rowsOf('deliveries')).to.be.within(290, 300);
    expect(rowsOf('notices')).to.equal(rowsOf('deliveries'));
    expect(rowsOf('delivery_attempts')).to.be.within(240, 250);
  });

  it('answers STORE_UNAVAILABLE once it is closed', async () => {
    const { webhooks, outbox, close } = await folder.open();
    await close();
    for (const call of [
      webhooks.endpoints(),
      webhooks.secrets(endpoint.id, 0),
      webhooks.save(endpoint, null, webhookAudit(endpoint.id)),
      outbox.pending(endpoint.id, 1),
      outbox.counts(),
      outbox.enqueue(endpoint.id, started(1), 1),
      outbox.prune(1),
    ]) {
      expect(await rejection(call)).to.have.property('code', 'STORE_UNAVAILABLE');
    }
  });
});
