import { expect } from 'chai';
import { clusterKey, hostKey, isSparkError, type NimRequest, SparkError } from '../../src/index.ts';
import { aLockId, CANARY, NimBench } from '../support/nim-bench.ts';
import { aService } from '../support/service-samples.ts';

const host = hostKey('spark1');

describe('the desk of NIM containers', () => {
  let bench: NimBench;
  beforeEach(() => {
    bench = new NimBench();
  });

  const refusal = async (over: Partial<NimRequest>): Promise<SparkError> => {
    const error: unknown = await bench.install(over).then(
      () => null,
      (caught: unknown) => caught,
    );
    if (isSparkError(error)) return error;
    throw new Error(`it was not refused: ${error}`);
  };
  const statuses = (operation: { parts: readonly { key: string; status: string }[] }): Readonly<Record<string, string>> =>
    Object.fromEntries(operation.parts.filter(({ key }) => !key.startsWith('layer/')).map(({ key, status }) => [key, status]));

  describe('an installation', () => {
    it('logs in, looks, pulls layer by layer, starts under the lock, and waits until it is loaded', async () => {
      const { state, parts, result, subject, cluster } = await bench.outcome();
      expect([state, subject, cluster]).to.deep.equal(['succeeded', 'spark1', 'default']);
      const done = { login: 'done', check: 'done', image: 'done', start: 'done', health: 'done' };
      expect(statuses({ parts })).to.deep.equal(done);
      expect(parts.filter(({ key }) => key.startsWith('layer/')).map(({ fraction }) => fraction)).to.deep.equal([1, 1, 1, 1]);
      expect(result).to.include({ host: 'spark1', container: 'nim-good', port: 8_001, gpus: true, replaced: false, service: null });
      expect(result?.['notice']).to.equal('The NGC key stays readable on spark1 to whoever may run "docker inspect nim-good" there.');
      expect(bench.core.acquired[0]).to.include({ cluster: clusterKey('default'), holder: 'anna', reason: 'installs nim-good' });
      expect(bench.core.released).to.deep.equal(['lck_1']);
      expect(bench.store.audit.entries.map(({ action, target, note }) => [action, target, note])).to.deep.equal([
        ['nim_installed', 'spark1', 'lan:5000/nim/good:1 as nim-good on port 8001'],
      ]);
    });

    it('takes no lock while it pulls', async () => {
      const { id } = await bench.install();
      await bench.clock.advance(5_000);
      expect(bench.operations.recent()[0]?.parts.find(({ key }) => key === 'image')?.status).to.equal('running');
      expect(bench.core.acquired).to.deep.equal([]);
      await bench.ended(id);
    });

    it('runs under the lock of the caller, and leaves it to the caller', async () => {
      const { state, requestedBy } = await bench.outcome({ lockId: aLockId });
      expect([state, requestedBy, bench.core.acquired, bench.core.released]).to.deep.equal(['succeeded', 'cron:nightly', [], []]);
    });

    it('needs no key for an image that is public, and has no login then', async () => {
      const { state, parts, result } = await bench.outcome({ key: null, image: 'lan:5000/nim/public:1' });
      expect([state, parts.some(({ key }) => key === 'login'), result?.['notice']]).to.deep.equal(['succeeded', false, null]);
    });

    it('takes the key of the environment when none is given, without the line break at its end', async () => {
      Object.assign(bench.environment, { NGC_API_KEY: `${CANARY}\n`, NGC_REGISTRY: ' LAN:5000 ' });
      const keys: (string | null)[] = [];
      bench.over.run = async (_host, _order, key) => {
        keys.push(key);
        throw new SparkError('RUNTIME_REJECTED', 'Docker refused.');
      };
      await bench.outcome({ key: null });
      expect(keys).to.deep.equal([CANARY]);
    });

    it('takes the key of the environment to no other registry than the one it is for', async () => {
      Object.assign(bench.environment, { NGC_API_KEY: CANARY, NGC_REGISTRY: 'lan:5000' });
      const shown: unknown[] = [];
      bench.over.login = async (_host, image) => void shown.push(image);
      for (const image of ['evil.lan/nim/good:1', 'lan:50000/nim/good:1', 'lan/nim/good:1']) {
        const { parts } = await bench.outcome({ key: null, image, container: `nim-${bench.store.saved.length}` });
        expect([image, parts.some(({ key }) => key === 'login')]).to.deep.equal([image, false]);
      }
      expect(shown).to.deep.equal([]);
      delete bench.environment['NGC_REGISTRY'];
      const { code, details } = await refusal({ key: null });
      expect([code, details.issues?.[0]?.path]).to.deep.equal(['INVALID_REQUEST', '/ngc_api_key']);
      expect((await bench.outcome()).state).to.equal('succeeded');
    });

    it('is added to the services when that was asked for', async () => {
      const { result, parts } = await bench.outcome({ register: { key: 'nim', name: null, kind: 'openai' } });
      expect(result).to.include({ service: 'nim', service_problem: null });
      expect(bench.added).to.deep.equal([
        {
          key: 'nim',
          name: 'nim-good',
          kind: 'openai',
          host,
          port: 8_001,
          container: 'nim-good',
          healthPath: '/v1/health/ready',
          model: null,
          usesGpu: true,
        },
      ]);
      expect(statuses({ parts })['register']).to.equal('done');
    });

    it('has succeeded also when the file of the services cannot be written, and says so', async () => {
      bench.adding = async () => {
        throw new SparkError('READ_ONLY', 'services-overrides.yaml cannot be written.');
      };
      const { state, result, parts } = await bench.outcome({ register: { key: 'nim', name: null, kind: 'openai' } });
      expect([state, result?.['service_problem'], statuses({ parts })['register']]).to.deep.equal([
        ...['succeeded', 'services-overrides.yaml cannot be written.', 'failed'],
      ]);
    });

    it('tells of a model that shares the memory', async () => {
      const { id } = await bench.outcome();
      expect(bench.lines(id)).to.include('gemma serves on default: both share the memory. Unload it when the new one does not come up.');
    });

    it('says when Docker there can give no GPU', async () => {
      bench.over.run = async (...args) => ({ ...(await bench.hosts.run(...args)), hasGpus: false });
      const { result, parts } = await bench.outcome();
      expect([result?.['gpus'], parts.find(({ key }) => key === 'start')?.note]).to.deep.equal([false, 'without a GPU']);
    });
  });

  describe('what fails', () => {
    it('is a wrong key, before anything is pulled', async () => {
      const { state, cause, parts } = await bench.outcome({ key: 'nvapi-wrong-key' });
      expect([state, cause?.message]).to.deep.equal(['failed', 'The simulated registry refused the NGC key.']);
      expect(statuses({ parts })).to.include({ image: 'skipped', start: 'skipped' });
    });

    it('is an image for another processor, before anything is pulled', async () => {
      const { cause, parts } = await bench.outcome({ image: 'lan:5000/nim/for-amd64:1' });
      expect(cause).to.include({
        code: 'NOT_SUPPORTED',
        message: 'lan:5000/nim/for-amd64:1 is made for amd64 only, and spark1 has a processor of the kind arm64.',
      });
      expect(statuses({ parts })['image']).to.equal('skipped');
    });

    it('is a disk that is too full for it, before anything is pulled', async () => {
      bench.site = { imageFreeBytes: 20 * 2 ** 30 };
      const { cause } = await bench.outcome();
      expect(cause).to.include({
        code: 'NOT_ENOUGH_DISK',
        message: 'spark1 has 20.0 GiB free for images, and lan:5000/nim/good:1 needs about 30.0 GiB while it is unpacked.',
      });
    });

    it('is a container that ends while it loads: it is removed, and the lock given back', async () => {
      const { state, cause, id } = await bench.outcome({ image: 'lan:5000/nim/crash:1', container: 'nim-x' });
      expect([state, cause?.code]).to.deep.equal(['failed', 'RUNTIME_REJECTED']);
      expect(bench.lines(id)).to.include('nim-x was removed again; what it replaced is back, if there was something.');
      expect(
        (await bench.hosts.survey(host, { image: 'x', container: 'nim-x', port: 8_001, cache: '~/x' }, new AbortController().signal))
          .container,
      ).to.equal(null);
      expect(bench.core.released).to.deep.equal(['lck_1']);
    });

    it('brings back what it was to replace', async () => {
      const first = await bench.outcome({ container: 'nim-x' });
      const second = await bench.outcome({ container: 'nim-x', image: 'lan:5000/nim/crash:1', replace: true });
      expect(second.state).to.equal('failed');
      const site = await bench.hosts.survey(
        host,
        { image: 'x', container: 'nim-x', port: 8_001, cache: '~/x' },
        new AbortController().signal,
      );
      expect(site.container).to.deep.equal({ running: true, job: first.id });
      const third = await bench.outcome({ container: 'nim-x', image: 'lan:5000/nim/good:2', replace: true });
      expect([third.state, third.result?.['replaced']]).to.deep.equal(['succeeded', true]);
    });

    it('is a lock that is lost in the middle: the container goes again', async () => {
      bench.core.locks.renew = async () => ({ kind: 'fenced_off', detail: 'broken' });
      bench.over.ready = async () => ({ ready: false, detail: 'It answers with status 503.' });
      const { cause, state } = await bench.outcome();
      expect([state, cause?.code]).to.deep.equal(['failed', 'FENCED_OFF']);
      expect(
        (await bench.hosts.survey(host, { image: 'x', container: 'nim-good', port: 8_001, cache: '~/x' }, new AbortController().signal))
          .container,
      ).to.equal(null);
    });

    it('is one that does not load within three hours', async () => {
      bench.over.ready = async () => ({ ready: false, detail: 'It answers with status 503.' });
      bench.over.pull = async () => undefined;
      const { id } = await bench.install();
      await bench.clock.advance(3 * 3_600_000 + 60_000);
      expect((await bench.ended(id)).cause).to.include({ code: 'LOAD_TIMEOUT' });
    }).timeout(20_000);
  });

  it('can be cancelled while it loads: the container goes again', async () => {
    bench.over.ready = async () => ({ ready: false, detail: 'It answers with status 503.' });
    const { id } = await bench.install();
    await bench.clock.until(() => statuses(bench.operations.recent()[0] ?? { parts: [] })['health'] === 'running');
    await bench.operations.cancel(id, { name: 'anna', address: null, requestId: null });
    expect((await bench.ended(id)).state).to.equal('cancelled');
    expect(
      (await bench.hosts.survey(host, { image: 'x', container: 'nim-good', port: 8_001, cache: '~/x' }, new AbortController().signal))
        .container,
    ).to.equal(null);
    expect(bench.core.released).to.deep.equal(['lck_1']);
  });

  describe('after a restart of the control plane', () => {
    it('goes on with a container that loads, without the key', async () => {
      const { id } = await bench.install();
      await bench.clock.until(() => statuses(bench.operations.recent()[0] ?? { parts: [] })['health'] === 'running');
      await bench.restart();
      const { state, result } = await bench.ended(id);
      expect([state, result?.['resumed'], typeof result?.['notice']]).to.deep.equal(['succeeded', true, 'string']);
    });

    it('waits for a pull that runs, and says that the rest needs the key again', async () => {
      const { id } = await bench.install();
      await bench.clock.until(() => statuses(bench.operations.recent()[0] ?? { parts: [] })['image'] === 'running');
      await bench.restart();
      const { state, cause, parts } = await bench.ended(id);
      expect([state, cause?.code, statuses({ parts })['image']]).to.deep.equal(['failed', 'INTERRUPTED', 'done']);
      expect(cause?.message).to.contain('it keeps neither keys nor variables. The image has been pulled.');
    });

    it('goes on with a public image as if nothing had been', async () => {
      const { id } = await bench.install({ key: null, image: 'lan:5000/nim/public:1' });
      await bench.clock.until(() => statuses(bench.operations.recent()[0] ?? { parts: [] })['image'] === 'running');
      await bench.restart();
      expect((await bench.ended(id)).state).to.equal('succeeded');
    });
  });

  describe('refuses at once', () => {
    const faults: readonly (readonly [string, Partial<NimRequest>, string, string])[] = [
      ['what is no image', { image: 'a b' }, '/image', 'no_image'],
      ['a key for an image without a registry', { image: 'nim:1' }, '/image', 'no_registry'],
      ['a key with a blank', { key: 'nvapi a key' }, '/ngc_api_key', 'no_key'],
      ['a key that is too short', { key: 'nv' }, '/ngc_api_key', 'no_key'],
      ['the port of the cluster', { port: 8_000 }, '/port', 'taken'],
      ['the port of another service', { port: 8_880 }, '/port', 'taken'],
      ['the container of the model server', { container: 'vllm_node' }, '/container', 'taken'],
      ['a folder of the system', { cache: '/etc/nim' }, '/cache', 'bad_path'],
      ['a folder right below the root', { cache: '/nim' }, '/cache', 'bad_path'],
      ['a folder with a way up', { cache: '~/../x' }, '/cache', 'bad_path'],
      ['a folder that is no path', { cache: 'nim' }, '/cache', 'bad_path'],
      ['the key among the variables', { env: { NGC_API_KEY: 'x' } }, '/env/NGC_API_KEY', 'reserved'],
      ['a variable that a shell would act on', { env: { PATH: '/x' } }, '/env/PATH', 'bad_name'],
      ['a value that no variable can hold', { env: { NIM_A: 'a\0b' } }, '/env/NIM_A', 'bad_value'],
      ['the key of another service', { register: { key: 'kokoro-tts', name: null, kind: 'openai' } }, '/register_service/key', 'taken'],
    ];
    for (const [what, over, path, code] of faults) {
      it(what, async () => {
        const error = await refusal(over);
        expect([error.code, error.details.issues?.map((issue) => [issue.path, issue.code])]).to.deep.equal([
          'INVALID_REQUEST',
          [[path, code]],
        ]);
        expect(bench.store.saved).to.deep.equal([]);
      });
    }

    it('a host that is not there, with what may have been meant', async () => {
      const { code, message } = await refusal({ host: hostKey('spark') });
      expect([code, message]).to.deep.equal(['HOST_NOT_FOUND', 'There is no host "spark". Did you mean spark1 or spark2?']);
    });

    it('a name and a port that are taken on the host', async () => {
      await bench.outcome({ container: 'nim-x' });
      expect((await refusal({ container: 'nim-x' })).details.issues?.map(({ path, code }) => [path, code])).to.deep.equal([
        ['/container', 'taken'],
        ['/port', 'taken'],
      ]);
      expect((await refusal({ container: 'nim-y' })).details.issues?.[0]?.message).to.equal(
        'container nim-x listens on port 8001 of spark1',
      );
    });

    it('while somebody else has the lock', async () => {
      bench.core.setLock('cron:nightly');
      const { code, details } = await refusal({});
      expect([code, details.lock?.holder]).to.deep.equal(['LOCKED', 'cron:nightly']);
    });

    it('a lock of the caller that is over or was taken over', async () => {
      bench.core.locks.renew = async () => ({ kind: 'expired', at: 1 });
      expect((await refusal({ lockId: aLockId })).code).to.equal('LOCK_EXPIRED');
      bench.core.locks.renew = async () => ({ kind: 'fenced_off', detail: 'Broken by force.' });
      expect((await refusal({ lockId: aLockId })).code).to.equal('FENCED_OFF');
    });

    it('a second one on the same host', async () => {
      const { id } = await bench.install();
      const { code, details } = await refusal({ container: 'nim-other', port: 8_002 });
      expect([code, details.operationId]).to.deep.equal(['OPERATION_IN_PROGRESS', id]);
      await bench.ended(id);
    });
  });

  it('lets a service that is replaced keep its port and key', async () => {
    await bench.outcome({ container: 'nim-x' });
    bench.services = [aService({ key: 'nim', container: 'nim-x', port: 8_001 })];
    const { state, result } = await bench.outcome({
      container: 'nim-x',
      replace: true,
      register: { key: 'nim', name: null, kind: 'openai' },
    });
    expect([state, result?.['service'], bench.added]).to.deep.equal(['succeeded', 'nim', []]);
  });

  it('has the key nowhere but in the calls to the host: not in the store, the events, the audit or an error', async () => {
    const secretValue = 'a-value-that-nobody-may-read';
    const env = { HF_TOKEN: secretValue };
    bench.over.pull = async (_host, _order, key, _report, log) => {
      log(`docker says: the key ${key} is fine, and so is ${secretValue} and ${aLockId}`);
    };
    await bench.outcome({ env, lockId: aLockId });
    bench.over.ready = async (_host, order) => {
      throw new SparkError('RUNTIME_REJECTED', `It printed ${CANARY} and ${order.env['HF_TOKEN']}.`);
    };
    await bench.outcome({ env, lockId: aLockId, container: 'nim-2', port: 8_002 });
    bench.over.run = async (_host, _order, key) => {
      throw new TypeError(`a defect with ${key}`);
    };
    await bench.outcome({ env, lockId: aLockId, container: 'nim-3', port: 8_003 });
    const told = JSON.stringify([bench.store.saved, await bench.store.unsettled(), bench.events, bench.store.audit.entries]);
    for (const secret of [CANARY, secretValue, aLockId]) expect(told).to.not.contain(secret);
  });
});
