import { type Claim, type Cluster, isSparkError, type SwapId } from '@spark-control/core';
import { expect } from 'chai';
import { aCluster } from '../../core/test/support/builders.ts';
import { FakeClock } from '../../core/test/support/fake-clock.ts';
import { ClusterHosts } from '../src/cluster-hosts.ts';
import { parkedName } from '../src/parked-name.ts';
import { Stopper } from '../src/stopper.ts';
import { printed, ScriptedShell } from './support/scripted-shell.ts';

const NEVER = new AbortController().signal;
const CLUSTER: Cluster = { ...aCluster({ launcher: 'launch_cluster', container: 'vllm_node', port: 8000 }) };
const CLAIM: Claim = { cluster: CLUSTER.key, fence: 7, controller: 'c1', swap: 'swp_2' as SwapId };

type Container = Readonly<{ id: string; name: string; rm?: boolean; status?: string }>;
const inspected = ({ id, name, rm = false, status = 'running' }: Container): string =>
  JSON.stringify({
    id,
    name: `/${name}`,
    image: 'i',
    labels: {},
    status,
    started: '2026-09-20T10:00:00Z',
    exit: 0,
    auto_remove: rm,
    ports: {},
  });

/** The head shows `containers` to every look and takes every other script; the other hosts are empty. */
function over(containers: readonly Container[], processes: readonly string[] = []) {
  const shells = CLUSTER.hosts.map(({ name }, at) => {
    const seen = at === 0 ? containers : [];
    const look = [
      '\u001ememory\nMemAvailable:  1000 kB\n',
      `\u001econtainers\n${seen.map(inspected).join('\n')}\n`,
      `\u001eprocesses\n${at === 0 ? processes.join('\n') : ''}\n`,
      '\u001eport\n\n\u001eend\n',
    ].join('');
    return new ScriptedShell(name, (script) => printed(script.includes('docker ps -a') ? look : ''));
  });
  const hosts = new ClusterHosts(CLUSTER, (host) => shells[CLUSTER.hosts.findIndex(({ key }) => key === host.key)]!);
  return {
    stopper: new Stopper(hosts, new FakeClock()),
    scripts: () => shells.flatMap((shell) => shell.scripts).filter((script) => !script.includes('docker ps -a')),
  };
}

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

describe('what a swap set aside', () => {
  it('is removed by that swap alone: what an earlier one left there is kept', async () => {
    const { stopper, scripts } = over([
      { id: OLD, name: parkedName('theirs', CLUSTER.key, 3), status: 'exited' },
      { id: NEW, name: parkedName('theirs', CLUSTER.key, CLAIM.fence), status: 'exited' },
    ]);
    await stopper.unpark(CLAIM, 'discard', NEVER);
    const removals = scripts().filter((script) => script.includes('docker rm'));
    expect(removals.some((script) => script.includes(NEW))).to.equal(true);
    expect(removals.filter((script) => script.includes(OLD))).to.deep.equal([]);
  });
});

describe('a container that a stop would lose', () => {
  it('is left running when it was to be set aside', async () => {
    const server = `4711 ${OLD} 1 vllm serve org/m`;
    const { stopper, scripts } = over([{ id: OLD, name: 'vllm_node', rm: true }], [server]);
    const error: unknown = await stopper.stop(CLAIM, { park: true, report: () => undefined }, NEVER).catch((caught: unknown) => caught);
    expect(isSparkError(error) && error.code).to.equal('RUNTIME_REJECTED');
    expect(isSparkError(error) && error.message).to.match(/vllm_node .*left running/);
    expect(scripts().filter((script) => script.includes(OLD))).to.deep.equal([]);
  });
});
