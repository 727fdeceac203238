import { type AnswerStore, SparkError, type SwapDecision, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { aSwap } from '../../core/test/support/builders.ts';
import { settle } from '../../core/test/support/fake-clock.ts';
import { MemoryAnswers } from '../../core/test/support/memory-answers.ts';
import { bodyHashOf } from '../src/routing/idempotency.ts';
import { bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const key = (value: string): Record<string, string> => ({ 'idempotency-key': value });

describe('Idempotency-Key', () => {
  let server: TestServer;
  let calls: number;
  let answers: AnswerStore;
  let decide: () => Promise<SwapDecision>;
  beforeEach(async () => {
    answers = new MemoryAnswers();
    server = await startServer({ answers });
    calls = 0;
    decide = async () => ({ kind: 'started', swap: aSwap({ id: swapId(`swp_${calls}`) }) });
    server.core.requestSwap = () => {
      calls += 1;
      return decide();
    };
  });
  afterEach(() => server.close());

  const swap = (body: unknown, headers: Record<string, string>) => post(server.port, '/api/swap', body, headers);

  it('gives the same answer to the same body, whatever the order of its fields', async () => {
    const first = await swap({ model: 'qwen', reason: 'night' }, key('a'));
    const second = await swap({ reason: 'night', model: 'qwen' }, key('a'));
    expect(calls).to.equal(1);
    expect(second).to.include({ status: 202, text: first.text });
    expect(second.headers.location).to.equal(first.headers.location);
    expect(first.headers).to.not.have.property('idempotency-replayed');
    expect(second.headers['idempotency-replayed']).to.equal('true');
  });

  it('joins a request that is still running', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    decide = async () => {
      await gate;
      return { kind: 'started', swap: aSwap() };
    };
    const running = Array.from({ length: 5 }, () => swap({ model: 'qwen' }, key('a')));
    while (calls === 0) await settle();
    const other = await swap({ model: 'gemma' }, key('a'));
    expect(other.status).to.equal(422);
    expect(bodyOf(other)).to.include({ code: 'IDEMPOTENCY_KEY_REUSED' });
    release();
    const done = await Promise.all(running);
    expect(calls).to.equal(1);
    expect(new Set(done.map(({ text }) => text)).size).to.equal(1);
    expect(done.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).to.have.length(4);
  });

  it('of another lock is refused: what the old one was told says nothing about the new', async () => {
    decide = async () => ({ kind: 'lock_expired', detail: 'The time of this lock is over.' });
    const withLock = (id: string) => swap({ model: 'qwen' }, { ...key('a'), 'x-swap-lock': id });
    expect((await withLock('lck_1')).status).to.equal(410);
    expect(bodyOf(await withLock('lck_2'))).to.include({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect((await withLock('lck_1')).headers['idempotency-replayed']).to.equal('true');
  });

  it('of another body is refused', async () => {
    await swap({ model: 'qwen' }, key('a'));
    const answer = await swap({ model: 'gemma' }, key('a'));
    expect(answer.status).to.equal(422);
    expect(bodyOf(answer)).to.include({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(calls).to.equal(1);
  });

  it('is looked at after form and existence', async () => {
    await swap({ model: 'qwen' }, key('a'));
    expect((await swap({ model: 'qwen', extra: 1 }, key('a'))).status).to.equal(422);
    decide = async () => {
      throw new SparkError('MODEL_NOT_FOUND', 'There is no model "qwen".');
    };
    server.core.catalog = () => ({ revision: 8, models: [], fault: null });
    expect((await swap({ model: 'qwen' }, key('a'))).status).to.equal(404);
  });

  it('keeps a refusal that would come out the same, and none that says "later"', async () => {
    decide = async () => ({ kind: 'preflight_failed', issues: [{ path: '/model', code: 'image', message: 'is missing' }] });
    const first = await swap({ model: 'qwen' }, key('lasting'));
    const second = await swap({ model: 'qwen' }, key('lasting'));
    expect(second).to.include({ status: 422, text: first.text });
    expect(second.headers['content-type']).to.contain('problem+json');
    expect(second.headers['idempotency-replayed']).to.equal('true');

    decide = async () => ({ kind: 'busy', swapId: swapId('swp_9'), retryAfterSeconds: 4 });
    const busy = await swap({ model: 'qwen' }, key('passing'));
    expect(busy.status).to.equal(409);
    expect(busy.headers['retry-after']).to.equal('4');
    decide = async () => ({ kind: 'started', swap: aSwap() });
    expect((await swap({ model: 'qwen' }, key('passing'))).status).to.equal(202);
  });

  it('is free again after a defect', async () => {
    decide = async () => {
      throw new TypeError('bug');
    };
    expect((await swap({ model: 'qwen' }, key('a'))).status).to.equal(500);
    decide = async () => ({ kind: 'started', swap: aSwap() });
    const again = await swap({ model: 'qwen' }, key('a'));
    expect(again.status).to.equal(202);
    expect(again.headers).to.not.have.property('idempotency-replayed');
  });

  it('left running by a process that died is taken over', async () => {
    const dead = await startServer({ answers });
    dead.core.requestSwap = () => new Promise<never>(() => undefined);
    void post(dead.port, '/api/swap', { model: 'qwen' }, key('a')).catch(() => undefined);
    await settle();
    await dead.close();
    expect((await swap({ model: 'qwen' }, key('a'))).status).to.equal(202);
  });

  it('answers although its answer cannot be kept', async () => {
    answers.complete = async () => {
      throw new SparkError('STORE_UNAVAILABLE', 'full');
    };
    expect((await swap({ model: 'qwen' }, key('a'))).status).to.equal(202);
    expect(server.logs.map(({ level }) => level)).to.contain('warn');
  });

  it('belongs to its route', async () => {
    server.core.swap = async () => aSwap();
    server.core.cancelSwap = async () => ({ kind: 'accepted', swap: aSwap({ cancelRequestedAt: 2_000 }) });
    await swap({ model: 'qwen' }, key('a'));
    const cancelled = await post(server.port, '/api/swap/swp_1/cancel', {}, key('a'));
    expect(cancelled.headers).to.not.have.property('idempotency-replayed');
    expect((await post(server.port, '/api/swap/swp_1/cancel', {}, key('a'))).headers['idempotency-replayed']).to.equal('true');
    expect((await post(server.port, '/api/swap/swp_2/cancel', {}, key('a'))).headers).to.not.have.property('idempotency-replayed');
  });

  it('has to be visible ASCII of bounded length', async () => {
    for (const bad of ['', 'x'.repeat(256), 'a b']) {
      const answer = await swap({ model: 'qwen' }, key(bad));
      expect(answer.status, bad).to.equal(422);
      expect(bodyOf<{ issues: { path: string }[] }>(answer).issues[0]?.path).to.equal('/headers/idempotency-key');
    }
    expect(calls).to.equal(0);
  });
});

describe('bodyHashOf', () => {
  it('tells values apart and not orders of fields', () => {
    expect(bodyHashOf({ a: 1, b: [1, { c: 2, d: 3 }] })).to.equal(bodyHashOf({ b: [1, { d: 3, c: 2 }], a: 1 }));
    const all = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, {}, [], null, 'a', { 'a:1': 1 }, { a: { b: 1 } }, { b: { a: 1 } }].map(
      bodyHashOf,
    );
    expect(new Set(all).size).to.equal(all.length);
  });
});
