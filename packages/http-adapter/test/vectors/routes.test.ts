import { expect } from 'chai';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from '../support/test-server.ts';
import { KEY, VectorBench } from './vector-bench.ts';

describe('the routes of the vector store', () => {
  let bench: VectorBench;
  let server: TestServer;
  before(async () => {
    bench = await VectorBench.open();
    server = await startServer({ vectors: bench.desk, operations: bench.operations });
  });
  after(async () => {
    await server.close();
    await bench.close();
  });

  const get = async (path: string, declared = path.split('?')[0] ?? path): Promise<Answer> => {
    const answer = await ask(server.port, path);
    expectDocumented(routeOf('GET', declared), answer);
    return answer;
  };
  const send = async (path: string, body: unknown): Promise<Answer> => {
    const answer = await post(server.port, path, body);
    expectDocumented(routeOf('POST', path), answer);
    return answer;
  };
  const remove = async (path: string): Promise<Answer> => {
    const answer = await ask(server.port, path, { method: 'DELETE' });
    expectDocumented(routeOf('DELETE', '/api/qdrant/snapshots/{name}'), answer);
    return answer;
  };
  type Items = { items: Record<string, unknown>[] };

  it('answer what is asked from the first collection to the restored one', async () => {
    const { items } = bodyOf<Items>(await get('/api/qdrant/collections'));
    expect(items[0]).to.deep.equal({ name: 'notes', points: 3, status: 'green', vector_size: 4 });

    const begun = await send('/api/qdrant/snapshots', {
      collection: 'notes',
      keep_count: 3,
      requested_by: 'anna',
      reason: 'before the move',
    });
    expect(begun.status).to.equal(202);
    const operation = bodyOf<{ id: string; requested_by: string; subject: string }>(begun);
    expect(operation).to.include({ requested_by: 'anna', reason: 'before the move', kind: 'vector_snapshot', subject: 'qdrant' });
    expect(begun.headers['location']).to.equal(`/api/operations/${operation.id}`);
    expect(bodyOf(await ask(server.port, `/api/operations/${operation.id}?wait_seconds=20`))).to.include({ state: 'succeeded' });

    const listed = bodyOf<Items>(await get('/api/qdrant/snapshots?collection=notes')).items;
    expect(listed).to.have.length(1);
    expect(listed[0]).to.include({ collection: 'notes', created_at: '2026-02-03T04:05:06.000Z' });
    const name = String(listed[0]?.['name']);

    const restored = await send('/api/qdrant/restore', { collection: 'notes', snapshot: name, confirm: 'notes' });
    expect(restored.status).to.equal(202);
    const { id } = bodyOf<{ id: string }>(restored);
    expect(bodyOf(await ask(server.port, `/api/operations/${id}?wait_seconds=20`))).to.include({ state: 'succeeded' });

    expect((await remove(`/api/qdrant/snapshots/${encodeURIComponent(name)}?collection=notes`)).status).to.equal(204);
    expect((await remove(`/api/qdrant/snapshots/${encodeURIComponent(name)}?collection=notes`)).status).to.equal(404);
    expect(bodyOf(await get('/api/qdrant/storage-restore'))).to.include({ service: 'qdrant', snapshot: null });
  });

  for (const [what, path, body, status, code] of [
    ['a collection and the whole storage at once', '/api/qdrant/snapshots', { collection: 'notes', storage: true }, 422, 'INVALID_REQUEST'],
    ['none to keep', '/api/qdrant/snapshots', { keep_count: 0 }, 422, 'INVALID_REQUEST'],
    ['a field that nobody knows', '/api/qdrant/snapshots', { keep: 3 }, 422, 'INVALID_REQUEST'],
    ['a collection that is not there', '/api/qdrant/snapshots', { collection: 'nots' }, 404, 'COLLECTION_NOT_FOUND'],
    ['a service that is not there', '/api/qdrant/snapshots', { service: 'qdrand' }, 404, 'SERVICE_NOT_FOUND'],
    [
      'a restore that is not confirmed',
      '/api/qdrant/restore',
      { collection: 'notes', snapshot: 'x', confirm: 'yes' },
      422,
      'INVALID_REQUEST',
    ],
    [
      'a restore of what is not there',
      '/api/qdrant/restore',
      { collection: 'notes', snapshot: 'x', confirm: 'notes' },
      404,
      'SNAPSHOT_NOT_FOUND',
    ],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const answer = await send(path, body);
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([status, code]);
    });
  }

  it('say what the store says of the key, and never the key', async () => {
    bench.environment['QDRANT_API_KEY'] = `${KEY}-wrong`;
    const answer = await get('/api/qdrant/snapshots');
    bench.environment['QDRANT_API_KEY'] = KEY;
    expect(answer.status).to.equal(502);
    expect(bodyOf(answer)['detail']).to.equal('Qdrant refused the API key in QDRANT_API_KEY.');
    expect(answer.text + JSON.stringify(server.logs)).to.not.contain(KEY);
  });

  it('say so where there is no vector store', async () => {
    const bare = await startServer();
    for (const path of ['/api/qdrant/collections', '/api/qdrant/snapshots', '/api/qdrant/storage-restore']) {
      const answer = await ask(bare.port, path);
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([409, 'NOT_SUPPORTED']);
    }
    await bare.close();
  });
});
