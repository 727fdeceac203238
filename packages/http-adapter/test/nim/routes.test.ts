import { expect } from 'chai';
import { MemoryAnswers } from '../../../core/test/support/memory-answers.ts';
import { CANARY, NimBench } from '../../../core/test/support/nim-bench.ts';
import { expectDocumented, routeOf } from '../support/documented.ts';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from '../support/test-server.ts';

/** Remembers what it was given to keep. */
class ReadAnswers extends MemoryAnswers {
  readonly kept: unknown[] = [];

  override begin(...asked: Parameters<MemoryAnswers['begin']>): ReturnType<MemoryAnswers['begin']> {
    this.kept.push(asked);
    return super.begin(...asked);
  }

  override complete(...asked: Parameters<MemoryAnswers['complete']>): ReturnType<MemoryAnswers['complete']> {
    this.kept.push(asked);
    return super.complete(...asked);
  }
}

describe('the routes of NIM containers', () => {
  let bench: NimBench;
  let server: TestServer;
  let answers: ReadAnswers;
  beforeEach(async () => {
    bench = new NimBench();
    answers = new ReadAnswers();
    server = await startServer({ nim: bench.desk, operations: bench.operations, answers });
  });
  afterEach(() => server.close());

  const install = async (body: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await post(server.port, '/api/nim/install', body, headers);
    expectDocumented(routeOf('POST', '/api/nim/install'), answer);
    return answer;
  };

  it('list the images that are known, with what they are made for', async () => {
    const answer = await ask(server.port, '/api/nim/images');
    expectDocumented(routeOf('GET', '/api/nim/images'), answer);
    const { items } = bodyOf<{ items: { repository: string; architectures: string[] }[] }>(answer);
    expect(items.length).to.be.greaterThan(1);
    for (const { architectures } of items) expect(architectures).to.include('arm64');
  });

  it('begin an installation, and answer the same to the same Idempotency-Key', async () => {
    const body = { image: 'lan:5000/nim/good:1', ngc_api_key: CANARY, requested_by: 'anna', register_service: { key: 'nim' } };
    const first = await install(body, { 'idempotency-key': 'k1' });
    expect([first.status, bodyOf(first)['kind'], bodyOf(first)['requested_by']]).to.deep.equal([202, 'nim_install', 'anna']);
    const again = await install(body, { 'idempotency-key': 'k1' });
    expect([again.status, again.text, again.headers['idempotency-replayed']]).to.deep.equal([202, first.text, 'true']);
    // Only a digest of the body is kept for that.
    expect(answers.kept).to.have.length(3);
    expect(first.text + JSON.stringify(answers.kept)).to.not.contain(CANARY);
    const { id } = bodyOf<{ id: never }>(first);
    expect((await bench.ended(id)).state).to.equal('succeeded');
    expect((await ask(server.port, `/api/operations/${String(id)}`)).text + JSON.stringify(server.logs)).to.not.contain(CANARY);
  });

  for (const [what, body] of [
    ['a key that is too long', { image: 'lan:5000/nim/good:1', ngc_api_key: CANARY.repeat(40) }],
    ['a key with a blank', { image: 'lan:5000/nim/good:1', ngc_api_key: `${CANARY} ${CANARY}` }],
    ['a key that is no text', { image: 'lan:5000/nim/good:1', ngc_api_key: [CANARY] }],
    ['a key under a name that nobody knows', { image: 'lan:5000/nim/good:1', key: CANARY }],
    ['no image', { ngc_api_key: CANARY }],
  ] as const) {
    it(`refuse ${what}, and never show it`, async () => {
      const answer = await install(body);
      expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([422, 'INVALID_REQUEST']);
      expect(answer.text + JSON.stringify(server.logs)).to.not.contain(CANARY);
    });
  }

  it('refuse while somebody else has the lock', async () => {
    bench.core.setLock('cron:nightly');
    const answer = await install({ image: 'lan:5000/nim/good:1', ngc_api_key: CANARY });
    expect([answer.status, bodyOf<{ lock: { holder: string } }>(answer).lock.holder]).to.deep.equal([423, 'cron:nightly']);
  });

  it('say so where no host can be reached', async () => {
    const bare = await startServer();
    expect((await ask(bare.port, '/api/nim/images')).status).to.equal(409);
    expect((await post(bare.port, '/api/nim/install', { image: 'a' })).status).to.equal(409);
    await bare.close();
  });
});
