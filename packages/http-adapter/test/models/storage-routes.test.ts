import { request } from 'node:http';
import { modelKey } from '@spark-control/core';
import { expect } from 'chai';
import { aModel } from '../../../core/test/support/builders.ts';
import { settle } from '../../../core/test/support/fake-clock.ts';
import { aView, StorageBench } from '../../../core/test/support/storage-bench.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { ScriptedCore } from '../support/scripted-core.ts';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from '../support/test-server.ts';

const GIB = 2 ** 30;

describe('the routes of the disks', () => {
  let bench: StorageBench;
  let server: TestServer;
  beforeEach(async () => {
    bench = new StorageBench();
    bench.models.push(aModel('mine', { source: { kind: 'local_path', path: '/models/mine' } }));
    const core = new ScriptedCore();
    core.catalog = () => ({ revision: 1, models: bench.models, fault: null });
    server = await startServer({ storage: bench.desk, operations: bench.operations }, core);
  });
  afterEach(async () => {
    bench.desk.close();
    await server.close();
    await bench.operations.close();
  });

  const call = async (
    method: string,
    path: string,
    declared: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = method === 'POST' ? await post(server.port, path, body ?? {}, headers) : await ask(server.port, path, { method });
    expectDocumented(routeOf(method, declared), answer);
    return answer;
  };
  const disk = (query = '', method = 'GET', model = 'the-model'): Promise<Answer> =>
    call(method, `/api/models/${model}/disk${query}`, '/api/models/{key}/disk');
  const download = (body: unknown = {}, model = 'the-model', headers = {}): Promise<Answer> =>
    call('POST', `/api/models/${model}/download`, '/api/models/{key}/download', body, headers);
  const pull = (body: unknown = {}): Promise<Answer> =>
    call('POST', '/api/models/the-model/pull-image', '/api/models/{key}/pull-image', body);

  it('show what each host has', async () => {
    bench.place('spark1');
    const { items, ...rest } = bodyOf<{ items: unknown[] }>(await disk());
    expect(rest).to.deep.equal({ model: 'the-model', deletable: true, reason: null });
    expect(items[0]).to.deep.equal({
      ...{ host: 'spark1', cluster: 'default', kind: 'cache', present: true, path: '/cache/the-model', bytes: 10 * GIB },
      ...{ complete: true, downloading: false, free_bytes: 100 * GIB, problem: null },
    });
    expect((await disk('', 'GET', 'nobody')).status).to.equal(404);
  });

  it('begin a pull for who asks again, when the first who asked with that Idempotency-Key has hung up', async () => {
    const inspect = bench.storage.inspect;
    const asked: AbortSignal[] = [];
    bench.storage.inspect = async (image, signal) => {
      asked.push(signal);
      if (asked.length > 1) return inspect(image, signal);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const path = '/api/models/the-model/pull-image';
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one' };
    const first = request({ port: server.port, path, method: 'POST', headers });
    first.on('error', () => undefined).end('{}');
    while (asked.length === 0) await settle();
    const [second, third] = [1, 2].map(() => post(server.port, path, {}, { 'idempotency-key': 'one' }));
    for (let turn = 0; turn < 50; turn += 1) await settle();
    first.destroy();
    const answers = await Promise.all([second, third]);
    expect(answers.map((answer) => answer?.status)).to.deep.equal([202, 202]);
    expect(answers[0]?.text).to.equal(answers[1]?.text);
  });

  it('begin a download, and answer the same for the same Idempotency-Key', async () => {
    const body = { cluster: 'default', hosts: ['spark2'], requested_by: 'anna', reason: 'for tonight' };
    const begun = await download(body, 'the-model', { 'idempotency-key': 'one' });
    expect(begun.status).to.equal(202);
    const operation = bodyOf<{ id: string }>(begun);
    expect(operation).to.include({ kind: 'model_download', subject: 'the-model', requested_by: 'anna', reason: 'for tonight' });
    expect(begun.headers['location']).to.equal(`/api/operations/${operation.id}`);
    const again = await download(body, 'the-model', { 'idempotency-key': 'one' });
    expect(bodyOf(again)).to.include({ id: operation.id });
    expect(again.headers['idempotency-replayed']).to.equal('true');
  });

  it('begin a pull without any body', async () => {
    const answer = await ask(server.port, '/api/models/the-model/pull-image', { method: 'POST' });
    expect(answer.status).to.equal(202);
    expect(bodyOf(answer)).to.include({ kind: 'image_pull' });
  });

  it('refuse in the codes of the API', async () => {
    bench.storage.freeBytes = 0;
    const full = await download();
    expect([full.status, bodyOf(full)['code']]).to.deep.equal([422, 'NOT_ENOUGH_DISK']);
    expect(bodyOf(await download({}, 'mine'))).to.include({ code: 'NOT_SUPPORTED' });
    expect(bodyOf(await download({}, 'nobody'))).to.include({ code: 'MODEL_NOT_FOUND' });
    expect(bodyOf(await download({ hosts: ['spark9'] }))).to.include({ code: 'HOST_NOT_FOUND' });
    expect((await download({ hosts: [] })).status).to.equal(422);
    expect((await download({ host: 'spark1' })).status).to.equal(422);
    expect(bodyOf(await pull({ cluster: 'nowhere' }))).to.include({ code: 'CLUSTER_NOT_FOUND' });
  });

  it('try a deletion, delete, and say what that freed', async () => {
    bench.place('spark1');
    bench.place('spark2');
    expect(bodyOf(await disk('?dry_run=true', 'DELETE'))).to.include({ dry_run: true, freed_bytes: 20 * GIB });
    expect(bench.storage.removed).to.deep.equal([]);
    expect(bodyOf(await disk('?host=spark2', 'DELETE'))).to.deep.equal({
      ...{ model: 'the-model', dry_run: false, freed_bytes: 10 * GIB },
      items: [{ host: 'spark2', path: '/cache/x', freed_bytes: 10 * GIB, through: 'login' }],
    });
    expect(bench.storage.removed).to.deep.equal(['org/model@spark2']);
  });

  it('do not delete what is in use, needed, or a local path', async () => {
    bench.place('spark1');
    bench.models.push(aModel('second', { source: { kind: 'repo', repo: 'org/model', revision: null } }));
    const needed = await disk('', 'DELETE');
    expect([needed.status, bodyOf(needed)['code']]).to.deep.equal([409, 'MODEL_IN_USE']);
    bench.view = aView({ serving: { kind: 'model', model: modelKey('second') } });
    expect(bodyOf(await disk('?force=true', 'DELETE'))).to.include({ code: 'MODEL_IN_USE' });
    bench.view = aView();
    expect((await disk('?force=true', 'DELETE')).status).to.equal(200);
    expect(bodyOf(await disk('?force=true', 'DELETE', 'mine'))).to.include({ code: 'NOT_SUPPORTED' });
    expect((await disk('?force=yes', 'DELETE')).status).to.equal(422);
  });

  it('show in the list of models what the last survey saw, without asking the hosts for it', async () => {
    bench.place('spark1');
    const listed = async (): Promise<unknown> =>
      bodyOf<{ items: { key: string; disk: unknown }[] }>(await ask(server.port, '/api/models')).items.find(
        ({ key }) => key === 'the-model',
      )?.disk;
    expect(await listed()).to.deep.equal([]);
    await disk();
    expect(await listed()).to.deep.equal([{ host: 'spark1', path: '/cache/the-model', bytes: 10 * GIB, complete: true }]);
  });

  it('say so where no disks can be reached', async () => {
    const bare = await startServer();
    const answer = await post(bare.port, '/api/models/the-model/download', {});
    expect(bodyOf(answer)).to.include({ code: 'NOT_SUPPORTED' });
    await bare.close();
  });
});
