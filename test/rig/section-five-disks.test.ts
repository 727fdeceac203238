import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WireAuditList, WireDiskRemoval, WireModelDiskView } from '@spark-control/schema';
import { expect } from 'chai';
import { placeModel, placeWeights } from '../../packages/ssh-adapter/test/support/weights-on-disk.ts';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { must } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { IMAGES } from './support/image.ts';
import { expectStatus } from './support/long-work.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const MODELS = {
  alpha: { repo: 'org/alpha', nodes: 2, weights_gib: 1 },
  twin: { repo: 'org/shared', nodes: 1 },
  other: { repo: 'org/shared', nodes: 1, flags: { 'max-model-len': 2_048 } },
  local: { local_path: '/home/spark/models/mine', nodes: 1 },
};
const homeOf = (host: SparkHost): string => join(host.directory, 'home', LOGIN.user);
const hub = (host: SparkHost, ...path: readonly string[]): string => join(homeOf(host), '.cache/huggingface/hub', ...path);
const own = (host: SparkHost): Promise<string> => must(['chown', '-R', `${LOGIN.uid}:${LOGIN.gid}`, homeOf(host)]);

describe('section 5 over two real hosts: what lies on their disks', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  let links: readonly HostLink[];
  before(async () => {
    links = await Promise.all(rig().hosts.map((host) => startHostLink(host)));
    control = await new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern', links })], MODELS).start();
  });
  after(async () => {
    await control.stop();
    await Promise.all(links.map((link) => link.stop()));
  });
  afterEach(() => {
    for (const host of rig().hosts)
      for (const name of ['.cache', 'models']) rmSync(join(homeOf(host), name), { recursive: true, force: true });
  });

  const head = (): SparkHost => rig().hosts[0]!;
  const worker = (): SparkHost => rig().hosts[1]!;
  type Removed = Answer<WireDiskRemoval & ProblemBody>;
  const remove = (query: string): Promise<Removed> => control.call('DELETE', `/api/models/${query}`);
  /** A survey is up to half a minute old: the deletion that finds nothing has it made anew. */
  const disk = async (key: string): Promise<WireModelDiskView> => {
    await remove('alpha/disk?dry_run=true');
    return expectStatus(await control.call<WireModelDiskView>('GET', `/api/models/${key}/disk`), 200);
  };

  it('counts files of several snapshots that are links to the same blobs once, and tells whole from broken off', async () => {
    const folder = placeWeights(homeOf(head()), 'org/alpha', true, 700_000);
    for (const snapshot of ['def456', '789abc']) {
      mkdirSync(join(folder, 'snapshots', snapshot));
      for (const [name, blob] of [
        ['config.json', '1111'],
        ['model.safetensors', '2222'],
        ['copy.safetensors', '2222'],
      ] as const) {
        symlinkSync(`../../blobs/${blob}`, join(folder, 'snapshots', snapshot, name));
      }
    }
    placeWeights(homeOf(worker()), 'org/alpha', false, 50_000);
    await Promise.all(rig().hosts.map(own));
    const view = await disk('alpha');
    const [onHead, onWorker] = view.items;
    expect(onHead).to.include({ host: 'spark1', kind: 'cache', present: true, complete: true });
    // Five links to it, and the blob counted once.
    expect(onHead!.bytes).to.be.within(700_000, 710_000);
    expect(onHead!.free_bytes).to.be.greaterThan(0);
    expect(onWorker).to.include({ host: 'spark2', present: true, complete: false, downloading: true });
    expect(view.reason).to.equal('Something writes it on spark2 just now.');
    // Nobody has written to the part for long.
    await must(['touch', '-d', '2 hours ago', hub(worker(), 'models--org--alpha/blobs/2222.incomplete')]);
    expect(await disk('alpha')).to.include({ deletable: true, reason: null });
  });

  it('deletes from one host or from all, says what a trial would, and writes it into the audit trail', async () => {
    for (const host of rig().hosts) placeWeights(homeOf(host), 'org/alpha', true, 300_000);
    placeWeights(homeOf(head()), 'org/neighbour', true);
    await Promise.all(rig().hosts.map(own));
    const trial = expectStatus(await remove('alpha/disk?dry_run=true'), 200);
    expect(trial.freed_bytes).to.be.within(600_000, 800_000);
    expect(existsSync(hub(worker(), 'models--org--alpha'))).to.equal(true);
    const one = expectStatus(await remove('alpha/disk?host=spark2'), 200);
    expect(one.items.map(({ host, through }) => [host, through])).to.deep.equal([['spark2', 'login']]);
    expect([existsSync(hub(worker(), 'models--org--alpha')), existsSync(hub(head(), 'models--org--alpha'))]).to.deep.equal([false, true]);
    const rest = expectStatus(await remove('alpha/disk'), 200);
    expect(rest.items.map(({ host, through }) => [host, through])).to.deep.equal([
      ['spark1', 'login'],
      ['spark2', 'nothing'],
    ]);
    expect(readdirSync(hub(head()))).to.deep.equal(['models--org--neighbour']);
    const { body } = await control.call<WireAuditList>('GET', '/api/audit?action=weights_removed');
    expect(body.items.map(({ note }) => note)).to.deep.equal(['org/alpha from spark1, spark2', 'org/alpha from spark2']);
  });

  it('deletes what belongs to root on both hosts through a container, with the size that is free then', async () => {
    const make =
      'mkdir -p /hub/models--org--alpha/blobs && head -c 400000 /dev/zero >/hub/models--org--alpha/blobs/1 && chmod -R go= /hub/models--org--alpha';
    for (const host of rig().hosts) {
      mkdirSync(hub(host), { recursive: true });
      await own(host);
      await host.docker('run', '--rm', '--network', 'none', '-v', `${hub(host)}:/hub`, IMAGES.node, 'sh', '-c', make);
      expect((await host.exec(['rm', '-rf', hub(host, 'models--org--alpha')], { as: 'user' })).code).to.not.equal(0);
    }
    const removed = expectStatus(await remove('alpha/disk'), 200);
    expect(removed.items.map(({ through }) => through)).to.deep.equal(['container', 'container']);
    expect(removed.freed_bytes).to.be.within(800_000, 1_000_000);
    for (const host of rig().hosts) {
      expect(readdirSync(hub(host))).to.deep.equal([]);
      expect(await host.docker('ps', '-aq')).to.equal('');
    }
  });

  it('refuses what is served, what another entry needs, and a local path; each leaves every file where it is', async () => {
    for (const host of rig().hosts) {
      placeWeights(homeOf(host), 'org/alpha', true);
      placeWeights(homeOf(host), 'org/shared', true);
      placeModel(join(homeOf(host), 'models/mine'));
      await own(host);
    }
    const swap = await control.swap({ model: 'alpha' });
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
    const served = await remove('alpha/disk');
    expect([served.status, served.body.code]).to.deep.equal([409, 'MODEL_IN_USE']);
    expect(served.body.detail).to.contain('serves on cluster rig');
    const needed = await remove('twin/disk');
    expect([needed.status, needed.body.code]).to.deep.equal([409, 'MODEL_IN_USE']);
    expect(needed.body.detail).to.contain('other');
    const local = await remove('local/disk?force=true');
    expect(local.body.code).to.equal('NOT_SUPPORTED');
    for (const host of rig().hosts) {
      expect(readdirSync(hub(host)).sort()).to.deep.equal(['models--org--alpha', 'models--org--shared']);
      expect(readdirSync(join(homeOf(host), 'models/mine'))).to.have.length(2);
    }
    const view = await disk('local');
    expect(view).to.include({ deletable: false });
    expect(view.items[0]).to.include({ kind: 'path', present: true, path: '/home/spark/models/mine' });
    expectStatus(await remove('twin/disk?force=true'), 200);
    expect(readdirSync(hub(head()))).to.deep.equal(['models--org--alpha']);
    expect((await control.swap({ model: null })).phase).to.equal('ready');
  });

  it('deletes nothing anywhere while a host cannot be asked, and on the other one when only that is named', async () => {
    for (const host of rig().hosts) placeWeights(homeOf(host), 'org/alpha', true);
    await Promise.all(rig().hosts.map(own));
    await links[1]!.ssh.refuse();
    try {
      const refused = await remove('alpha/disk');
      expect([refused.status, refused.body.code]).to.deep.equal([502, 'HOST_UNREACHABLE']);
      expect(refused.body.detail).to.contain('spark2').and.to.contain('Nothing was deleted');
      expect(existsSync(hub(head(), 'models--org--alpha/blobs/2222'))).to.equal(true);
      expectStatus(await remove('alpha/disk?host=spark1'), 200);
    } finally {
      await links[1]!.ssh.accept();
    }
    expect(existsSync(hub(head(), 'models--org--alpha'))).to.equal(false);
    expect(existsSync(hub(worker(), 'models--org--alpha/blobs/2222'))).to.equal(true);
  });

  it('leaves alone what a link in the cache points at, and folders whose names only begin alike', async () => {
    const outside = join(homeOf(head()), 'outside/models--org--alpha');
    mkdirSync(join(outside, 'blobs'), { recursive: true });
    writeFileSync(join(outside, 'blobs/1'), 'precious');
    mkdirSync(dirname(hub(head(), 'x')), { recursive: true });
    symlinkSync('/home/spark/outside/models--org--alpha', hub(head(), 'models--org--alpha'));
    mkdirSync(hub(head(), 'models--org--alpha-2'));
    await own(head());
    const refused = await remove('alpha/disk?host=spark1');
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'NOT_SUPPORTED']);
    expect(refused.body.detail).to.contain('only real folders are deleted');
    expect(existsSync(join(outside, 'blobs/1'))).to.equal(true);
    expect(existsSync(hub(head(), 'models--org--alpha-2'))).to.equal(true);
    rmSync(join(homeOf(head()), 'outside'), { recursive: true });
  });
});
