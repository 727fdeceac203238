import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Cluster, type DownloadOrder, type DownloadProgress, hostKey, isSparkError, OperationAbort } from '@spark-control/core';
import { createSshCluster } from '@spark-control/ssh-adapter';
import { expect } from 'chai';
import { type ImageSubject, imageStoreContract } from '../../packages/core/test/contracts/image-store.contract.ts';
import { type WeightSubject, weightStoreContract } from '../../packages/core/test/contracts/weight-store.contract.ts';
import { installFakeHf, placeModel, placeWeights } from '../../packages/ssh-adapter/test/support/weights-on-disk.ts';
import { realClock } from './support/clock.ts';
import { type HostLink, rigCluster, startHostLink } from './support/cluster.ts';
import { eventually, must } from './support/commands.ts';
import { publish, registryProblem, startRegistry } from './support/host-registry.ts';
import { IMAGES } from './support/image.ts';
import { LAUNCHER_DIRECTORIES, type Rig } from './support/rig.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const NEVER = new AbortController().signal;
const homeOf = (host: SparkHost): string => join(host.directory, 'home', LOGIN.user);
const hub = (host: SparkHost, ...path: readonly string[]): string => join(homeOf(host), '.cache/huggingface/hub', ...path);
const own = (host: SparkHost): Promise<string> => must(['chown', '-R', `${LOGIN.uid}:${LOGIN.gid}`, homeOf(host)]);

function forget(host: SparkHost): void {
  for (const name of ['.cache', '.local', 'models', 'hf.log', 'half', 'gated', 'gate']) {
    rmSync(join(homeOf(host), name), { recursive: true, force: true });
  }
}

type Opened = Readonly<{ cluster: Cluster; links: readonly HostLink[]; close: () => Promise<void> }> & ReturnType<typeof createSshCluster>;

async function open(rig: Rig, over: Partial<Cluster> = {}): Promise<Opened> {
  const links = await Promise.all(rig.hosts.map((host) => startHostLink(host)));
  const plain = rigCluster(rig, { installation: 'modern', links });
  // Between each other the hosts use the addresses of the switch, and the port there.
  const cluster = { ...plain, ...over };
  const ssh = createSshCluster({ cluster, controllerId: 'ctl_rig', secrets: { read: () => null }, clock: realClock });
  const close = async (): Promise<void> => {
    await ssh.close();
    await Promise.all(links.map((link) => link.stop()));
  };
  return { ...ssh, cluster, links, close };
}

const cutOffOn =
  ({ cluster, links }: Opened): WeightSubject['cutOff'] =>
  async (key) => {
    const link = links[cluster.hosts.findIndex((host) => host.key === key)]!;
    await link.ssh.refuse();
    return () => link.ssh.accept();
  };

async function weightsOn(rig: Rig): Promise<WeightSubject> {
  const on = await open(rig);
  return {
    store: on.weights,
    hosts: on.cluster.hosts.map(({ key }) => key),
    repos: { present: 'org/present', half: 'org/half', absent: 'org/absent', refused: 'org/nobodys' },
    paths: { roots: ['/home/spark/models'], good: '/home/spark/models/mine', missing: '/home/spark/models/none' },
    cutOff: cutOffOn(on),
    async reset() {
      for (const host of rig.hosts) {
        forget(host);
        placeWeights(homeOf(host), 'org/present', true);
        placeWeights(homeOf(host), 'org/half', false);
        placeModel(join(homeOf(host), 'models/mine'));
        installFakeHf(homeOf(host));
        await own(host);
      }
      await eventually('all hosts to answer', async () => (await on.weights.survey([], NEVER)).every(({ reachable }) => reachable));
    },
    async dispose() {
      for (const host of rig.hosts) forget(host);
      await on.close();
    },
  };
}

describe('on the rig', () => {
  const rig = useRig();
  weightStoreContract('real hosts', () => weightsOn(rig()), { timeoutMs: 120_000 });
});

describe('images on the rig', function () {
  this.timeout(120_000);
  const rig = useRig();
  before(function needsRegistry() {
    const problem = registryProblem();
    if (problem === null) return;
    if (process.env['CI']) throw new Error(problem);
    this.skip();
  });

  imageStoreContract(
    'real Docker, with a registry on its loopback,',
    async (): Promise<ImageSubject> => {
      const { hosts, directory } = rig();
      const on = await open(rig());
      const storage = join(directory, 'registry');
      const stops = await Promise.all(hosts.map((host) => startRegistry(host, storage)));
      const pullable = await publish(hosts[0]!, 'tiny:v1', join(directory, 'tiny'));
      return {
        store: on.images,
        hosts: on.cluster.hosts.map(({ key }) => key),
        images: { present: IMAGES.node, pullable, refused: pullable.replace('tiny', 'nobodys') },
        cutOff: cutOffOn(on),
        async reset() {
          for (const host of hosts) await host.docker('rmi', '-f', pullable).catch(() => '');
          await eventually('all hosts to answer', async () =>
            (await on.images.inspect(IMAGES.node, NEVER)).every(({ reachable }) => reachable),
          );
        },
        async dispose() {
          for (const host of hosts) await host.docker('rmi', '-f', pullable).catch(() => '');
          await Promise.all(stops.map((stop) => stop()));
          await on.close();
        },
      };
    },
    { timeoutMs: 120_000 },
  );
});

describe('weights on the rig', function () {
  this.timeout(120_000);
  const rig = useRig();
  let on: Opened;
  let progress: DownloadProgress[];
  let log: string[];
  beforeEach(async () => {
    for (const host of rig().hosts) {
      forget(host);
      installFakeHf(homeOf(host));
      await own(host);
    }
    on = await open(rig());
    progress = [];
    log = [];
  });
  afterEach(async () => {
    await on.close();
    for (const host of rig().hosts) forget(host);
  });

  const head = (): SparkHost => rig().hosts[0]!;
  const worker = (): SparkHost => rig().hosts[1]!;
  const bothHosts = (): DownloadOrder['hosts'] => rig().hosts.map(({ name }) => hostKey(name));
  let jobs = 0;
  const download = (repo: string, over: Partial<DownloadOrder> = {}, signal = NEVER): Promise<void> => {
    jobs += 1;
    const order = { job: `op_${process.pid}_${jobs}`, repo, revision: null, hosts: bothHosts(), token: null, ...over };
    return on.weights.download(
      order,
      (each) => progress.push(each),
      (_, line) => log.push(line),
      signal,
    );
  };
  const runs = (host: SparkHost): number => {
    const file = join(homeOf(host), 'hf.log');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
  };
  const blob = (host: SparkHost, repo = 'org--model'): string => readFileSync(hub(host, `models--${repo}/blobs/2222`), 'utf8');
  const phasesOn = (host: SparkHost): ReadonlySet<string> =>
    new Set(progress.filter((each) => each.host === host.name).map(({ phase }) => phase));

  it('come from the hub once, and over the link to the other host', async () => {
    await download('org/model');
    expect([runs(head()), runs(worker())]).to.deep.equal([1, 0]);
    expect(blob(worker())).to.equal(blob(head()));
    expect([...phasesOn(worker())]).to.include('copying');
    expect(readdirSync(hub(worker()))).to.deep.equal(['models--org--model']);
  });

  it('are fetched by the head from the worker that has them, since only the head logs in to others', async () => {
    placeWeights(homeOf(worker()), 'org/model', true, 50_000);
    placeWeights(homeOf(head()), 'org/model', false, 1_000);
    await Promise.all(rig().hosts.map(own));
    await download('org/model');
    expect([runs(head()), runs(worker())]).to.deep.equal([0, 0]);
    expect(blob(head())).to.equal(blob(worker()));
  });

  it('come from the hub to each host where they may not log in to one another', async () => {
    const key = join(homeOf(head()), '.ssh/id_ed25519');
    renameSync(key, `${key}.away`);
    try {
      await download('org/model');
    } finally {
      renameSync(`${key}.away`, key);
    }
    expect([runs(head()), runs(worker())]).to.deep.equal([1, 1]);
    expect(log.join('\n')).to.contain('may not log in');
  });

  it("come through the launcher's own script on the head, where that is there", async () => {
    const folder = join(head().directory, LAUNCHER_DIRECTORIES.modern);
    const script = join(folder, 'hf-download.sh');
    const put = (path: string, text: string): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      chmodSync(path, 0o755);
    };
    put(script, '#!/bin/sh\necho "launcher gets $*"\nexec uvx hf download "$1"\n');
    put(join(homeOf(head()), '.local/bin/uvx'), '#!/bin/sh\nshift\nexec hf "$@"\n');
    try {
      await download('org/model', { hosts: [hostKey(head().name)] });
    } finally {
      rmSync(script);
    }
    expect(log).to.include('launcher gets org/model');
  });

  it('come through the client in the image where the host has none, and belong to the login user', async () => {
    const image = 'with-hf:latest';
    rmSync(join(homeOf(head()), '.local'), { recursive: true });
    const made = (await head().docker('create', IMAGES.node, 'true')).trim();
    const file = installFakeHf(join(rig().directory, 'for-image'));
    await head().docker('cp', file, `${made}:/usr/local/bin/hf`);
    await head().docker('commit', made, image);
    await head().docker('rm', made);
    await on.close();
    on = await open(rig(), { image });
    await download('org/model', { hosts: [hostKey(head().name)] });
    await head().docker('rmi', image);
    const owner = await must(['stat', '-c', '%u', hub(head(), 'models--org--model/blobs/2222')]);
    expect(owner.trim()).to.equal(String(LOGIN.uid));
  });

  it('go on while the link is cut, and are found when it is back', async () => {
    writeFileSync(join(homeOf(head()), 'gated'), '');
    const running = download('org/model', { hosts: [hostKey(head().name)] });
    await eventually('half of it', () => existsSync(join(homeOf(head()), 'half')));
    const restore = await cutOffOn(on)(hostKey(head().name));
    writeFileSync(join(homeOf(head()), 'gate'), '');
    await eventually('all of it', () => existsSync(hub(head(), 'models--org--model/snapshots/abc123/model.safetensors')));
    await restore();
    await running;
    expect(runs(head())).to.equal(1);
    expect(progress.at(-1)).to.include({ phase: 'done' });
  });

  it('end on the host when they are cancelled; the token is in no argument of any process', async () => {
    writeFileSync(join(homeOf(head()), 'gated'), '');
    const cancel = new AbortController();
    const running = download('org/model', { hosts: [hostKey(head().name)], token: 'hf_canary' }, cancel.signal);
    await eventually('half of it', () => existsSync(join(homeOf(head()), 'half')));
    const table = async (): Promise<string> => (await head().exec(['ps', '-ww', '-eo', 'args'])).stdout;
    expect(await table())
      .to.contain('hf download org/model')
      .and.to.not.contain('hf_canary');
    cancel.abort(new OperationAbort('cancelled'));
    expect(await running.catch((error: unknown) => error)).to.equal(cancel.signal.reason);
    expect(await table()).to.not.contain('hf download');
    expect(existsSync(hub(head(), 'models--org--model/blobs/2222.incomplete'))).to.equal(true);
  });

  it('that root wrote through a container are deleted through one, and nothing beside them', async () => {
    mkdirSync(hub(head()), { recursive: true });
    placeWeights(homeOf(head()), 'org/neighbour', true);
    await own(head());
    const make =
      'mkdir -p /hub/models--org--model/blobs && head -c 300000 /dev/zero >/hub/models--org--model/blobs/1 && chmod 700 /hub/models--org--model';
    await head().docker('run', '--rm', '--network', 'none', '-v', `${hub(head())}:/hub`, IMAGES.node, 'sh', '-c', make);
    expect((await head().exec(['rm', '-rf', hub(head(), 'models--org--model')], { as: 'user' })).code).to.not.equal(0);
    const removal = await on.weights.remove(hostKey(head().name), 'org/model', NEVER);
    expect(removal).to.include({ through: 'container' });
    expect(readdirSync(hub(head()))).to.deep.equal(['models--org--neighbour']);
    expect(await head().docker('ps', '-aq')).to.equal('');
  });

  it('that a container of somebody else serves are not deleted', async () => {
    placeWeights(homeOf(head()), 'org/served', true);
    await own(head());
    copyFileSync(join(homeOf(head()), '.local/bin/hf'), join(head().directory, 'sim', 'wait.sh'));
    writeFileSync(join(head().directory, 'sim', 'wait.sh'), 'while :; do sleep 1; done\n');
    const serve = ['sh', '/sim/wait.sh', 'serve', 'org/served'];
    await head().docker('run', '-d', '--rm', '--network', 'none', '-v', `${join(head().directory, 'sim')}:/sim`, IMAGES.node, ...serve);
    const outcome = await on.weights.remove(hostKey(head().name), 'org/served', NEVER).catch((error: unknown) => error);
    expect(isSparkError(outcome) && outcome.code).to.equal('MODEL_IN_USE');
    expect(existsSync(hub(head(), 'models--org--served/blobs/2222'))).to.equal(true);
    chownSync(hub(head()), LOGIN.uid, LOGIN.gid);
  });
});
