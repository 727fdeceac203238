import { expect } from 'chai';
import { hostKey, modelKey, type Service, SparkError } from '../../src/index.ts';
import { refusal } from '../support/refusal.ts';
import { ServiceBench, SOMEBODY } from '../support/service-bench.ts';
import { aService } from '../support/service-samples.ts';

const NEVER = new AbortController().signal;
const webUi = (over: Partial<Service> = {}): Service =>
  aService({ key: 'open-webui', name: 'Open WebUI', kind: 'open_webui', port: 12_000, container: 'open-webui', usesGpu: false, ...over });

describe('the services that are watched', () => {
  let bench: ServiceBench;
  const open = (services?: readonly Service[], hasHost = true): ServiceBench => {
    bench = new ServiceBench(services, hasHost);
    return bench;
  };
  afterEach(() => bench.close());
  const states = () => bench.desk.list().map(({ service, status }) => [service.key, status.state]);

  it('are asked every 15 s, those that are disabled never', async () => {
    const { desk, probe, clock } = open([aService(), aService({ key: 'off', isDisabled: true })]);
    expect(states()).to.deep.equal([['kokoro-tts', 'unknown']]);
    desk.start();
    await clock.advance(31_000);
    expect(probe.asked).to.deep.equal(['status kokoro-tts', 'status kokoro-tts', 'status kokoro-tts']);
    expect(states()).to.deep.equal([['kokoro-tts', 'up']]);
    await bench.close();
    await clock.advance(60_000);
    expect(probe.asked).to.have.length(3);
    expect((await refusal(desk.details('off', NEVER))).code).to.equal('SERVICE_NOT_FOUND');
    expect(await refusal(desk.logs('off', 1, NEVER))).to.deep.include({
      code: 'SERVICE_NOT_FOUND',
      message: 'The service off is disabled by DISABLED_SERVICES.',
    });
    expect(desk.endpoints().map(({ key, disabled }) => [key, disabled])).to.deep.equal([
      ['default', false],
      ['kokoro-tts', false],
      ['off', true],
    ]);
  });

  it('are only degraded after one miss, and down after the next', async () => {
    const { desk, probe, clock } = open();
    desk.start();
    await clock.advance(0);
    probe.states['kokoro-tts'] = 'down';
    await clock.advance(15_000);
    expect(states()).to.deep.equal([['kokoro-tts', 'degraded']]);
    await clock.advance(15_000);
    expect(states()).to.deep.equal([['kokoro-tts', 'down']]);
    probe.states['kokoro-tts'] = 'up';
    await clock.advance(15_000);
    expect(states()).to.deep.equal([['kokoro-tts', 'up']]);
  });

  it('are down at once when they never answered, and not known on a host of no cluster', async () => {
    const { desk, probe, clock } = open([aService(), aService({ key: 'lost', host: hostKey('gone') })]);
    probe.states['kokoro-tts'] = 'down';
    desk.start();
    await clock.advance(0);
    expect(states()).to.deep.equal([
      ['kokoro-tts', 'down'],
      ['lost', 'unknown'],
    ]);
    expect(desk.list()[1]?.status.detail).to.equal('Its host gone is in no cluster.');
  });

  it('are other ones when their address changes', async () => {
    const { desk, registry, clock } = open();
    desk.start();
    await clock.advance(0);
    registry.services = [aService({ port: 9_999 })];
    expect(states()).to.deep.equal([['kokoro-tts', 'unknown']]);
  });

  it('say what can be done with them', () => {
    const patch = { name: 'x', source: '/x', target: '/x' };
    const { desk } = open([
      aService({ patches: [patch] }),
      aService({ key: 'watch', kind: 'vllm' }),
      aService({ key: 'far', url: 'http://far.lan', port: null }),
      aService({ key: 'db', kind: 'qdrant', container: null, usesGpu: false }),
      aService({ key: 'model', container: 'vllm_node' }),
    ]);
    expect(desk.list().map(({ actions }) => actions.join(' '))).to.deep.equal([
      'restart logs memory patches',
      'logs',
      '',
      'snapshots',
      'logs',
    ]);
    expect(desk.list().map(({ lock }) => lock)).to.deep.equal(['default', 'default', null, null, 'default']);
  });

  it('link to an Open WebUI only with a model that it knows', async () => {
    const { desk, probe, core, clock } = open([webUi({ publicUrl: 'http://chat.lan' })]);
    const link = () => desk.list()[0]?.link;
    core.serving = { kind: 'model', model: modelKey('acme/qwen 3') };
    desk.start();
    await clock.advance(0);
    expect(link(), 'it does not tell').to.equal(null);
    probe.ids = ['other'];
    await clock.advance(15_000);
    expect(link(), 'it knows others').to.equal(null);
    probe.ids = ['other', 'acme/qwen 3'];
    const { link: fresh } = await desk.details('open-webui', NEVER);
    expect([link(), fresh], 'asked by itself it is not behind').to.deep.equal([null, 'http://chat.lan/?models=acme%2Fqwen%203']);
    await clock.advance(15_000);
    expect(link()).to.equal('http://chat.lan/?models=acme%2Fqwen%203');
    core.isHealthy = false;
    expect(link(), 'it does not serve yet').to.equal(null);
  });

  it('show their container, or why not', async () => {
    const { desk, host, probe } = open();
    probe.ids = ['a'];
    expect(await desk.details('kokoro-tts', NEVER)).to.deep.include({ factsProblem: null, models: ['a'], deep: null });
    host.facts = async () => {
      throw new SparkError('HOST_UNREACHABLE', 'spark1 does not answer.');
    };
    expect(await desk.details('kokoro-tts', NEVER)).to.include({ facts: null, factsProblem: 'spark1 does not answer.' });
    host.facts = async () => null;
    expect(await desk.details('kokoro-tts', NEVER)).to.include({ factsProblem: 'There is no container kokoro-tts.' });
  });

  it('cannot be touched where there is no login', async () => {
    const { desk } = open(undefined, false);
    expect(desk.list()[0]?.actions).to.deep.equal([]);
    expect((await refusal(desk.logs('kokoro-tts', 1, NEVER))).code).to.equal('NOT_SUPPORTED');
    expect((await desk.details('kokoro-tts', NEVER)).factsProblem).to.contain('no login');
  });

  it('are named to whoever mistypes one', async () => {
    const error = await refusal(open().desk.logs('kokoro-tss', 1, NEVER));
    expect(error.message).to.equal('There is no service "kokoro-tss". Did you mean kokoro-tts?');
  });

  describe('in depth', () => {
    it('are asked one real question each, and so is every model that serves', async () => {
      const { desk, completions } = open([aService(), aService({ key: 'off', isDisabled: true })]);
      const report = await desk.deep(NEVER);
      expect(report.ok).to.equal(true);
      expect(report.items.map(({ service, status, detail }) => [service, status, detail])).to.deep.equal([
        ['default', 'pass', 'gemma made one token.'],
        ['kokoro-tts', 'pass', 'It did something.'],
      ]);
      expect(completions).to.deep.equal(['gemma']);
    });

    it('are not asked again within 10 s, and share one answer', async () => {
      const { desk, probe, clock } = open();
      await Promise.all([desk.deep(NEVER), desk.deep(NEVER)]);
      await clock.advance(9_000);
      await desk.deep(NEVER);
      expect(probe.asked).to.deep.equal(['deep kokoro-tts']);
      await clock.advance(2_000);
      await desk.deep(NEVER);
      expect(probe.asked).to.have.length(2);
      expect((await desk.details('kokoro-tts', NEVER)).deep).to.include({ status: 'pass' });
    });

    it('fail as a whole when one fails; what is not served is left out', async () => {
      const { desk, probe, core } = open();
      core.serving = { kind: 'nothing' };
      probe.deepStatus = 'fail';
      const report = await desk.deep(NEVER);
      expect(report.ok).to.equal(false);
      expect(report.items.map(({ status }) => status)).to.deep.equal(['skip', 'fail']);
    });

    it('ask a model server that nobody here started by the name it gives', async () => {
      const { desk, core, completions } = open([]);
      core.serving = { kind: 'unmanaged' };
      expect((await desk.deep(NEVER)).items[0]).to.include({ status: 'pass' });
      expect(completions).to.deep.equal(['theirs']);
    });

    it('say what a model did not do', async () => {
      open([]).completing = async () => {
        throw new SparkError('UPSTREAM_TIMEOUT', 'The model server did not answer within 120 s.');
      };
      const [item] = (await bench.desk.deep(NEVER)).items;
      expect(item).to.include({ status: 'fail', detail: 'The model server did not answer within 120 s.', latencyMs: null });
    });

    it('go on for the others when one of those who wait leaves', async () => {
      const { desk, probe, clock } = open();
      probe.deepening = () => clock.sleep(1_000, NEVER);
      const gone = new AbortController();
      const [left, stays] = [desk.deep(gone.signal), desk.deep(NEVER)];
      gone.abort(new Error('gone'));
      expect(await left.catch((error: Error) => error.message)).to.equal('gone');
      expect((await clock.drive(stays)).ok).to.equal(true);
      expect(probe.asked).to.have.length(1);
    });
  });

  describe('and their memory', () => {
    it('are capped, which is written down', async () => {
      const { desk, host, recorded } = open();
      expect(await desk.limitMemory('kokoro-tts', 2 ** 30, SOMEBODY, NEVER)).to.equal(2 ** 30);
      await desk.limitMemory('kokoro-tts', null, SOMEBODY, NEVER);
      expect(host.calls).to.deep.equal(['limit kokoro-tts 1073741824', 'limit kokoro-tts null']);
      expect(recorded.map(({ action, target, note }) => [action, target, note])).to.deep.equal([
        ['service_limited', 'kokoro-tts', 'memory cap of 1024 MiB'],
        ['service_limited', 'kokoro-tts', 'memory cap taken away'],
      ]);
    });

    it('are not capped below what they use: that would end them', async () => {
      const { desk, host, recorded } = open();
      host.used = 3 * 2 ** 30;
      const error = await refusal(desk.limitMemory('kokoro-tts', 2 ** 30, SOMEBODY, NEVER));
      expect(error.code).to.equal('INVALID_REQUEST');
      expect(error.message).to.equal('Kokoro uses 3072 MiB now, so a cap of 1024 MiB would end it. Choose more, or restart it first.');
      expect([host.calls, recorded]).to.deep.equal([[], []]);
    });
  });
});
