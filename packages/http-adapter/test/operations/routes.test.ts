import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { settle } from '../../../core/test/support/fake-clock.ts';
import { OperationBench } from '../../../core/test/support/operation-bench.ts';
import { anOperation, aPart, stored } from '../../../core/test/support/operation-samples.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { type Answer, type Ask, ask, bodyOf, startServer, type TestServer } from '../support/test-server.ts';

describe('the routes of operations', () => {
  let server: TestServer;
  let bench: OperationBench;
  beforeEach(async () => {
    bench = new OperationBench();
    server = await startServer({ operations: bench.desk, clock: bench.clock });
  });
  afterEach(() => server.close());

  /** Every answer has to be one that is documented, exactly. */
  const call = async (method: string, pattern: string, id = '', over: Ask & { query?: string } = {}): Promise<Answer> => {
    const { query = '', ...rest } = over;
    const answer = await ask(server.port, pattern.replace('{id}', id) + query, { method, ...rest });
    expectDocumented(routeOf(method, pattern), answer);
    return answer;
  };

  it('show an operation with its parts and how far it is', async () => {
    const { operation, work } = await bench.begin();
    work.context.report([aPart('spark1', { status: 'running', doneBytes: 0, totalBytes: 4_000 })], 'downloading');
    await bench.clock.advance(2_000);
    work.context.report([aPart('spark1', { status: 'running', doneBytes: 1_000, totalBytes: 4_000, note: 'shard 1 of 4' })]);
    work.context.report([aPart('spark2', { status: 'skipped', note: 'it is there' })]);
    await bench.clock.advance(500);
    const answer = await call('GET', '/api/operations/{id}', operation.id);
    expect(answer.status).to.equal(200);
    expect(bodyOf(answer)).to.deep.include({
      ...{ id: 'op_0001', kind: 'model_download', subject: 'qwen', cluster: 'default', requested_by: 'anna', reason: null },
      ...{ state: 'running', settled: false, cancellable: true, cancel_requested_at: null, cause: null, result: null, simulated: false },
      ...{ created_at: '2023-11-14T22:13:20.000Z', settled_at: null },
    });
    expect(bodyOf(answer)['progress']).to.deep.equal({
      ...{ fraction: 0.25, label: 'downloading', done_bytes: 1_000, total_bytes: 4_000 },
      ...{ bytes_per_second: 500, elapsed_seconds: 2.5, eta_seconds: 6 },
    });
    expect(bodyOf<{ parts: unknown[] }>(answer).parts[0]).to.deep.equal({
      ...{ key: 'spark1', host: 'spark1', label: 'on spark1', status: 'running', note: 'shard 1 of 4' },
      ...{ done_bytes: 1_000, total_bytes: 4_000, fraction: null },
    });
  });

  it('show how it ended', async () => {
    const { operation, work } = await bench.begin();
    await bench.clock.advance(3_000);
    await work.succeed({ bytes: 5, hosts: ['spark1'] });
    const body = bodyOf(await call('GET', '/api/operations/{id}', operation.id));
    expect(body).to.deep.include({ state: 'succeeded', settled: true, result: { bytes: 5, hosts: ['spark1'] }, cause: null });
    expect(body['settled_at']).to.equal('2023-11-14T22:13:23.000Z');
    const other = await bench.begin();
    await other.work.fail(new SparkError('NOT_ENOUGH_DISK', 'spark1 has 3 GiB free and 60 GiB are needed.'));
    expect(bodyOf(await call('GET', '/api/operations/{id}', other.operation.id))['cause']).to.deep.equal({
      code: 'NOT_ENOUGH_DISK',
      message: 'spark1 has 3 GiB free and 60 GiB are needed.',
      hint: 'Free space on the host that is named.',
    });
  });

  it('wait for the end, and answer at the latest when the time is over', async () => {
    const { operation, work } = await bench.begin();
    const early = call('GET', '/api/operations/{id}', operation.id, { query: '?wait_seconds=10' });
    await bench.clock.until(() => bench.clock.sleepers > 0);
    await bench.clock.advance(10_000);
    expect(bodyOf(await early)).to.include({ settled: false });
    const waiting = call('GET', '/api/operations/{id}', operation.id, { query: '?wait_seconds=60' });
    await bench.clock.until(() => bench.clock.sleepers > 0);
    await work.succeed();
    expect(bodyOf(await waiting)).to.include({ settled: true });
    expect(bench.clock.sleepers).to.equal(0);
    expect(bodyOf(await call('GET', '/api/operations/{id}', operation.id, { query: '?wait_seconds=60' }))).to.include({ settled: true });
  });

  it('do not hold up a server that stops', async () => {
    const { operation } = await bench.begin();
    const waiting = call('GET', '/api/operations/{id}', operation.id, { query: '?wait_seconds=60' });
    await bench.clock.until(() => bench.clock.sleepers > 0);
    server.closeStreams();
    expect(bodyOf(await waiting)).to.include({ settled: false });
  });

  it('list by kind, subject and state, page by page', async () => {
    for (let nth = 1; nth <= 5; nth += 1) {
      const over = nth === 3 ? ({ kind: 'image_pull', subject: 'gemma' } as const) : {};
      await bench.store.save(stored(anOperation(`op_${nth}`, { state: nth > 3 ? 'succeeded' : 'running', ...over })));
    }
    const list = async (query: string) => {
      const { items, next_cursor } = bodyOf<{ items: { id: string }[]; next_cursor: string | null }>(
        await call('GET', '/api/operations', '', { query }),
      );
      return [items.map(({ id }) => id), next_cursor];
    };
    expect(await list('')).to.deep.equal([['op_5', 'op_4', 'op_3', 'op_2', 'op_1'], null]);
    expect(await list('?limit=2')).to.deep.equal([['op_5', 'op_4'], 'op_4']);
    expect(await list('?limit=2&cursor=op_4')).to.deep.equal([['op_3', 'op_2'], 'op_2']);
    expect(await list('?kind=image_pull')).to.deep.equal([['op_3'], null]);
    expect(await list('?subject=qwen&state=running')).to.deep.equal([['op_2', 'op_1'], null]);
    for (const bad of ['?kind=swap', '?state=done', '?limit=0', '?limit=201', '?model=x'])
      expect((await call('GET', '/api/operations', '', { query: bad })).status, bad).to.equal(422);
  });

  it('cancel what runs, once, and say why not', async () => {
    const { operation } = await bench.begin();
    const answer = await call('POST', '/api/operations/{id}/cancel', operation.id);
    expect(answer.status).to.equal(202);
    expect(answer.headers['location']).to.equal('/api/operations/op_0001');
    expect(bodyOf(answer)).to.include({ cancel_requested_at: '2023-11-14T22:13:20.000Z', state: 'running' });
    await settle();
    expect(bodyOf(await call('GET', '/api/operations/{id}', operation.id))).to.include({ state: 'cancelled' });
    expect(bench.store.audit.entries.at(-1)?.actor).to.include({ name: 'anonymous@127.0.0.1', address: '127.0.0.1' });
    const again = await call('POST', '/api/operations/{id}/cancel', operation.id);
    expect(again.status).to.equal(409);
    expect(bodyOf(again)).to.include({ code: 'OPERATION_SETTLED', operation_id: 'op_0001' });
    const other = await bench.begin();
    await other.work.context.pointOfNoReturn();
    expect(bodyOf(await call('POST', '/api/operations/{id}/cancel', other.operation.id))).to.include({ code: 'NOT_SUPPORTED' });
  });

  it('know no other operation', async () => {
    for (const id of ['op_9', '%2e%2e', 'x'.repeat(200)]) {
      expect((await call('GET', '/api/operations/{id}', id)).status).to.equal(404);
      expect((await call('GET', '/api/operations/{id}', id, { query: '?wait_seconds=60' })).status).to.equal(404);
      expect((await call('POST', '/api/operations/{id}/cancel', id)).status).to.equal(404);
      expect((await call('GET', '/api/operations/{id}/stream', id)).status).to.equal(404);
    }
    for (const bad of ['?wait_seconds=61', '?wait_seconds=-1', '?wait=1'])
      expect((await call('GET', '/api/operations/{id}', 'op_1', { query: bad })).status, bad).to.equal(422);
  });

  it('show what runs and what is just over on the overview', async () => {
    server.core.swaps = async () => [];
    await (await bench.begin()).work.succeed();
    await bench.begin();
    const status = await ask(server.port, '/api/status');
    expectDocumented(routeOf('GET', '/api/status'), status);
    const { operations } = bodyOf<{ operations: { id: string; state: string }[] }>(status);
    expect(operations.map(({ id, state }) => `${id} ${state}`)).to.deep.equal(['op_0002 running', 'op_0001 succeeded']);
  });
});
