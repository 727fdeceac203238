import type { Service, ServiceProbe } from '@spark-control/core';
import { expect } from 'chai';
import { describeServiceHost, LOGGED_SECRET, ORIGINAL } from '../../../core/test/contracts/service-host.contract.ts';
import { aCluster } from '../../../core/test/support/builders.ts';
import { aService } from '../../../core/test/support/service-samples.ts';
import { SimulatedServiceHost, SimulatedServiceProbe, systemClock } from '../../src/index.ts';

const NEVER = new AbortController().signal;
const KNOWN = '/srv/app/known.py';
const options = { clusters: [aCluster()], clock: systemClock, speed: 1_000 };

describeServiceHost('a simulated Spark', async () => {
  const host = new SimulatedServiceHost(options);
  const service = aService();
  const put = (): void => void host.box(service)?.files.set(KNOWN, Buffer.from(ORIGINAL));
  put();
  host.box(service)?.log.unshift(`API_KEY=${LOGGED_SECRET}`);
  return {
    host,
    service,
    read: async (target) => host.box(service)?.files.get(target)?.toString() ?? null,
    async makeAnew() {
      host.box(service)?.make(1);
      put();
    },
    remove: async () => host.remove(service),
  };
});

describe('simulated services', () => {
  const elsewhere: ServiceProbe = {
    status: async ({ key }) => ({ service: key, state: 'down', detail: 'really asked', latencyMs: null, at: 1 }),
    deep: async ({ key }) => ({ service: key, status: 'fail', detail: 'really asked', latencyMs: null, at: 1 }),
    models: async () => null,
  };
  let host: SimulatedServiceHost;
  let probe: SimulatedServiceProbe;
  const statusOf = async (service: Service) => (await probe.status(service, '', NEVER)).state;
  beforeEach(() => {
    host = new SimulatedServiceHost(options);
    probe = new SimulatedServiceProbe({ host, elsewhere, clock: systemClock, running: () => ['qwen'] });
  });

  it('say in every answer that they are simulated', async () => {
    const service = aService({ kind: 'asr' });
    expect((await probe.status(service, '', NEVER)).detail).to.match(/^Simulated: /);
    expect(await probe.deep(service, '', NEVER)).to.include({
      status: 'pass',
      detail: 'Simulated: half a second of audio was transcribed.',
    });
    expect(await probe.deep(aService({ kind: 'http' }), '', NEVER)).to.include({ status: 'skip' });
    expect(await probe.models(aService({ kind: 'open_webui' }), '', NEVER)).to.deep.equal(['qwen']);
  });

  it('do not answer while they restart, nor when their container is gone', async () => {
    const service = aService();
    const restart = host.restart(service, NEVER);
    expect(await statusOf(service)).to.equal('down');
    await restart;
    expect(await statusOf(service)).to.equal('up');
    host.remove(service);
    expect(await statusOf(service)).to.equal('down');
  });

  it('are really asked where they are configured by a url', async () => {
    const service = aService({ url: 'http://far.lan', port: null });
    expect((await probe.status(service, 'http://far.lan', NEVER)).detail).to.equal('really asked');
    expect((await probe.deep(service, 'http://far.lan', NEVER)).detail).to.equal('really asked');
  });
});
