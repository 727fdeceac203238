import { clusterKey, hostKey, modelKey, SparkError, type Swap, type SwapDecision, type SwapRequest, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { aCause, aPlan, aSwap } from '../../core/test/support/builders.ts';
import { settle } from '../../core/test/support/fake-clock.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { someLockFacts } from './support/scripted-locks.ts';
import { ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const POST_SWAP = routeOf('POST', '/api/swap');
const T0 = 1_700_000_000_000;

describe('/api/swap', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  const decisions: readonly (readonly [name: string, decision: SwapDecision, status: number, expected: Record<string, unknown>])[] = [
    ['started', { kind: 'started', swap: aSwap() }, 202, { id: 'swp_1', noop: false }],
    ['queued', { kind: 'queued', swap: aSwap(), position: 2 }, 202, { phase: 'queued' }],
    ['noop', { kind: 'noop', swap: aSwap({ phase: 'ready', noop: true }) }, 200, { noop: true }],
    [
      'busy',
      { kind: 'busy', swapId: swapId('swp_0'), retryAfterSeconds: 7 },
      409,
      { code: 'SWAP_IN_PROGRESS', swap_id: 'swp_0', retry_after_seconds: 7 },
    ],
    [
      'unmanaged',
      { kind: 'unmanaged', detail: 'vllm-gemma4 serves on spark1' },
      409,
      { code: 'UNMANAGED_MODEL', detail: 'vllm-gemma4 serves on spark1' },
    ],
    [
      'locked',
      { kind: 'locked', lock: someLockFacts({ expiresAt: T0 + 600_000 }), retryAfterSeconds: 60 },
      423,
      { code: 'LOCKED', retry_after_seconds: 60 },
    ],
    [
      'locked by a lock that drains',
      { kind: 'locked', lock: someLockFacts({ remainingMs: 0 }), retryAfterSeconds: 1 },
      423,
      {
        code: 'LOCKED',
        detail: 'The lock of cron:nightly (evaluation) is over, but the swap under it still runs. Wait until it ends, or ask its holder.',
      },
    ],
    [
      'locked by a swap that runs without a lock',
      { kind: 'locked', lock: someLockFacts({ implicit: true, expiresAt: null, remainingMs: null, reason: null }), retryAfterSeconds: 5 },
      423,
      { code: 'LOCKED', detail: 'A swap of cron:nightly runs on this cluster. Wait until it ends, or ask its holder.' },
    ],
    ['lock expired', { kind: 'lock_expired', detail: 'over since noon' }, 410, { code: 'LOCK_EXPIRED', detail: 'over since noon' }],
    ['fenced off', { kind: 'fenced_off', detail: 'another controller' }, 412, { code: 'FENCED_OFF' }],
    [
      'pre-flight failed',
      { kind: 'preflight_failed', issues: [{ path: '/model', code: 'image', message: 'is missing' }] },
      422,
      { code: 'PREFLIGHT_FAILED' },
    ],
  ];
  for (const [name, decision, status, expected] of decisions) {
    it(`answers ${status} when the core says ${name}`, async () => {
      server.core.requestSwap = async () => decision;
      const answer = await post(server.port, '/api/swap', { model: 'qwen' });
      expect(answer.status).to.equal(status);
      expect(bodyOf(answer)).to.include(expected);
      expectDocumented(POST_SWAP, answer);
      if (status === 202) expect(answer.headers.location).to.equal('/api/swap/swp_1');
      if (decision.kind === 'locked') {
        const { implicit, reason } = decision.lock;
        const expected = { holder: 'cron:nightly', reason, expires_at: implicit ? null : '2023-11-14T22:23:20.000Z' };
        expect(bodyOf(answer)['lock']).to.deep.equal(expected);
        expect(answer.headers['retry-after']).to.equal(String(decision.retryAfterSeconds));
      }
      if (decision.kind === 'busy') expect(answer.headers['retry-after']).to.equal('7');
      if (decision.kind === 'preflight_failed') expect(bodyOf(answer)['issues']).to.deep.equal(decision.issues);
    });
  }

  it('says of a swap that did nothing that it did nothing, also when it is read again', async () => {
    server.core.swap = async () => aSwap({ phase: 'ready', noop: true });
    const answer = await ask(server.port, '/api/swap/swp_1');
    expect(bodyOf(answer)).to.include({ noop: true });
  });

  it('passes the request on, with defaults and who asked', async () => {
    const asked: SwapRequest[] = [];
    server.core.requestSwap = async (request) => {
      asked.push(request);
      return { kind: 'started', swap: aSwap() };
    };
    await post(server.port, '/api/swap', { model: null });
    await post(
      server.port,
      '/api/swap',
      {
        model: 'qwen',
        cluster: 'other',
        drain_seconds: 0,
        rollback: false,
        on_busy: 'queue',
        queue_seconds: 5,
        force_restart: true,
        replace_unmanaged: true,
        requested_by: 'cron:daily',
        reason: 'night',
        lock_id: 'lck_whatever it is',
      },
      { 'x-swap-lock': 'lck_whatever it is' },
    );
    await post(server.port, '/api/swap', { model: 'qwen', lock_id: null }, { 'x-swap-lock': 'lck_header' });
    expect(asked[0]).to.deep.equal({
      cluster: 'default',
      model: null,
      requestedBy: 'anonymous@127.0.0.1',
      reason: null,
      options: { drainSeconds: 30, rollback: true, forceRestart: false, replaceUnmanaged: false, queueSeconds: 600 },
      onBusy: 'reject',
      lockId: null,
    });
    expect(asked[1]).to.deep.equal({
      cluster: 'other',
      model: 'qwen',
      requestedBy: 'cron:daily',
      reason: 'night',
      options: { drainSeconds: 0, rollback: false, forceRestart: true, replaceUnmanaged: true, queueSeconds: 5 },
      onBusy: 'queue',
      lockId: 'lck_whatever it is',
    });
    expect(asked[2]?.lockId).to.equal('lck_header');
    expect((await post(server.port, '/api/swap', { model: 'qwen', lock_id: 'a' }, { 'x-swap-lock': 'b' })).status).to.equal(422);
  });

  for (const code of ['MODEL_NOT_FOUND', 'CLUSTER_NOT_FOUND', 'UNSAFE_ARGUMENT', 'STORE_UNAVAILABLE'] as const) {
    it(`passes on the core's ${code}`, async () => {
      server.core.requestSwap = async () => {
        throw new SparkError(code, 'Did you mean "qwen"?');
      };
      const answer = await post(server.port, '/api/swap', { model: 'qwem' });
      expect(bodyOf(answer)).to.include({ code, detail: 'Did you mean "qwen"?' });
      expectDocumented(POST_SWAP, answer);
    });
  }

  it('shows a swap as the contract has it', async () => {
    const swap: Swap = {
      ...aSwap({ phase: 'loading', requestedBy: 'cron:daily', fence: 412, simulated: true, createdAt: T0, phaseStartedAt: T0 + 20_000 }),
      previous: { kind: 'plan', model: modelKey('gemma'), plan: aPlan('gemma') },
      progress: { fraction: 0.5, label: 'weights 9/14' },
      steps: [
        { phase: 'stopping', status: 'done', startedAt: T0 + 1_000, endedAt: T0 + 20_012, note: '91 GiB freed' },
        { phase: 'launching', status: 'done', startedAt: T0 + 20_012, endedAt: T0 + 22_012, note: null },
        { phase: 'loading', status: 'running', startedAt: T0 + 22_012, endedAt: null, note: null },
      ],
    };
    server.core.swap = async () => swap;
    server.core.estimate = async () => ({ p50Seconds: 240, p90Seconds: 300, samples: 5 });
    await server.clock.advance(140_012);
    const answer = await ask(server.port, '/api/swap/swp_1');
    expectDocumented(routeOf('GET', '/api/swap/{id}'), answer);
    const body = bodyOf<Record<string, Record<string, unknown>>>(answer);
    expect(body).to.deep.include({
      id: 'swp_1',
      cluster: 'default',
      model: 'qwen',
      previous_model: 'gemma',
      requested_by: 'cron:daily',
      reason: null,
      phase: 'loading',
      settled: false,
      outcome: null,
      noop: false,
      simulated: true,
      serving: null,
      fence: 412,
      cancel_requested_at: null,
      cause: null,
      created_at: '2023-11-14T22:13:20.000Z',
      settled_at: null,
    });
    expect(body['steps']?.[0 as never]).to.deep.equal({
      phase: 'stopping',
      status: 'done',
      started_at: '2023-11-14T22:13:21.000Z',
      ended_at: '2023-11-14T22:13:40.012Z',
      duration_ms: 19_012,
      note: '91 GiB freed',
    });
    expect(body['progress']).to.include({ fraction: 0.5, label: 'weights 9/14', elapsed_seconds: 140, expected_seconds: 260 });
    expect(body['progress']?.['eta_seconds']).to.be.within(119, 121);
  });

  const endings: readonly (readonly [serving: Swap['serving'], shown: string | null])[] = [
    [{ kind: 'model', model: modelKey('gemma') }, 'gemma'],
    [{ kind: 'nothing' }, null],
    [{ kind: 'unmanaged' }, 'unmanaged'],
    [{ kind: 'unknown' }, 'unknown'],
  ];
  for (const [serving, shown] of endings) {
    it(`says that ${JSON.stringify(shown)} serves once settled`, async () => {
      server.core.swap = async () =>
        aSwap({
          phase: 'rolled_back',
          createdAt: T0,
          settledAt: T0 + 61_040,
          serving,
          cause: aCause({ hint: 'Lower it', logTail: ['oom'] }),
        });
      const body = bodyOf(await ask(server.port, '/api/swap/swp_1'));
      expect(body).to.include({ settled: true, outcome: 'rolled_back', serving: shown, settled_at: '2023-11-14T22:14:21.040Z' });
      expect(body['cause']).to.deep.equal({ code: 'MODEL_CRASHED', message: 'it died', hint: 'Lower it', log_tail: ['oom'] });
      expect(body['progress']).to.include({ elapsed_seconds: 61, expected_seconds: null, eta_seconds: null });
    });
  }

  it('answers 404 to a swap that is not there, however it is spelt', async () => {
    server.core.swap = async () => null;
    for (const id of ['swp_0', 'locked', '%F0%9F%92%A9', 'x'.repeat(200)]) {
      const answer = await ask(server.port, `/api/swap/${id}?wait_seconds=10`);
      expect(answer.status, id).to.equal(404);
      expect(bodyOf(answer)).to.include({ code: 'SWAP_NOT_FOUND' });
    }
  });

  it('cancels, and refuses when nothing is left to cancel', async () => {
    server.core.cancelSwap = async () => ({ kind: 'accepted', swap: aSwap({ cancelRequestedAt: T0 }) });
    const accepted = await ask(server.port, '/api/swap/swp_1/cancel', { method: 'POST' });
    expect(accepted.status).to.equal(202);
    expect(bodyOf(accepted)['cancel_requested_at']).to.equal('2023-11-14T22:13:20.000Z');
    for (const [kind, code] of [
      ['settled', 'SWAP_SETTLED'],
      ['rolling_back', 'SWAP_ROLLING_BACK'],
    ] as const) {
      server.core.cancelSwap = async () => ({ kind, swap: aSwap({ phase: 'ready' }) });
      const refused = await post(server.port, '/api/swap/swp_1/cancel', {});
      expect(refused.status).to.equal(409);
      expect(bodyOf(refused)).to.include({ code, swap_id: 'swp_1' });
      expectDocumented(routeOf('POST', '/api/swap/{id}/cancel'), refused);
    }
  });

  it('validates without starting, with other flags on trial', async () => {
    const asked: unknown[] = [];
    server.core.preflight = async (model, cluster, flags) => {
      asked.push([model, cluster, flags]);
      return {
        model,
        cluster,
        ok: false,
        checks: [{ name: 'image', host: hostKey('spark1'), status: 'fail', detail: 'is missing', hint: 'pull it', measured: null }],
        command: { launcher: 'docker_run', preview: 'docker run' },
        memory: { neededBytes: 5, availableBytes: null, basis: 'estimated' },
        estimate: { p50Seconds: 1, p90Seconds: 2, samples: 3 },
      };
    };
    const flags = { 'max-model-len': 16384, 'enable-prefix-caching': true, 'rope-scaling': { type: 'yarn' }, 'allowed-origins': ['a'] };
    const answer = await post(server.port, '/api/swap/qwen/validate', { cluster: 'default', flags });
    expect(answer.status).to.equal(200);
    expectDocumented(routeOf('POST', '/api/swap/{key}/validate'), answer);
    expect(bodyOf(answer)['memory']).to.deep.equal({
      ...{ needed_bytes: 5, available_bytes: null, basis: 'estimated', lowest_utilization: null, highest_utilization: null },
      ...{ longest_context: null, concurrency: null, parts: [], reasons: [] },
    });
    expect((await ask(server.port, '/api/swap/qwen/validate', { method: 'POST' })).status).to.equal(200);
    expect(asked).to.deep.equal([
      ['qwen', 'default', flags],
      ['qwen', 'default', null],
    ]);
    for (const bad of [{ flags: { '--x': 1 } }, { flags: { x: null } }, { flags: { x: [1] } }, { flags: [] }, { cluster: 'Bad Key' }]) {
      expect((await post(server.port, '/api/swap/qwen/validate', bad)).status, JSON.stringify(bad)).to.equal(422);
    }
  });
});

describe('GET /api/swaps', () => {
  it('pages newest first and passes its filters on', async () => {
    const server = await startServer();
    const all = [5, 4, 3, 2, 1].map((n) => aSwap({ id: swapId(`swp_${n}`) }));
    const queries: unknown[] = [];
    server.core.swaps = async (query) => {
      queries.push(query);
      return all.filter(({ id }) => query.before === undefined || id < query.before).slice(0, query.limit);
    };
    const first = bodyOf<{ items: { id: string }[]; next_cursor: string }>(
      await ask(server.port, '/api/swaps?limit=2&outcome=ready&model=qwen&cluster=default'),
    );
    expect(first.items.map(({ id }) => id)).to.deep.equal(['swp_5', 'swp_4']);
    expect(first.next_cursor).to.equal('swp_4');
    const last = await ask(server.port, `/api/swaps?limit=3&cursor=${first.next_cursor}`);
    expect(bodyOf(last)).to.include({ next_cursor: null });
    expectDocumented(routeOf('GET', '/api/swaps'), last);
    expect(queries[0]).to.deep.equal({ limit: 3, outcome: 'ready', model: modelKey('qwen'), cluster: clusterKey('default') });
    for (const bad of ['limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'outcome=loading', 'cursor=', 'page=2', 'model=A']) {
      expect((await ask(server.port, `/api/swaps?${bad}`)).status, bad).to.equal(422);
    }
    await server.close();
  });
});

describe('a long poll', () => {
  let server: TestServer;
  let swap: Swap;
  beforeEach(async () => {
    server = await startServer();
    swap = aSwap({ phase: 'loading' });
    server.core.swap = async () => swap;
  });
  afterEach(() => server.close());

  it('answers when the swap settles', async () => {
    const answer = ask(server.port, '/api/swap/swp_1?wait_seconds=60');
    while (server.clock.sleepers === 0) await settle();
    server.core.emitSwap(aSwap({ id: swapId('swp_2'), phase: 'ready' }));
    server.core.emitSwap(swap);
    await settle();
    expect(server.clock.sleepers).to.equal(1);
    swap = aSwap({ phase: 'ready', settledAt: 5_000 });
    server.core.emitSwap(swap);
    expect(bodyOf(await answer)).to.include({ settled: true, phase: 'ready' });
    expect(server.clock.sleepers).to.equal(0);
    expect(server.core.listeners).to.equal(1);
  });

  it('answers after its time, when the server stops, and at once for a settled swap', async () => {
    const timed = ask(server.port, '/api/swap/swp_1?wait_seconds=60');
    while (server.clock.sleepers === 0) await settle();
    await server.clock.advance(60_000);
    expect(bodyOf(await timed)).to.include({ settled: false });

    swap = aSwap({ phase: 'failed' });
    expect(bodyOf(await ask(server.port, '/api/swap/swp_1?wait_seconds=60'))).to.include({ settled: true });

    swap = aSwap({ phase: 'loading' });
    const stopped = ask(server.port, '/api/swap/swp_1?wait_seconds=60');
    while (server.clock.sleepers === 0) await settle();
    server.closeStreams();
    expect(bodyOf(await stopped)).to.include({ settled: false });
  });

  it('does not miss a swap that settles while it is read', async () => {
    server.core.swap = async () => {
      server.core.swap = async () => aSwap({ phase: 'ready' });
      server.core.emitSwap(aSwap({ phase: 'ready' }));
      return aSwap({ phase: 'warming' });
    };
    expect(bodyOf(await ask(server.port, '/api/swap/swp_1?wait_seconds=60'))).to.include({ settled: true });
  });

  it('takes 0 to 60 seconds', async () => {
    for (const bad of ['-1', '61', '1.5', '', 'abc']) {
      expect((await ask(server.port, `/api/swap/swp_1?wait_seconds=${bad}`)).status, bad).to.equal(422);
    }
    expect((await ask(server.port, '/api/swap/swp_1?wait_seconds=0')).status).to.equal(200);
  });
});
