import { expect } from 'chai';
import { isStopping, SparkError } from '../../src/index.ts';
import { settle } from '../support/fake-clock.ts';
import { OperationBench } from '../support/operation-bench.ts';
import { aDownload, aPart } from '../support/operation-samples.ts';
import { refusal } from '../support/refusal.ts';

const SOMEBODY = { name: 'anna', address: null, requestId: null };
const running = (doneBytes: number) => aPart('spark1', { status: 'running', doneBytes, totalBytes: 1_000 });
const never = new AbortController().signal;

describe('long work over a restart of the control plane', () => {
  let bench: OperationBench;
  beforeEach(() => {
    bench = new OperationBench();
  });

  it('hears that the control plane stops, and stays unsettled in the store with its last word', async () => {
    const { operation, work } = await bench.begin();
    work.context.report([running(1)]);
    work.context.report([running(2)]);
    await bench.desk.close();
    expect(isStopping(work.context.signal)).to.equal(true);
    expect(await bench.store.get(operation.id)).to.include({ state: 'running', cancelRequestedAt: null });
    expect((await bench.store.get(operation.id))?.progress.doneBytes).to.equal(2);
    expect(bench.clock.sleepers).to.equal(0);
  });

  it('is told apart from a cancel', async () => {
    bench.isDeaf = true;
    const { operation, work } = await bench.begin();
    expect(isStopping(work.context.signal)).to.equal(false);
    await bench.desk.cancel(operation.id, SOMEBODY);
    expect(isStopping(work.context.signal)).to.equal(false);
  });

  it('is run again by the next process, with what it was asked for and without secrets', async () => {
    const { operation, work } = await bench.begin({ exclusive: 'download:qwen', secrets: { key: 'correct horse' } });
    work.context.report([running(400)]);
    await bench.restart();
    expect(bench.works).to.have.length(2);
    const { context } = bench.lastWork;
    expect(context).to.deep.include({ input: { repo: 'acme/qwen' }, secrets: {}, isResumed: true });
    expect(context.operation).to.include({ id: operation.id });
    const refused = await refusal(bench.desk.begin(aDownload({ exclusive: 'download:qwen' })));
    expect(refused.details.operationId).to.equal(operation.id);
    await bench.lastWork.succeed({ bytes: 1_000 });
    expect(await bench.desk.get(operation.id)).to.deep.include({ state: 'succeeded', result: { bytes: 1_000 } });
    expect((await bench.desk.begin(aDownload({ exclusive: 'download:qwen' }))).state).to.equal('running');
  });

  it('does not give a number twice, to states and to lines', async () => {
    const { operation, work } = await bench.begin();
    await bench.clock.advance(500);
    bench.store.isUnavailable = true;
    work.context.report([running(1)]);
    work.context.log(null, 'one');
    await bench.clock.advance(500);
    bench.store.isUnavailable = false;
    await bench.crash();
    bench.lastWork.context.report([running(2)]);
    bench.lastWork.context.log(null, 'two');
    await bench.clock.advance(500);
    const revisions = bench.revisions(operation);
    expect(new Set(revisions).size).to.equal(revisions.length);
    expect(revisions).to.deep.equal(revisions.toSorted((a, b) => a - b));
    const lines = bench.lines.map((line) => Number(line.split(' ')[0]));
    expect(lines[1]).to.be.greaterThan(lines[0] ?? 0);
  });

  it('does not take what was there before for what came in a second', async () => {
    const { operation, work } = await bench.begin();
    work.context.report([running(10)]);
    await bench.restart();
    bench.lastWork.context.report([running(700)]);
    await bench.clock.advance(2_000);
    bench.lastWork.context.report([running(720)]);
    await bench.clock.advance(500);
    expect((await bench.desk.get(operation.id))?.progress.bytesPerSecond).to.equal(10);
  });

  it('has failed as INTERRUPTED when it cannot be taken up, which waits for the store', async () => {
    bench.worker = { resumable: false, cancellable: true };
    await bench.restart();
    const { operation } = await bench.begin({ exclusive: 'restart:asr' });
    await bench.desk.close();
    expect((await bench.store.get(operation.id))?.state).to.equal('running');
    bench.store.isUnavailable = true;
    await bench.crash();
    expect((await bench.desk.get(operation.id))?.state).to.equal('running');
    bench.store.isUnavailable = false;
    const settled = await bench.clock.drive(bench.desk.settled(operation.id, never));
    expect(settled.state).to.equal('failed');
    expect(settled.cause).to.include({ code: 'INTERRUPTED', hint: 'Look what is done, then ask again.' });
    expect(bench.works).to.have.length(1);
    expect((await bench.desk.begin(aDownload({ exclusive: 'restart:asr' }))).state).to.equal('running');
  });

  it('learns of a cancel that the last process did not see through', async () => {
    bench.isDeaf = true;
    const { operation } = await bench.begin();
    await bench.desk.cancel(operation.id, SOMEBODY);
    bench.isDeaf = false;
    await bench.crash();
    expect(bench.lastWork.context.isResumed).to.equal(true);
    expect(isStopping(bench.lastWork.context.signal)).to.equal(false);
    await settle();
    expect(await bench.desk.get(operation.id)).to.include({ state: 'cancelled', cause: null });
  });

  it('that fails because everything stops has not failed', async () => {
    bench.isDeaf = true;
    const { operation, work } = await bench.begin();
    const closing = bench.desk.close();
    await work.fail(new SparkError('HOST_UNREACHABLE', 'the connection was closed'));
    await closing;
    expect((await bench.store.get(operation.id))?.state).to.equal('running');
  });

  it('that ends while everything stops has ended', async () => {
    bench.isDeaf = true;
    const { operation, work } = await bench.begin();
    const closing = bench.desk.close();
    await work.succeed();
    await closing;
    expect((await bench.store.get(operation.id))?.state).to.equal('succeeded');
  });

  it('does not keep the process when it is deaf, and stores nothing after it', async () => {
    bench.isDeaf = true;
    const { operation, work } = await bench.begin();
    await bench.clock.drive(bench.desk.close());
    await work.succeed();
    work.context.report([running(5)]);
    await bench.clock.advance(5_000);
    expect((await bench.store.get(operation.id))?.state).to.equal('running');
    expect(bench.clock.sleepers).to.equal(0);
    expect(bench.errors).to.deep.equal([]);
  });

  it('takes no new work while it stops, and lets go of who waits', async () => {
    const { operation } = await bench.begin();
    const waiting = bench.desk.settled(operation.id, never);
    const closing = bench.desk.close();
    expect((await refusal(bench.desk.begin(aDownload()))).code).to.equal('STORE_UNAVAILABLE');
    await closing;
    expect((await waiting).state).to.equal('running');
  });

  it('shows what runs and the last ten that are over', async () => {
    for (let nth = 0; nth < 12; nth += 1) await (await bench.begin()).work.succeed();
    await bench.begin();
    await bench.restart();
    const recent = bench.desk.recent();
    expect(recent.map(({ state }) => state)).to.deep.equal(['running', ...Array.from({ length: 10 }, () => 'succeeded')]);
    expect(recent.map(({ id }) => id)).to.deep.equal(
      recent
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect(await bench.desk.list({ limit: 3 })).to.deep.equal(recent.slice(0, 3));
  });

  it('lets a wait end by its signal', async () => {
    const { operation } = await bench.begin();
    const waiting = new AbortController();
    const settled = bench.desk.settled(operation.id, waiting.signal);
    waiting.abort(new Error('gone'));
    expect((await settled).state).to.equal('running');
    expect((await bench.desk.settled(operation.id, waiting.signal)).state).to.equal('running');
  });
});
