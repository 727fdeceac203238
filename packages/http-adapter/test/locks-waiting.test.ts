import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { type AcquireDecision, type LockId, lockId, ticket } from '@spark-control/core';
import { expect } from 'chai';
import { settle } from '../../core/test/support/fake-clock.ts';
import { MemoryAnswers } from '../../core/test/support/memory-answers.ts';
import { aGrant, aLease, someLockFacts } from './support/scripted-locks.ts';
import { bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const BODY = { holder: 'alice', ttl_seconds: 60, wait_seconds: 60 };
const granted = (id = 'lck_secret'): AcquireDecision => ({ kind: 'granted', grant: { ...aGrant(), lockId: lockId(id) } });
const inVain: AcquireDecision = {
  kind: 'held',
  inTheWay: someLockFacts(),
  waiting: { position: 1, ticket: ticket('tkt_1') },
  retryAfterSeconds: 1,
};

/** A call that waits in the core until a test answers it. */
type Waiting = Readonly<{ signal: AbortSignal; answer: (decision: AcquireDecision) => void }>;

describe('waiting for a lock', () => {
  let server: TestServer;
  let calls: Waiting[];
  let released: LockId[];
  beforeEach(async () => {
    server = await startServer({ answers: new MemoryAnswers() });
    calls = [];
    released = [];
    server.core.locks.acquire = (_request, signal) =>
      new Promise((answer) => {
        calls.push({ signal, answer });
      });
    server.core.locks.release = async (id) => {
      released.push(id);
      return { kind: 'released', lease: aLease() };
    };
  });
  afterEach(() => server.close());

  const acquire = (headers: Record<string, string> = {}) => post(server.port, '/api/swap/lock', BODY, headers);
  const call = async (index: number): Promise<Waiting> => {
    for (;;) {
      const waiting = calls[index];
      if (waiting !== undefined) return waiting;
      await settle();
    }
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await settle();
  };
  /** A request on a bare connection, which can be cut. */
  const rawAcquire = (extra = ''): Socket => {
    const socket = connect(server.port, '127.0.0.1');
    const body = JSON.stringify(BODY);
    const head = `POST /api/swap/lock HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${extra}`;
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    return socket;
  };

  it('answers when the turn comes', async () => {
    const answer = acquire();
    const waiting = await call(0);
    expect(waiting.signal.aborted).to.equal(false);
    waiting.answer(granted());
    expect(await answer).to.include({ status: 201 });
    expect(released).to.deep.equal([]);
  });

  it('tells the core when the connection closes, which keeps the place', async () => {
    const socket = rawAcquire();
    const { signal, answer } = await call(0);
    socket.destroy();
    await until(() => signal.aborted);
    answer(inVain);
    await settle();
    expect(released).to.deep.equal([]);
  });

  it('gives a lock back at once when whoever it was for has gone', async () => {
    const socket = rawAcquire();
    const { signal, answer } = await call(0);
    socket.destroy();
    await until(() => signal.aborted);
    answer(granted('lck_for_nobody'));
    await until(() => released.length > 0);
    expect(released).to.deep.equal(['lck_for_nobody']);
  });

  it('keeps no lock that was given back as the answer of its Idempotency-Key', async () => {
    const socket = rawAcquire('idempotency-key: k\r\n');
    const first = await call(0);
    const joined = acquire({ 'idempotency-key': 'k' });
    socket.destroy();
    await until(() => first.signal.aborted);
    first.answer(granted('lck_for_nobody'));
    const refused = await joined;
    // Either it joined in time and hears to ask again, or it came after the end and asks anew.
    if (refused.status !== 201) expect(bodyOf(refused)).to.include({ status: 409, code: 'QUEUE_TIMEOUT' });
    expect(refused.text).to.not.contain('lck_for_nobody');
    const again = acquire({ 'idempotency-key': 'k' });
    (await call(1)).answer(granted('lck_second'));
    expect(bodyOf(await again)).to.include({ lock_id: 'lck_second' });
  });

  it('lets a waiter go home with a ticket when the server stops', async () => {
    const answer = acquire();
    const { signal, answer: decide } = await call(0);
    server.closeStreams();
    expect(signal.aborted).to.equal(true);
    decide(inVain);
    expect(bodyOf(await answer)).to.include({ code: 'LOCK_HELD', ticket: 'tkt_1', position: 1 });
  });

  it('gives a lock that comes while the server stops to the client, who is still there', async () => {
    const answer = acquire();
    const { answer: decide } = await call(0);
    server.closeStreams();
    decide(granted());
    expect(await answer).to.include({ status: 201 });
    expect(released).to.deep.equal([]);
  });

  it('gives the same grant to the same key and body, and asks the core once', async () => {
    const first = acquire({ 'idempotency-key': 'k' });
    const second = acquire({ 'idempotency-key': 'k' });
    (await call(0)).answer(granted());
    expect((await first).text).to.equal((await second).text);
    const late = await acquire({ 'idempotency-key': 'k' });
    expect(late).to.include({ status: 201, text: (await first).text });
    expect(late.headers['idempotency-replayed']).to.equal('true');
    expect(calls).to.have.length(1);
  });

  it('keeps no refusal as the answer of a key: the next try asks again', async () => {
    const first = acquire({ 'idempotency-key': 'k' });
    (await call(0)).answer(inVain);
    expect(await first).to.include({ status: 409 });
    const second = acquire({ 'idempotency-key': 'k' });
    (await call(1)).answer(granted());
    expect(await second).to.include({ status: 201 });
  });
});
