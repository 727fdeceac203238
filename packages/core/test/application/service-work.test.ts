import { expect } from 'chai';
import { lockId, type PatchContent, type Service, SparkError } from '../../src/index.ts';
import { leaseOf } from '../support/lock-samples.ts';
import { refusal } from '../support/refusal.ts';
import { anOrder, ServiceBench } from '../support/service-bench.ts';
import { aService } from '../support/service-samples.ts';

const NEVER = new AbortController().signal;
const PATCH: PatchContent = {
  name: 'server',
  source: '/p/server.py',
  target: '/app/server.py',
  content: new Uint8Array([1]),
  digest: 'new',
};
const patched = (over: Partial<Service> = {}): Service => aService({ usesGpu: false, patches: [PATCH], ...over });

describe('work on services', () => {
  let bench: ServiceBench;
  const open = (...services: readonly Service[]): ServiceBench => {
    bench = new ServiceBench(services);
    bench.contents = [PATCH];
    return bench;
  };
  afterEach(() => bench.close());

  describe('a restart', () => {
    it('waits until the service is well again, and needs no lock where it works on no GPU', async () => {
      const { desk, host, probe, core } = open(aService({ usesGpu: false }));
      probe.states['kokoro-tts'] = 'down';
      const operation = await desk.restart('kokoro-tts', anOrder());
      expect(operation).to.include({
        kind: 'service_restart',
        subject: 'kokoro-tts',
        state: 'running',
        requestedBy: 'anna',
        reason: 'it hangs',
      });
      await bench.clock.advance(5_000);
      probe.states['kokoro-tts'] = 'up';
      const over = await bench.over(operation);
      expect(over).to.include({ state: 'succeeded', cause: null });
      expect(over.parts.map(({ key, status }) => [key, status])).to.deep.equal([
        ['restart', 'done'],
        ['health', 'done'],
      ]);
      expect([host.calls, core.acquired]).to.deep.equal([['restart kokoro-tts'], []]);
      const [entry] = await bench.store.audit.list({ limit: 1 });
      expect(entry).to.include({ action: 'service_restarted', target: 'kokoro-tts', note: 'it hangs' });
    });

    it('fails when the service is not well in time, with where to look', async () => {
      const { desk, probe } = open(aService({ usesGpu: false }));
      probe.states['kokoro-tts'] = 'down';
      probe.detail = 'It did not answer.';
      const { state, cause } = await bench.over(await desk.restart('kokoro-tts', anOrder()));
      expect([state, cause?.code]).to.deep.equal(['failed', 'UPSTREAM_TIMEOUT']);
      expect(cause?.message).to.equal('Kokoro runs again, but was not well within 60 s. It did not answer.');
      expect(cause?.hint).to.contain('/api/services/kokoro-tts/logs');
    });

    it('need not make a service better than it was', async () => {
      const { desk, probe } = open(aService({ usesGpu: false }));
      probe.states['kokoro-tts'] = 'degraded';
      probe.detail = 'It wants a key.';
      desk.start();
      await bench.clock.advance(0);
      expect((await bench.over(await desk.restart('kokoro-tts', anOrder()))).state).to.equal('succeeded');
    });

    it('is not begun beside one of an automation, nor the other way round', async () => {
      const { desk, host, clock } = open(aService({ usesGpu: false }));
      host.restarting = () => clock.sleep(1_000, NEVER);
      const automatic = desk.control.restart('kokoro-tts', NEVER);
      expect(await refusal(desk.restart('kokoro-tts', anOrder()))).to.include({ code: 'OPERATION_IN_PROGRESS' });
      await clock.drive(automatic);
      const asked = await desk.restart('kokoro-tts', anOrder());
      expect((await refusal(desk.control.restart('kokoro-tts', NEVER))).details.operationId).to.equal(asked.id);
      expect((await bench.over(asked)).state).to.equal('succeeded');
      expect(host.calls).to.have.lengthOf(2);
    });

    it('is begun once at a time', async () => {
      const { desk, host, clock } = open(aService({ usesGpu: false }));
      host.restarting = () => clock.sleep(1_000, NEVER);
      const first = await desk.restart('kokoro-tts', anOrder());
      const error = await refusal(desk.restart('kokoro-tts', anOrder()));
      expect(error).to.include({ code: 'OPERATION_IN_PROGRESS' });
      expect(error.details.operationId).to.equal(first.id);
      expect((await bench.over(first)).state).to.equal('succeeded');
    });

    it('takes the lock of the cluster whose GPU it disturbs, and gives it back', async () => {
      const { desk, core, host } = open(aService());
      host.restarting = async () => expect([core.acquired.length, core.released.length]).to.deep.equal([1, 0]) as never;
      const over = await bench.over(await desk.restart('kokoro-tts', anOrder()));
      expect(over).to.include({ state: 'succeeded', cluster: 'default' });
      expect(core.acquired[0]).to.include({ cluster: 'default', holder: 'anna', reason: 'restart of kokoro-tts', waitMs: 0 });
      expect(core.released).to.deep.equal(['lck_1']);
    });

    it("goes on under the caller's lock, and leaves it to the caller", async () => {
      const { desk, core } = open(aService());
      core.locks.renew = async () => ({ kind: 'renewed', lease: leaseOf(1), renewAfterMs: 1 });
      expect((await bench.over(await desk.restart('kokoro-tts', anOrder('lck_7')))).state).to.equal('succeeded');
      expect([core.acquired, core.released]).to.deep.equal([[], []]);
    });

    it("is done in the name of the lock's holder, and of two services at once under one lock", async () => {
      const { desk, core, host } = open(aService(), aService({ key: 'chatterbox', container: 'chatterbox' }));
      core.locks.renew = async () => ({ kind: 'renewed', lease: leaseOf(1), renewAfterMs: 1 });
      const both = await Promise.all(['kokoro-tts', 'chatterbox'].map((key) => desk.restart(key, anOrder('lck_7'))));
      expect(both.map(({ requestedBy }) => requestedBy)).to.deep.equal(['cron:nightly', 'cron:nightly']);
      const over = await Promise.all(both.map((operation) => bench.over(operation)));
      expect(over.map(({ state }) => state)).to.deep.equal(['succeeded', 'succeeded']);
      expect(host.calls.toSorted()).to.deep.equal(['restart chatterbox', 'restart kokoro-tts']);
    });

    it('is not ended by a second one of the same service under the same lock, which is refused', async () => {
      const { desk, core } = open(aService());
      core.locks.renew = async () => ({ kind: 'renewed', lease: leaseOf(1), renewAfterMs: 1 });
      const [first, second] = [desk.restart('kokoro-tts', anOrder('lck_7')), refusal(desk.restart('kokoro-tts', anOrder('lck_7')))];
      expect((await second).code).to.equal('OPERATION_IN_PROGRESS');
      expect((await bench.over(await first)).state).to.equal('succeeded');
    });

    for (const { of, set, code } of [
      {
        of: 'while somebody else has the lock',
        set: ({ core }: ServiceBench) => {
          const inTheWay = { holder: 'cron', reason: null, fence: 1, implicit: false, acquiredAt: 0, expiresAt: null, remainingMs: null };
          core.grant = () => ({ kind: 'held', inTheWay, waiting: null, retryAfterSeconds: 3 });
          return null;
        },
        code: 'LOCKED',
      },
      {
        of: 'with a lock that is over',
        set: ({ core }: ServiceBench) => {
          core.locks.renew = async () => ({ kind: 'expired', at: 1 });
          return 'lck_7';
        },
        code: 'LOCK_EXPIRED',
      },
      {
        of: 'with a lock that is none',
        set: ({ core }: ServiceBench) => {
          core.locks.renew = async () => ({ kind: 'fenced_off', detail: 'It was broken.' });
          return 'lck_7';
        },
        code: 'FENCED_OFF',
      },
    ]) {
      it(`is refused ${of}, and nothing is begun`, async () => {
        const { desk, host, store } = open(aService());
        const given = set(bench);
        expect((await refusal(desk.restart('kokoro-tts', anOrder(given)))).code).to.equal(code);
        expect([host.calls, store.saved]).to.deep.equal([[], []]);
      });
    }

    it('gives the lock back when it cannot be begun', async () => {
      const { desk, core, store } = open(aService());
      store.isUnavailable = true;
      expect((await refusal(desk.restart('kokoro-tts', anOrder()))).code).to.equal('STORE_UNAVAILABLE');
      expect(core.released).to.deep.equal([lockId('lck_1')]);
    });

    for (const { of, service } of [
      { of: 'a monitor', service: aService({ kind: 'vllm' }) },
      { of: 'what runs elsewhere', service: aService({ url: 'http://far.lan', port: null }) },
      { of: 'the model server of a cluster', service: aService({ container: 'vllm_node' }) },
    ]) {
      it(`is refused of ${of}`, async () => {
        const { desk, core } = open(service);
        expect((await refusal(desk.restart('kokoro-tts', anOrder()))).code).to.equal('NOT_SUPPORTED');
        expect(core.acquired).to.deep.equal([]);
      });
    }
  });

  describe('patches', () => {
    const planOf = (action: 'apply' | 'undo' = 'apply') => bench.desk.patchPlan('kokoro-tts', action, NEVER);
    const patch = (confirm: string, action: 'apply' | 'undo' = 'apply') =>
      bench.desk.patch('kokoro-tts', action, confirm, anOrder(), NEVER);

    it('are planned first, which changes nothing', async () => {
      const { host, store } = open(patched());
      const plan = await planOf();
      expect(plan).to.deep.include({ action: 'apply', service: 'kokoro-tts', container: 'c1', blockers: [] });
      expect(plan.files).to.deep.equal([{ name: 'server', target: '/app/server.py', wanted: 'new', current: 'old', change: 'replace' }]);
      expect((await planOf()).id).to.equal(plan.id);
      expect([host.calls, store.saved]).to.deep.equal([[], []]);
      host.current = null;
      expect((await planOf()).files[0]?.change).to.equal('add');
      host.current = 'new';
      expect(await planOf()).to.deep.include({ blockers: ['Every file is as it should be already.'] });
    });

    it('are written, followed by a restart and a look at its health, and undone again', async () => {
      const { host } = open(patched());
      const applied = await bench.over(await patch((await planOf()).id));
      expect(applied).to.deep.include({ kind: 'patches_apply', state: 'succeeded' });
      expect(applied.parts.map(({ key, status }) => `${key} ${status}`)).to.deep.equal(['files done', 'restart done', 'health done']);
      const undo = await planOf('undo');
      expect(undo.files).to.deep.equal([{ name: 'server', target: '/app/server.py', wanted: 'old', current: 'new', change: 'replace' }]);
      const undone = await bench.over(await patch(undo.id, 'undo'));
      expect(undone).to.deep.include({ kind: 'patches_undo', state: 'succeeded' });
      expect(host.calls).to.deep.equal([`apply ${applied.id}`, 'restart kokoro-tts', `undo ${applied.id}`, 'restart kokoro-tts']);
      expect(host.current).to.equal('old');
      expect((await refusal(planOf('undo'))).code).to.equal('NOT_SUPPORTED');
    });

    const changes: Readonly<Record<string, () => void>> = {
      'the container was made anew': () => {
        bench.host.container = 'c2';
      },
      'the file is another': () => {
        bench.host.current = 'changed';
      },
      'the patch is another': () => {
        bench.contents = [{ ...PATCH, digest: 'newer' }];
      },
    };
    for (const [of, change] of Object.entries(changes)) {
      it(`are refused when ${of} since the plan`, async () => {
        const { host } = open(patched());
        const { id } = await planOf();
        change();
        expect((await refusal(patch(id))).code).to.equal('STALE_REVISION');
        expect(host.calls).to.deep.equal([]);
      });
    }

    it('are not written when the container changes between the answer and the work', async () => {
      const { host } = open(patched());
      const plan = await planOf();
      const inspect = host.inspect.bind(host);
      let looks = 0;
      host.inspect = async (...asked) => {
        looks += 1;
        if (looks > 1) host.container = 'c2';
        return inspect(...asked);
      };
      const operation = await patch(plan.id);
      const { state, cause } = await bench.over(operation);
      expect([state, cause?.code]).to.deep.equal(['failed', 'STALE_REVISION']);
      expect(host.calls).to.deep.equal([]);
    });

    it('say that the old files can be had back when the service is not well with the new ones', async () => {
      const { probe } = open(patched());
      probe.states['kokoro-tts'] = 'down';
      const { state, cause } = await bench.over(await patch((await planOf()).id));
      expect([state, cause?.code]).to.deep.equal(['failed', 'UPSTREAM_TIMEOUT']);
      expect(cause?.hint).to.contain('POST /api/services/kokoro-tts/undo-patches');
      expect((await planOf('undo')).blockers).to.deep.equal([]);
    });

    it('cannot be undone in a container that was made anew', async () => {
      const { host } = open(patched());
      await bench.over(await patch((await planOf()).id));
      if (host.saved !== null) host.saved = { ...host.saved, isOfThisContainer: false };
      const plan = await planOf('undo');
      expect(plan.blockers[0]).to.contain('made anew');
      expect((await refusal(patch(plan.id, 'undo'))).code).to.equal('NOT_SUPPORTED');
    });

    it('are refused where none are named', async () => {
      open(patched({ patches: [] }));
      expect((await refusal(planOf())).message).to.contain('has no patches');
    });
  });

  describe('for automations', () => {
    it('takes no lock of its own, and waits for health', async () => {
      const { desk, core, host } = open(aService());
      expect([desk.control.keys(), desk.control.gpuOf('kokoro-tts'), desk.control.gpuOf('x')]).to.deep.equal([
        ['kokoro-tts'],
        'default',
        null,
      ]);
      await desk.control.restart('kokoro-tts', NEVER);
      expect([host.calls, core.acquired]).to.deep.equal([['restart kokoro-tts'], []]);
      expect((await refusal(desk.control.restart('gone', NEVER))).code).to.equal('SERVICE_NOT_FOUND');
    });

    it('calls only what is up well', async () => {
      const { desk, probe } = open(aService());
      probe.states['kokoro-tts'] = 'degraded';
      probe.detail = 'It wants a key.';
      expect(await desk.control.health(NEVER)).to.deep.equal([{ service: 'kokoro-tts', ok: false, detail: 'It wants a key.' }]);
    });

    it('passes on why a restart failed', async () => {
      const { desk, host } = open(aService());
      host.restarting = async () => {
        throw new SparkError('RUNTIME_REJECTED', 'Kokoro could not be restarted: docker refused.');
      };
      expect((await refusal(desk.control.restart('kokoro-tts', NEVER))).code).to.equal('RUNTIME_REJECTED');
    });
  });
});
