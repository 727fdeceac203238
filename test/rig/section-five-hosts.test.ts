import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '@spark-control/core';
import type { WireAuditList, WireHost, WireHostList, WireHostTest } from '@spark-control/schema';
import { expect } from 'chai';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { expectStatus } from './support/long-work.ts';
import { rigRuntime } from './support/runtime.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const NEVER = new AbortController().signal;
const IS_PROOF = process.env['SPARK_PROVE'] === '1';
/** One after the other; each of both hosts. */
const POLLS = IS_PROOF ? 200 : 20;
/** What a poll may take on the rig; a machine that does other things at once gets more. */
const POLL_LIMIT_MS = IS_PROOF ? 60 : 500;
const STEPS = ['resolve', 'port', 'host_key', 'login', 'docker', 'launcher', 'image', 'api_port', 'time'];
const withoutPins = (cluster: Cluster): Cluster => ({ ...cluster, hosts: cluster.hosts.map((host) => ({ ...host, fingerprint: null })) });

describe('section 5 over two real hosts: how they are reached', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  let links: readonly HostLink[];
  before(async () => {
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    const cluster = withoutPins(rigCluster(rig(), { installation: 'modern', links }));
    control = await new ControlPlane(rig(), [cluster], { alpha: { repo: 'org/alpha', nodes: 2 } }).start();
  });
  after(async () => {
    await control.stop();
    await Promise.all(links.map((link) => link.stop()));
  });

  const host = async (key: string): Promise<WireHost> => expectStatus(await control.call<WireHost>('GET', `/api/hosts/${key}`), 200);
  const test = async (key: string): Promise<WireHostTest> =>
    expectStatus(await control.call<WireHostTest>('POST', `/api/hosts/${key}/test`), 200);
  const trust = (key: string, fingerprint: string): Promise<Answer<WireHost & ProblemBody>> =>
    control.call('POST', `/api/hosts/${key}/trust`, { fingerprint });

  it('are not logged in to before somebody has trusted their keys, then at once, without a restart, and after one', async () => {
    const unknown = await eventually('a look at the hosts', async () => {
      const { items } = (await control.call<WireHostList>('GET', '/api/hosts')).body;
      return items.every(({ reachable }) => reachable === false) ? items : null;
    });
    expect(unknown.map(({ key, code, fingerprint }) => [key, code, fingerprint])).to.deep.equal([
      ['spark1', 'HOST_KEY_UNKNOWN', null],
      ['spark2', 'HOST_KEY_UNKNOWN', null],
    ]);
    const seen = await test('spark1');
    expect(seen).to.include({ ok: false, trusted: false, fingerprint: rig().hosts[0]!.fingerprint });
    expect(seen.steps.map(({ name, status }) => [name, status]).slice(0, 5)).to.deep.equal([
      ['resolve', 'pass'],
      ['port', 'pass'],
      ['host_key', 'fail'],
      ['login', 'skip'],
      ['docker', 'skip'],
    ]);
    const wrong = await trust('spark1', rig().hosts[1]!.fingerprint);
    expect([wrong.status, wrong.body.code]).to.deep.equal([502, 'HOST_KEY_MISMATCH']);
    expect((await trust('spark1', 'SHA256:short')).status).to.equal(422);
    for (const { name, fingerprint } of rig().hosts) expect(expectStatus(await trust(name, fingerprint), 200)).to.include({ fingerprint });
    const reached = await eventually('the hosts to be reached', async () => {
      const both = [await host('spark1'), await host('spark2')];
      return both.every(({ reachable }) => reachable === true) ? both : null;
    });
    expect(reached[0]).to.include({ docker_version: reached[1]?.docker_version, role: 'head', ssh_port: links[0]!.ssh.port });
    expect(reached[0]?.gpu).to.include({ name: 'NVIDIA GB10', driver: '580.95.05' });
    expect(reached[0]?.memory?.total_bytes).to.be.greaterThan(0);
    expect(reached[0]?.disks.map(({ role }) => role)).to.include('root');
    expect(reached[0]?.uptime_seconds).to.be.greaterThan(0);
    const { body: audit } = await control.call<WireAuditList>('GET', '/api/audit?action=host_trusted');
    expect(audit.items.map(({ target }) => target)).to.have.members(['spark1', 'spark2']);
    await control.kill();
    await control.start();
    await eventually('the hosts to be reached again', async () => (await host('spark2')).reachable === true);
  });

  it('are tested step by step, with a hint where a step fails', async () => {
    const fine = await test('spark1');
    expect(fine.steps.map(({ name }) => name)).to.deep.equal(STEPS);
    expect(fine, JSON.stringify(fine)).to.include({ ok: true, trusted: true });
    expect(fine.steps.every(({ status }) => status === 'pass' || status === 'warn' || status === 'skip')).to.equal(true);
    const socket = '/run/docker.sock';
    await rig().hosts[1]!.exec(['chmod', '600', socket]);
    const noDocker = await test('spark2');
    await rig().hosts[1]!.exec(['chmod', '660', socket]);
    expect(noDocker.ok).to.equal(false);
    expect(noDocker.steps.find(({ name }) => name === 'docker')).to.include({ status: 'fail' });
    expect(noDocker.steps.find(({ name }) => name === 'docker')?.hint).to.match(/docker/);
    await links[1]!.ssh.refuse();
    const away = await test('spark2');
    await links[1]!.ssh.accept();
    expect(away.steps.map(({ status }) => status).slice(0, 3)).to.deep.equal(['pass', 'fail', 'skip']);
    expect((await control.call<ProblemBody>('POST', '/api/hosts/spark9/test')).body.code).to.equal('HOST_NOT_FOUND');
  });
});

/** Commands that a host's sshd was asked to run so far. */
const sessionsOn = ({ directory }: SparkHost): number =>
  readFileSync(join(directory, 'logs/sshd.log'), 'utf8').split('Starting session:').length - 1;

describe('one telemetry poll of two real hosts', function () {
  this.timeout(90_000);
  const rig = useRig();

  it(`is one round trip to each, in less than ${POLL_LIMIT_MS} ms`, async () => {
    const on = rigRuntime(rig(), { installation: 'modern' });
    const poll = async (): Promise<number> => {
      const begun = performance.now();
      const reports = await on.probe.inspect({ image: null, source: null }, NEVER);
      const took = performance.now() - begun;
      expect(reports.map(({ reachable }) => reachable)).to.deep.equal([true, true]);
      return took;
    };
    await poll();
    await poll();
    const before = rig().hosts.map(sessionsOn);
    const times: number[] = [];
    for (let count = 0; count < POLLS; count += 1) times.push(await poll());
    expect(rig().hosts.map((each, index) => sessionsOn(each) - (before[index] ?? 0))).to.deep.equal([POLLS, POLLS]);
    times.sort((a, b) => a - b);
    const [p50 = 0, p95 = 0] = [0.5, 0.95].map((share) => times[Math.floor(times.length * share)]);
    console.info(`      ${POLLS} polls: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
    expect(p50).to.be.lessThan(POLL_LIMIT_MS);
    await on.close();
  });
});
