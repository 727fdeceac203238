import type { WireGrant, WireLease, WireLock, WireProblem } from '@spark-control/schema';
import { expect } from 'chai';
import { KillableServer } from './support/killable-server.ts';
import { type Call, linearize } from './support/linearizable.ts';
import { type LockOp, lockSpec } from './support/lock-spec.ts';

const HISTORIES = Number(process.env['SPARK_HISTORIES'] ?? (process.env['SPARK_PROVE'] === '1' ? 1_000 : 4));
const CLIENTS = 8;
const CALLS_EACH = 25;
const SEED = Number(process.env['SPARK_SEED'] ?? 20_261);

/** A small generator (mulberry32), so that a history is made again by its seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Reply = Readonly<{ status: number; body: unknown }>;

/** Clients of one server, who write down what they asked and what they were told. */
class Recorder {
  readonly calls: Call<LockOp>[] = [];
  readonly #url: string;
  #marks = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async client(client: number, random: () => number): Promise<void> {
    let mine: Readonly<{ mark: string; id: string }> | null = null;
    for (let count = 0; count < CALLS_EACH; count += 1) {
      const dice = random();
      if (mine === null && dice < 0.6) mine = await this.#acquire(client);
      else if (mine !== null && dice < 0.45) await this.#renew(client, mine);
      else if (mine !== null && dice < 0.85) mine = await this.#release(client, mine, random() < 0.2);
      else if (dice > 0.96) await this.#break(client);
      else await this.#show(client);
    }
    if (mine !== null) await this.#release(client, mine, false);
  }

  async #acquire(client: number): Promise<Readonly<{ mark: string; id: string }> | null> {
    this.#marks += 1;
    const mark = `m${this.#marks}`;
    const reply = await this.#record(client, 'POST', '', { holder: mark, ttl_seconds: 86_400 }, (answer): LockOp => {
      if (answer === null) return { type: 'acquire', mark, answer: { kind: 'lost' } };
      if (answer.status === 201) return { type: 'acquire', mark, answer: { kind: 'granted', fence: (answer.body as WireGrant).fence } };
      const { lock } = answer.body as WireProblem;
      return { type: 'acquire', mark, answer: { kind: 'held', by: lock?.holder ?? '' } };
    });
    return reply?.status === 201 ? { mark, id: (reply.body as WireGrant).lock_id } : null;
  }

  async #renew(client: number, { mark, id }: Readonly<{ mark: string; id: string }>): Promise<void> {
    const names = { 200: 'renewed', 412: 'fenced_off' } as const;
    await this.#record(client, 'PUT', '', { lock_id: id }, (answer): LockOp => {
      const told = answer === null ? 'lost' : names[answer.status as keyof typeof names];
      if (told === undefined) throw new Error(`PUT answered ${answer?.status}`);
      return { type: 'renew', mark, answer: told };
    });
  }

  /** `keeps`: goes on using the id although it is let go, as a confused client does. */
  async #release(client: number, lock: Readonly<{ mark: string; id: string }>, keeps: boolean): Promise<typeof lock | null> {
    const names = { 204: 'released', 404: 'not_found', 412: 'fenced_off' } as const;
    const reply = await this.#record(client, 'DELETE', '', { lock_id: lock.id }, (answer): LockOp => {
      const told = answer === null ? 'lost' : names[answer.status as keyof typeof names];
      if (told === undefined) throw new Error(`DELETE answered ${answer?.status}`);
      return { type: 'release', mark: lock.mark, answer: told };
    });
    return keeps || reply === null ? lock : null;
  }

  async #break(client: number): Promise<void> {
    await this.#record(client, 'DELETE', '?force=true&reason=to%20see%20what%20happens', undefined, (answer): LockOp => {
      if (answer === null) return { type: 'break', answer: { kind: 'lost' } };
      if (answer.status === 404) return { type: 'break', answer: { kind: 'not_held' } };
      if (answer.status !== 200) throw new Error(`DELETE by force answered ${answer.status}`);
      return { type: 'break', answer: { kind: 'broken', mark: (answer.body as WireLease).holder } };
    });
  }

  async #show(client: number): Promise<void> {
    await this.#record(client, 'GET', '', undefined, (answer): LockOp | null => {
      if (answer === null) return null;
      const { lock } = answer.body as WireLock;
      return { type: 'show', answer: lock === null ? { kind: 'free' } : { kind: 'held', by: lock.holder, fence: lock.fence } };
    });
  }

  async #record(
    client: number,
    method: string,
    query: string,
    body: unknown,
    tell: (reply: Reply | null) => LockOp | null,
  ): Promise<Reply | null> {
    const invoked = performance.now();
    const reply = await this.#send(method, query, body);
    if (reply === 'never sent') return null;
    const op = tell(reply);
    if (op !== null) this.calls.push({ client, op, invoked, returned: reply === null ? Number.POSITIVE_INFINITY : performance.now() });
    return reply;
  }

  async #send(method: string, query: string, body: unknown): Promise<Reply | null | 'never sent'> {
    for (let tries = 0; ; tries += 1) {
      try {
        const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
        const response = await fetch(`${this.#url}/api/swap/lock${query}`, { method, ...init });
        const text = await response.text();
        if (response.status >= 500) throw new Error(`${method} answered ${response.status}: ${text}`);
        return { status: response.status, body: text === '' ? null : JSON.parse(text) };
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { code?: string };
        if (error instanceof SyntaxError || (error as Error).message.includes('answered')) throw error;
        if (code !== 'ECONNREFUSED') return null; // it may have arrived
        if (tries > 2_000) return 'never sent';
        await new Promise((resolve) => setTimeout(resolve, 5)); // nothing listens yet: it did not arrive for sure
      }
    }
  }
}

describe('the lock of the real server, as its clients remember it', () => {
  it(`can be explained by one order of calls in ${HISTORIES} histories of ${CLIENTS} clients, the server killed in each`, async function () {
    this.timeout(0);
    const server = await KillableServer.start();
    try {
      for (let history = 0; history < HISTORIES; history += 1) {
        const seed = SEED + history;
        const random = randomOf(seed);
        // Each history has the lock to itself at first.
        await fetch(`${server.url}/api/swap/lock?force=true&reason=a%20new%20history`, { method: 'DELETE' });
        const recorder = new Recorder(server.url);
        const clients = Array.from({ length: CLIENTS }, (_, client) => recorder.client(client, randomOf(seed * 31 + client)));
        const restart = new Promise((resolve) => setTimeout(resolve, random() * 120)).then(async () => {
          await server.kill();
          await server.up();
        });
        await Promise.all([...clients, restart]);
        const { ok, longest } = linearize(recorder.calls, lockSpec);
        expect(ok, `seed ${seed}: no order explains ${JSON.stringify(recorder.calls)}; the longest has ${longest.length}`).to.equal(true);
      }
    } finally {
      await server.close();
    }
  });

  it('would not be believed if two held it at once', () => {
    const granted = (client: number, mark: string, fence: number, at: number): Call<LockOp> => {
      return { client, op: { type: 'acquire', mark, answer: { kind: 'granted', fence } }, invoked: at, returned: at + 1 };
    };
    expect(linearize([granted(1, 'a', 1, 0), granted(2, 'b', 2, 2)], lockSpec).ok).to.equal(false);
    const released: Call<LockOp> = {
      client: 1,
      op: { type: 'release', mark: 'a', answer: 'lost' },
      invoked: 1.5,
      returned: Number.POSITIVE_INFINITY,
    };
    expect(linearize([granted(1, 'a', 1, 0), released, granted(2, 'b', 2, 2)], lockSpec).ok, 'unless one may have let go').to.equal(true);
    expect(linearize([granted(1, 'a', 2, 0), released, granted(2, 'b', 2, 2)], lockSpec).ok, 'a fence twice').to.equal(false);
    const shown: Call<LockOp> = { client: 3, op: { type: 'show', answer: { kind: 'held', by: 'a', fence: 4 } }, invoked: 2, returned: 3 };
    expect(linearize([granted(1, 'a', 5, 0), shown], lockSpec).ok, 'a fence that fell').to.equal(false);
  });
});
