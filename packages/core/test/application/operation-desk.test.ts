import { expect } from 'chai';
import { hostKey, operationId, SparkError } from '../../src/index.ts';
import { settle } from '../support/fake-clock.ts';
import { OperationBench } from '../support/operation-bench.ts';
import { aDownload, aPart } from '../support/operation-samples.ts';
import { refusal } from '../support/refusal.ts';

const SOMEBODY = { name: 'anna', address: null, requestId: null };
const running = (doneBytes: number) => aPart('spark1', { status: 'running', doneBytes, totalBytes: 1_000 });
const never = new AbortController().signal;

describe('the desk of long work', () => {
  let bench: OperationBench;
  beforeEach(() => {
    bench = new OperationBench();
  });

  it('stores an operation with its audit entry before it begins, and tells it', async () => {
    const beginning = bench.desk.begin(aDownload());
    expect(bench.works).to.deep.equal([]);
    const operation = await beginning;
    expect(await bench.store.get(operation.id)).to.deep.equal(operation);
    expect(operation).to.include({ state: 'running', kind: 'model_download', subject: 'qwen', requestedBy: 'anna', cancellable: true });
    expect(bench.store.audit.entries).to.have.length(1);
    expect(bench.store.audit.entries[0]).to.include({ action: 'weights_downloaded', target: 'qwen', note: 'acme/qwen' });
    await settle();
    expect(bench.lastWork.context).to.deep.include({ operation, input: { repo: 'acme/qwen' }, secrets: {}, isResumed: false });
    expect(bench.told).to.deep.equal([operation]);
  });

  it('begins nothing that cannot be stored, and lets it be asked again', async () => {
    bench.store.isUnavailable = true;
    const again = aDownload({ exclusive: 'download:qwen' });
    expect((await refusal(bench.desk.begin(again))).code).to.equal('STORE_UNAVAILABLE');
    await settle();
    expect(bench.works).to.deep.equal([]);
    bench.store.isUnavailable = false;
    expect((await bench.desk.begin(again)).state).to.equal('running');
  });

  it('refuses work of a kind that nobody does', async () => {
    expect((await refusal(bench.desk.begin(aDownload({ kind: 'nim_install' })))).code).to.equal('NOT_SUPPORTED');
  });

  it('refuses exclusive work while it runs, naming what does, also of two at once', async () => {
    const order = aDownload({ exclusive: 'download:qwen' });
    const [first, second] = await Promise.allSettled([bench.desk.begin(order), bench.desk.begin(order)]);
    expect([first?.status, second?.status]).to.deep.equal(['fulfilled', 'rejected']);
    const refused = await refusal(bench.desk.begin(order));
    expect(refused).to.deep.include({ code: 'OPERATION_IN_PROGRESS', details: { operationId: 'op_0001' } });
    expect((await bench.desk.begin(aDownload({ exclusive: 'download:gemma' }))).state).to.equal('running');
    await settle();
    await bench.works[0]?.succeed();
    expect((await bench.desk.begin(order)).state).to.equal('running');
  });

  it('does something short beside no work that excludes it, and lets go also when that fails', async () => {
    const order = aDownload({ exclusive: 'download:qwen' });
    const failing = bench.desk.exclusively(['a', 'download:qwen'], 'qwen is being deleted', async () => {
      const refused = await refusal(bench.desk.begin(order));
      expect(refused).to.include({
        code: 'OPERATION_IN_PROGRESS',
        message: 'This has to wait: qwen is being deleted. Ask again in a moment.',
      });
      throw new SparkError('HOST_UNREACHABLE', 'It went away.');
    });
    expect((await refusal(failing)).code).to.equal('HOST_UNREACHABLE');
    const beginning = bench.desk.begin(order);
    const refused = await refusal(bench.desk.exclusively(['a', 'download:qwen'], 'deleting', async () => expect.fail()));
    expect(refused.details.operationId).to.equal((await beginning).id);
    expect(await bench.desk.exclusively(['a'], 'deleting', async () => 'done')).to.equal('done');
  });

  it('lets the same work begin by whoever hears that it is over', async () => {
    const order = aDownload({ exclusive: 'download:qwen' });
    const { work } = await bench.begin(order);
    let again: Promise<unknown> | null = null;
    bench.desk.subscribe((event) => {
      if (event.kind === 'operation' && event.operation.state !== 'running') again ??= bench.desk.begin(order);
    });
    await work.succeed();
    expect(await again).to.include({ state: 'running' });
  });

  it('settles with the result of its work', async () => {
    const { operation, work } = await bench.begin();
    const waiting = bench.desk.settled(operation.id, never);
    await work.succeed({ bytes: 3 });
    expect(await waiting).to.deep.include({ state: 'succeeded', result: { bytes: 3 }, cause: null });
    expect(await bench.store.get(operation.id)).to.deep.equal(await waiting);
    expect(bench.desk.recent().map(({ id, state }) => `${id} ${state}`)).to.deep.equal(['op_0001 succeeded']);
  });

  it('tells at most two changes a second, and the last word always', async () => {
    const { operation, work } = await bench.begin();
    for (let step = 1; step <= 40; step += 1) {
      work.context.report([running(step)]);
      await bench.clock.advance(100);
    }
    work.context.report([running(999)], 'nearly there');
    await bench.clock.advance(1_000);
    const told = bench.told.filter(({ id }) => id === operation.id);
    expect(told.length).to.be.within(8, 11);
    expect(told.at(-1)?.progress).to.include({ doneBytes: 999, label: 'nearly there' });
    expect(await bench.store.get(operation.id)).to.deep.equal(told.at(-1));
    expect(bench.store.saved.filter(({ id }) => id === operation.id)).to.deep.equal(told);
    expect(bench.revisions(operation)).to.deep.equal(told.map((_, at) => at + 1));
    work.context.report([running(1_000)]);
    await work.succeed();
    expect((await bench.desk.get(operation.id))?.progress).to.include({ doneBytes: 1_000, fraction: 1 });
  });

  it('hears no reports and lines of work that is over', async () => {
    const { operation, work } = await bench.begin();
    await work.succeed();
    const over = await bench.desk.get(operation.id);
    work.context.report([running(5)]);
    work.context.log(null, 'late');
    await bench.clock.advance(5_000);
    expect(await bench.desk.get(operation.id)).to.deep.equal(over);
    expect(bench.lines).to.deep.equal([]);
    expect(bench.clock.sleepers).to.equal(0);
  });

  it('makes the error of its work the cause, with what to do', async () => {
    const { operation, work } = await bench.begin();
    work.context.report([running(5)]);
    await work.fail(new SparkError('HOST_UNREACHABLE', 'spark2 cannot be reached with token hf_abcdefghijklmnop.'));
    const failed = await bench.desk.get(operation.id);
    expect(failed?.state).to.equal('failed');
    expect(failed?.cause).to.deep.equal({
      code: 'HOST_UNREACHABLE',
      message: 'spark2 cannot be reached with token hf_***.',
      hint: 'Check power, cable, address and sshd of that host.',
    });
    expect(failed?.parts[0]?.status).to.equal('failed');
  });

  it('shows nothing of an error that nobody foresaw, and logs it', async () => {
    const { operation, work } = await bench.begin();
    const defect = new TypeError('cannot read properties of /home/anna/.ssh/id');
    await work.fail(defect);
    const failed = await bench.desk.get(operation.id);
    expect(failed?.cause?.code).to.equal('INTERNAL');
    expect(JSON.stringify(failed)).not.to.include('anna/.ssh');
    expect(bench.errors.map(([, { error }]) => error)).to.deep.equal([defect]);
  });

  describe('when cancelled', () => {
    it('marks it durably, breaks the work off and settles as cancelled', async () => {
      const { operation, work } = await bench.begin();
      const marked = await bench.desk.cancel(operation.id, SOMEBODY);
      expect(marked.cancelRequestedAt).to.equal(bench.clock.now());
      expect(work.context.signal.aborted).to.equal(true);
      expect(bench.store.audit.entries.at(-1)).to.include({ action: 'operation_cancelled', target: operation.id });
      await settle();
      expect(await bench.desk.get(operation.id)).to.include({ state: 'cancelled', cause: null });
      expect((await refusal(bench.desk.cancel(operation.id, SOMEBODY))).code).to.equal('OPERATION_SETTLED');
    });

    it('says the same to a second cancel', async () => {
      bench.isDeaf = true;
      const { operation } = await bench.begin();
      const marked = await bench.desk.cancel(operation.id, SOMEBODY);
      expect(await bench.desk.cancel(operation.id, SOMEBODY)).to.deep.equal(marked);
      expect(bench.store.audit.entries).to.have.length(2);
    });

    it('says what went wrong while the work was broken off', async () => {
      bench.isDeaf = true;
      const { operation, work } = await bench.begin();
      await bench.desk.cancel(operation.id, SOMEBODY);
      await work.fail(new SparkError('HOST_UNREACHABLE', 'spark2 is away.'));
      expect((await bench.desk.get(operation.id))?.cause).to.include({ code: 'HOST_UNREACHABLE' });
      expect(await bench.desk.get(operation.id)).to.include({ state: 'cancelled' });
    });

    it('has succeeded when the work was done all the same', async () => {
      bench.isDeaf = true;
      const { operation, work } = await bench.begin();
      await bench.desk.cancel(operation.id, SOMEBODY);
      await work.succeed({ bytes: 1 });
      expect(await bench.desk.get(operation.id)).to.deep.include({ state: 'succeeded', result: { bytes: 1 } });
    });

    it('loses no report that comes while that is stored', async () => {
      bench.isDeaf = true;
      const { operation, work } = await bench.begin();
      await bench.clock.advance(500);
      const cancelling = bench.desk.cancel(operation.id, SOMEBODY);
      work.context.report([running(7)]);
      await cancelling;
      work.context.report([running(8)]);
      await bench.clock.advance(1_000);
      expect(await bench.desk.get(operation.id)).to.deep.include({ cancelRequestedAt: bench.clock.now() - 1_000 });
      expect((await bench.desk.get(operation.id))?.progress.doneBytes).to.equal(8);
      expect(bench.revisions(operation)).to.deep.equal([1, 2, 3]);
    });

    it('refuses past the point of no return, and where the work does not know how', async () => {
      const { operation, work } = await bench.begin();
      await work.context.pointOfNoReturn();
      expect((await bench.store.get(operation.id))?.cancellable).to.equal(false);
      const refused = await refusal(bench.desk.cancel(operation.id, SOMEBODY));
      expect(refused.code).to.equal('NOT_SUPPORTED');
      expect(work.context.signal.aborted).to.equal(false);
      bench.worker = { resumable: false, cancellable: false };
      await bench.restart();
      const other = await bench.begin();
      expect((await refusal(bench.desk.cancel(other.operation.id, SOMEBODY))).code).to.equal('NOT_SUPPORTED');
    });

    it('does not let the work pass the point of no return any more', async () => {
      bench.isDeaf = true;
      const { operation, work } = await bench.begin();
      await bench.desk.cancel(operation.id, SOMEBODY);
      const passed = work.context.pointOfNoReturn().then(
        () => 'passed',
        (error: unknown) => error,
      );
      expect(await passed).to.equal(work.context.signal.reason);
    });

    it('refuses an operation that is not known', async () => {
      expect((await refusal(bench.desk.cancel(operationId('op_9'), SOMEBODY))).code).to.equal('OPERATION_NOT_FOUND');
      expect((await refusal(bench.desk.settled(operationId('op_9'), never))).code).to.equal('OPERATION_NOT_FOUND');
      expect(await bench.desk.get(operationId('op_9'))).to.equal(null);
    });
  });

  describe('on a full disk', () => {
    it('goes on, tells how far it is, and stores that as soon as it can', async () => {
      const { operation, work } = await bench.begin();
      await bench.clock.advance(500);
      bench.store.isUnavailable = true;
      work.context.report([running(5)]);
      await bench.clock.advance(3_000);
      expect(bench.told.at(-1)?.progress.doneBytes).to.equal(5);
      expect((await bench.store.get(operation.id))?.progress.doneBytes).to.equal(null);
      bench.store.isUnavailable = false;
      await bench.clock.advance(1_000);
      expect((await bench.store.get(operation.id))?.progress.doneBytes).to.equal(5);
      await bench.clock.advance(1_000);
      expect(bench.revisions(operation)).to.deep.equal([1, 2]);
      expect(bench.clock.sleepers).to.equal(0);
    });

    it('does not say that it is over before that is stored', async () => {
      const { operation, work } = await bench.begin();
      bench.store.isUnavailable = true;
      const waiting = bench.desk.settled(operation.id, never);
      await work.succeed({ bytes: 3 });
      await bench.clock.advance(5_000);
      expect((await bench.desk.get(operation.id))?.state).to.equal('running');
      expect(bench.told).to.have.length(1);
      expect((await refusal(bench.desk.cancel(operation.id, SOMEBODY))).code).to.equal('OPERATION_SETTLED');
      bench.store.isUnavailable = false;
      await bench.clock.advance(1_000);
      expect(await waiting).to.deep.include({ state: 'succeeded', result: { bytes: 3 } });
    });

    it('does not cancel what it cannot mark', async () => {
      const { operation, work } = await bench.begin();
      bench.store.isUnavailable = true;
      expect((await refusal(bench.desk.cancel(operation.id, SOMEBODY))).code).to.equal('STORE_UNAVAILABLE');
      expect(work.context.signal.aborted).to.equal(false);
    });
  });

  describe('keeps the log', () => {
    it('numbered, without secrets and control characters', async () => {
      const { operation, work } = await bench.begin({ secrets: { key: 'correct horse battery' } });
      work.context.log(hostKey('spark1'), 'HF_TOKEN=abc pulling\n\n\u001b[31mred\u001b[0m\r');
      work.context.log(null, 'login with correct horse battery done');
      expect(bench.lines).to.deep.equal(['1 HF_TOKEN=*** pulling', '2 red', '3 login with *** done']);
      expect(bench.desk.logTail(operation.id).map(({ host, seq }) => `${host} ${seq}`)).to.deep.equal(['spark1 1', 'spark1 2', 'null 3']);
      work.context.report([aPart('spark1', { note: 'correct horse battery' })], 'with correct horse battery');
      await bench.clock.advance(500);
      expect(JSON.stringify(bench.store.saved)).not.to.include('horse');
    });

    it('of the last 2,000 lines', async () => {
      const { operation, work } = await bench.begin();
      for (let line = 1; line <= 2_100; line += 1) work.context.log(null, `line ${line}`);
      const tail = bench.desk.logTail(operation.id);
      expect([tail.length, tail[0]?.seq, tail.at(-1)?.line]).to.deep.equal([2_000, 101, 'line 2100']);
      expect(bench.desk.logTail(operationId('op_9'))).to.deep.equal([]);
    });
  });
});
