import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WireAuditList, WireModelDiskView, WireOperation, WireOperationList } from '@spark-control/schema';
import { expect } from 'chai';
import { installFakeHf } from '../../packages/ssh-adapter/test/support/weights-on-disk.ts';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { eventually, must } from './support/commands.ts';
import { ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { begin, expectStatus, OperationStream, settledOperation, succeeded } from './support/long-work.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const MODELS = {
  alpha: { repo: 'org/alpha', nodes: 2 },
  solo: { repo: 'org/solo', nodes: 1 },
  gone: { repo: 'org/nobodys', nodes: 1 },
  huge: { repo: 'org/too-large', nodes: 1, weights_gib: 90_000 },
  local: { local_path: '/home/spark/models/mine', nodes: 1 },
};
const homeOf = (host: SparkHost): string => join(host.directory, 'home', LOGIN.user);
const blobs = (host: SparkHost, repo: string, name: string): string =>
  join(homeOf(host), `.cache/huggingface/hub/models--org--${repo}/blobs/${name}`);
const runs = (host: SparkHost): readonly string[] => {
  const file = join(homeOf(host), 'hf.log');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

describe('section 5 over two real hosts: downloads', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  let links: readonly HostLink[];
  before(async () => {
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    const cluster = rigCluster(rig(), { installation: 'modern', links });
    control = await new ControlPlane(rig(), [cluster], MODELS).start({ HF_TOKEN: 'hf_good' });
  });
  after(async () => {
    await control.stop();
    await Promise.all(links.map((link) => link.stop()));
  });
  beforeEach(async () => {
    for (const host of rig().hosts) {
      installFakeHf(homeOf(host));
      await must(['chown', '-R', `${LOGIN.uid}:${LOGIN.gid}`, homeOf(host)]);
    }
  });
  afterEach(() => {
    for (const host of rig().hosts) {
      for (const name of ['.cache', '.local', 'hf.log', 'half', 'gated', 'gate'])
        rmSync(join(homeOf(host), name), { recursive: true, force: true });
    }
  });

  const head = (): SparkHost => rig().hosts[0]!;
  const worker = (): SparkHost => rig().hosts[1]!;
  /** The client waits half-way until it is told to go on. */
  const gate = (): void => writeFileSync(join(homeOf(head()), 'gated'), '');
  const openGate = (): void => writeFileSync(join(homeOf(head()), 'gate'), '');
  const half = (): Promise<boolean> => eventually('half of it', () => existsSync(join(homeOf(head()), 'half')));
  const partBytes = (): number => statSync(blobs(head(), 'alpha', '2222.incomplete')).size;

  it('bring a model to both hosts, with progress in bytes on a stream that ends with the work', async () => {
    gate();
    const begun = await begin(control, '/api/models/alpha/download', { reason: 'for tonight' });
    expect(begun).to.include({ kind: 'model_download', subject: 'alpha', cluster: 'rig', state: 'running', cancellable: true });
    const stream = new OperationStream();
    expect(await stream.open(control, begun.id)).to.equal(200);
    await half();
    await eventually('bytes to be told', () => stream.operations().some(({ parts }) => (parts[0]?.done_bytes ?? 0) >= 200_000));
    openGate();
    const over = await succeeded(control, begun);
    await stream.ended();
    expect(stream.names()[0]).to.equal('snapshot');
    expect(stream.names().at(-1)).to.equal('settled');
    expect(stream.names()).to.include('progress').and.to.include('log');
    const [onHead, onWorker] = over.parts;
    expect([onHead?.status, onWorker?.status, onHead?.host, onWorker?.host]).to.deep.equal(['done', 'done', 'spark1', 'spark2']);
    expect(over.result).to.deep.include({ repo: 'org/alpha', hosts: ['spark1', 'spark2'] });
    expect([runs(head()).length, runs(worker()).length]).to.deep.equal([1, 0]);
    for (const host of rig().hosts) expect(statSync(blobs(host, 'alpha', '2222')).size).to.equal(400_000);
    // Who comes back with the last id gets no second stream.
    const again = new OperationStream();
    expect(await again.open(control, begun.id, stream.events.findLast(({ id }) => id !== null)?.id)).to.equal(204);
    const { body: disk } = await control.call<WireModelDiskView>('GET', '/api/models/alpha/disk');
    expect(disk.items.map(({ complete }) => complete)).to.deep.equal([true, true]);
    const { body: audit } = await control.call<WireAuditList>('GET', '/api/audit?action=weights_downloaded');
    expect(audit.items[0]?.note).to.equal('org/alpha to spark1, spark2');
    expect(stream.text).to.not.contain('hf_good');
  });

  it('go on while the link to the host is cut, and are followed again when it is back', async () => {
    gate();
    const begun = await begin(control, '/api/models/alpha/download');
    await half();
    await links[0]!.ssh.refuse();
    openGate();
    await eventually('all of it', () => existsSync(blobs(head(), 'alpha', '2222')));
    await links[0]!.ssh.accept();
    await succeeded(control, begun);
    expect(runs(head())).to.have.length(1);
  });

  it('outlive a killed control plane: the next one finds the work on the host, and does not begin it again', async () => {
    gate();
    const begun = await begin(control, '/api/models/alpha/download');
    await half();
    await control.kill();
    await control.start({ HF_TOKEN: 'hf_good' });
    openGate();
    await succeeded(control, begun);
    expect(runs(head())).to.have.length(1);
    expect(statSync(blobs(worker(), 'alpha', '2222')).size).to.equal(400_000);
  });

  it('wait for a host that goes off the network in the middle of it, and finish when it is back', async () => {
    gate();
    const begun = await begin(control, '/api/models/alpha/download');
    await half();
    await rig().network.setLink(worker().name, 'down');
    await links[1]!.ssh.refuse();
    openGate();
    await eventually('the head to have it', async () => {
      const { body } = await control.call<WireOperation>('GET', `/api/operations/${begun.id}`);
      return body.parts[0]?.status === 'done' && body.state === 'running';
    });
    await rig().network.setLink(worker().name, 'up');
    await links[1]!.ssh.accept();
    await succeeded(control, begun, 80_000);
    expect(statSync(blobs(worker(), 'alpha', '2222')).size).to.equal(400_000);
  });

  it('end on the hosts when they are cancelled, keep what came, and go on from there the next time', async () => {
    gate();
    const begun = await begin(control, '/api/models/alpha/download');
    await half();
    const again = await control.call<ProblemBody>('POST', '/api/models/alpha/download', {});
    expect([again.status, again.body.code]).to.deep.equal([409, 'OPERATION_IN_PROGRESS']);
    const busy = await control.call<ProblemBody>('DELETE', '/api/models/alpha/disk');
    expect([busy.status, busy.body.code]).to.deep.equal([409, 'MODEL_IN_USE']);
    expectStatus(await control.call('POST', `/api/operations/${begun.id}/cancel`), 202);
    const over = await settledOperation(control, begun);
    expect(over).to.include({ state: 'cancelled', settled: true });
    expect((await head().exec(['ps', '-ww', '-eo', 'args'])).stdout).to.not.contain('hf download');
    const kept = partBytes();
    expect(kept).to.be.greaterThan(100_000);
    const late = await control.call<ProblemBody>('POST', `/api/operations/${begun.id}/cancel`);
    expect([late.status, late.body.code]).to.deep.equal([409, 'OPERATION_SETTLED']);
    openGate();
    const second = await begin(control, '/api/models/alpha/download');
    const stream = new OperationStream();
    await stream.open(control, second.id);
    await succeeded(control, second);
    await stream.ended();
    expect(stream.lines().join('\n')).to.contain(`goes on at ${kept}`);
  });

  it('tell what is wrong: a repository that is none, no room, a local path, nobody by that name; and replay an answer by its key', async () => {
    const absent = await settledOperation(control, await begin(control, '/api/models/gone/download'));
    expect(absent).to.include({ state: 'failed' });
    expect(absent.cause?.message).to.contain('org/nobodys');
    const post = (path: string, headers = {}) => control.call<WireOperation & ProblemBody>('POST', path, {}, headers);
    const huge = await post('/api/models/huge/download');
    expect([huge.status, huge.body.code]).to.deep.equal([422, 'NOT_ENOUGH_DISK']);
    expect((await post('/api/models/local/download')).body.code).to.equal('NOT_SUPPORTED');
    expect((await post('/api/models/none/download')).body.code).to.equal('MODEL_NOT_FOUND');
    const odd = await control.call<ProblemBody>('POST', '/api/models/solo/download', { hosts: ['spark9'] });
    expect(odd.body.code).to.equal('HOST_NOT_FOUND');
    const key = { 'idempotency-key': 'download-solo-1' };
    const first = await post('/api/models/solo/download', key);
    const replayed = await post('/api/models/solo/download', key);
    expect(replayed.headers.get('idempotency-replayed')).to.equal('true');
    expect(replayed.body.id).to.equal(first.body.id);
    await succeeded(control, first.body);
    expect(runs(head()).filter((line) => line.includes('org/solo'))).to.have.length(1);
    const { body: list } = await control.call<WireOperationList>('GET', '/api/operations?kind=model_download&subject=solo');
    expect(list.items.map(({ id, state }) => [id, state])).to.deep.equal([[first.body.id, 'succeeded']]);
  });

  it('hold the token in no argument, log, stream, record or file of the control plane', async () => {
    gate();
    const begun = await begin(control, '/api/models/solo/download');
    await half();
    expect((await head().exec(['ps', '-ww', '-eo', 'args'])).stdout).to.not.contain('hf_good');
    openGate();
    await succeeded(control, begun);
    expect(runs(head()).join('\n')).to.contain('token=hf_good');
    expect(control.output).to.not.contain('hf_good');
    const found = await must(['grep', '-rlaF', 'hf_good', control.dataFolder]).catch(() => '');
    expect(found).to.equal('');
  });
});
