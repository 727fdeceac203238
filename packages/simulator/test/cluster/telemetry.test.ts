import { type GpuFacts, type HostFacts, hostKey, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { GpuTelemetry } from '../../src/cluster/gpu-telemetry.ts';
import { World } from '../../src/cluster/world.ts';
import type { SimulatedCluster } from '../../src/index.ts';
import { aPlan, GIB, NEVER, startCluster } from '../support/clusters.ts';

describe('the telemetry of the simulated GPU', () => {
  const clock = new FakeClock();
  const telemetry = new GpuTelemetry(new World({ clock, speed: 1, random: () => 0.5, address: '127.0.0.1' }));
  const read = (activity: Parameters<GpuTelemetry['read']>[0]): GpuFacts => telemetry.read(activity, []);

  it('idles at the power that idle ones were seen at', () => {
    expect(read('idle')).to.include({ name: 'NVIDIA GB10', utilizationPercent: 0, powerW: 11, temperatureC: 38 });
  });

  it('takes power at once and warms slowly under load, and cools down afterwards', async () => {
    expect(read('generating').powerW).to.equal(68);
    expect(read('generating').temperatureC).to.equal(38);
    await clock.advance(6_000);
    expect(read('generating').temperatureC).to.be.within(45, 60);
    await clock.advance(120_000);
    expect(read('generating').temperatureC).to.equal(69);
    expect(read('idle')).to.include({ powerW: 11, temperatureC: 69 });
    await clock.advance(120_000);
    expect(read('idle').temperatureC).to.equal(38);
  });
});

describe('the probe of the simulated cluster', () => {
  let simulation: SimulatedCluster;
  before(async () => {
    simulation = await startCluster({ speed: 50 });
  });
  after(() => simulation.close());

  const facts = async (): Promise<HostFacts> => {
    const [head] = await simulation.probe.inspect({ image: null, source: null }, NEVER);
    return head?.reachable ? head.facts : expect.fail('the head does not answer');
  };

  it('shows the process, the memory and the work of what serves', async () => {
    expect((await facts()).gpu?.processes).to.deep.equal([]);
    const claim = await simulation.fence.claim(swapId('swp_1'), 1, NEVER);
    simulation.control.setProfile('good', { loadSeconds: 0.5, tokenMs: 3_600_000 });
    await simulation.runtime.launch(aPlan(simulation.cluster, 'good'), claim, () => undefined, NEVER);
    expect((await facts()).gpu?.utilizationPercent).to.be.within(1, 60);
    while ((await facts()).portOwner === null) await new Promise((resolve) => setTimeout(resolve, 2));
    const [process] = (await facts()).gpu?.processes ?? [];
    expect(process?.name).to.equal('VLLM::EngineCore');
    expect(process?.usedBytes).to.be.within(90 * GIB, 110 * GIB);
    const hangUp = new AbortController();
    const body = JSON.stringify({ prompt: 'x', stream: true });
    const stream = await fetch(`${simulation.endpointBaseUrl()}/v1/completions`, { method: 'POST', body, signal: hangUp.signal });
    await stream.body?.getReader().read();
    expect((await facts()).gpu?.utilizationPercent).to.be.greaterThan(80);
    hangUp.abort();
    await simulation.control.removeContainer(hostKey('spark-1'), 'vllm_node');
  });
});
