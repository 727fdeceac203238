import { expect } from 'chai';
import { describeDrift, type Reading, readSighting } from '../../src/application/observe.ts';
import { type HostObservation, hostKey, modelKey, type ObservedContainer, type Serving, swapId } from '../../src/index.ts';
import { aCluster } from '../support/builders.ts';

const cluster = aCluster();
const identity = { model: modelKey('qwen'), swap: swapId('swp_1'), fence: 3, controller: 'ctl', digest: 'd' };

const aContainer = (over: Partial<ObservedContainer> = {}): ObservedContainer => ({
  host: hostKey('spark1'),
  id: 'c1',
  name: 'vllm_node',
  image: 'vllm-node',
  state: 'running',
  identity,
  parked: false,
  restorable: true,
  startedAt: 1,
  exitCode: null,
  ...over,
});

const head = (containers: ObservedContainer[], portOwner: string | null = null): HostObservation[] => [
  { host: hostKey('spark1'), reachable: true, containers, portOwner, memAvailableBytes: 1 },
];
const read = (hosts: readonly HostObservation[], isHealthy = true): Reading =>
  readSighting(cluster, { hosts, health: isHealthy ? { kind: 'healthy' } : { kind: 'unreachable', reason: 'refused' } });

describe('readSighting', () => {
  const cases: [string, HostObservation[], Serving['kind'], Reading['runtime']][] = [
    ['our running container as our model', head([aContainer()]), 'model', 'running'],
    ['a starting container as our model, which is not healthy yet', head([aContainer({ state: 'starting' })]), 'model', 'starting'],
    ['a container whose process is gone as nothing, and unhealthy', head([aContainer({ state: 'unhealthy' })]), 'nothing', 'unhealthy'],
    ['an exited container as nothing', head([aContainer({ state: 'absent', exitCode: 1 })]), 'nothing', 'absent'],
    ['a container without our labels as unmanaged', head([aContainer({ identity: null })]), 'unmanaged', 'running'],
    ['a process on the port that is no container as unmanaged', head([], 'python3 (pid 7)'), 'unmanaged', 'running'],
    ['a parked container as nothing', head([aContainer({ identity: null, parked: true })]), 'nothing', 'absent'],
    ['an empty host as nothing', head([]), 'nothing', 'absent'],
    ['an unreachable head as unknown', [{ host: hostKey('spark1'), reachable: false, code: 'X', reason: 'off' }], 'unknown', 'unknown'],
    ['a head nobody told of as unknown', [], 'unknown', 'unknown'],
  ];
  for (const [what, hosts, serving, runtime] of cases) {
    it(`reads ${what}`, () => {
      expect(read(hosts)).to.deep.include({ runtime });
      expect(read(hosts).serving.kind).to.equal(serving);
    });
  }

  it('does not take a stranger on the same host for ours when both are there', () => {
    expect(read(head([aContainer({ identity: null, name: 'other' }), aContainer()])).serving).to.deep.equal({
      kind: 'model',
      model: 'qwen',
    });
  });
});

describe('describeDrift', () => {
  const qwen: Serving = { kind: 'model', model: modelKey('qwen') };

  it('says nothing when all is as expected, or when nobody can know', () => {
    expect(describeDrift(qwen, read(head([aContainer()])))).to.equal(null);
    expect(describeDrift({ kind: 'unknown' }, read(head([])))).to.equal(null);
    expect(describeDrift(qwen, read([]))).to.equal(null);
  });

  it('names what was and what is', () => {
    expect(describeDrift(qwen, read(head([])))).to.match(/^qwen was serving; it is gone now/);
    expect(describeDrift(qwen, read(head([aContainer({ state: 'unhealthy', exitCode: 137 })])))).to.contain('exit code 137');
    expect(describeDrift({ kind: 'nothing' }, read(head([aContainer()])))).to.contain('qwen serves now');
    expect(describeDrift(qwen, read(head([aContainer({ identity: null, name: 'cron' })])))).to.contain('container cron');
    expect(describeDrift({ kind: 'unmanaged' }, read(head([])))).to.contain('something unmanaged was serving');
  });
});
