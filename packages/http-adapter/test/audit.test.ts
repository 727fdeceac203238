import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { auditOf } from '../../core/test/support/lock-samples.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { ask, bodyOf, startServer, type TestServer } from './support/test-server.ts';

type Page = Readonly<{ items: readonly Record<string, unknown>[]; next_cursor: string | null }>;

describe('GET /api/audit', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
    const audit = ['a', 'b', 'c', 'd', 'e'].map((target) => auditOf(target, { action: target === 'c' ? 'lock_broken' : 'lock_acquired' }));
    server.audit.append(audit);
  });
  afterEach(() => server.close());

  const page = async (query = ''): Promise<Page> => {
    const answer = await ask(server.port, `/api/audit${query}`);
    expect(answer.status, answer.text).to.equal(200);
    expectDocumented(routeOf('GET', '/api/audit'), answer);
    return bodyOf<Page>(answer);
  };
  const targets = ({ items }: Page): unknown[] => items.map(({ target }) => target);

  it('shows entries as the contract has them, newest first', async () => {
    const { items, next_cursor: next } = await page();
    expect(items[4]).to.deep.equal({
      id: 1,
      at: '1970-01-01T00:00:01.000Z',
      actor: { name: 'anonymous@127.0.0.1', address: '127.0.0.1', request_id: 'req_1' },
      action: 'lock_acquired',
      cluster: 'default',
      target: 'a',
      fence: 1,
      note: null,
      hash: server.audit.entries[0]?.hash,
    });
    expect(items.map(({ id }) => id)).to.deep.equal([5, 4, 3, 2, 1]);
    expect(next).to.equal(null);
  });

  it('pages, and narrows to an action and a cluster', async () => {
    const first = await page('?limit=2');
    expect(targets(first)).to.deep.equal(['e', 'd']);
    const second = await page(`?limit=3&cursor=${first.next_cursor}`);
    expect(targets(second)).to.deep.equal(['c', 'b', 'a']);
    expect(second.next_cursor).to.equal(null);
    expect(targets(await page('?action=lock_broken'))).to.deep.equal(['c']);
    expect(targets(await page('?cluster=other'))).to.deep.equal([]);
  });

  for (const query of ['action=lock_brokn', 'action=A', 'limit=0', 'limit=201', 'cursor=x', 'cursor=', 'cluster=A', 'page=2']) {
    it(`answers 422 to ?${query}`, async () => {
      const answer = await ask(server.port, `/api/audit?${query}`);
      expect(answer.status).to.equal(422);
      expect(bodyOf<{ issues: { path: string }[] }>(answer).issues[0]?.path).to.equal(`/query/${query.split('=')[0]}`);
    });
  }

  it('says so when the store cannot be read', async () => {
    server.audit.list = async () => {
      throw new SparkError('STORE_UNAVAILABLE', 'the disk is gone');
    };
    expect(bodyOf(await ask(server.port, '/api/audit'))).to.include({ status: 503, code: 'STORE_UNAVAILABLE' });
  });
});
