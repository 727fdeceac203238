import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hostKey, type NimOrder, type PullProgress } from '@spark-control/core';
import { ShellPool, SshNimHost } from '@spark-control/ssh-adapter';
import { expect } from 'chai';
import { nimHostContract } from '../../packages/core/test/contracts/nim-host.contract.ts';
import { realClock } from './support/clock.ts';
import { rigCluster } from './support/cluster.ts';
import { registryProblem } from './support/host-registry.ts';
import { containersOn } from './support/hosts.ts';
import { publishNims, startKeyedRegistry } from './support/nim-registry.ts';
import { sampleProcesses } from './support/process-sampler.ts';
import type { Rig } from './support/rig.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const KEY = 'nvapi-canary-0123456789abcdefghijklmnopqrstuvwxyz';
const NEVER = new AbortController().signal;
const PORT = 8_001;

type Images = Awaited<ReturnType<typeof publishNims>>;
type Opened = Readonly<{ nim: SshNimHost; images: Images; close: () => Promise<void> }>;

async function open(rig: Rig): Promise<Opened> {
  const head = rig.hosts[0]!;
  const storage = join(rig.directory, 'keyed');
  const stop = await startKeyedRegistry(head, storage, KEY);
  const images = await publishNims(head, KEY, join(rig.directory, 'nims'));
  const pool = new ShellPool({ clock: realClock });
  const nim = new SshNimHost({ clusters: [rigCluster(rig, { installation: 'modern' })], pool, clock: realClock });
  const close = async (): Promise<void> => {
    await pool.close();
    await clear(head, images);
    await stop();
    rmSync(storage, { recursive: true, force: true });
  };
  return { nim, images, close };
}

async function clear(host: SparkHost, images: Images): Promise<void> {
  for (const { id } of await containersOn(host)) await host.docker('rm', '-f', id);
  for (const image of Object.values(images)) await host.docker('rmi', '-f', image).catch(() => '');
  for (const name of ['.spark-control', '.cache/nim', '.docker']) {
    rmSync(join(host.directory, 'home', LOGIN.user, name), { recursive: true, force: true });
  }
}

const leftInMemory = (): readonly string[] => readdirSync('/dev/shm').filter((name) => name.startsWith('spark-control-nim.'));

/** Names of the files below a folder that hold a text. */
const filesWith = (folder: string, text: string): readonly string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
        const path = join(folder, name);
        return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'latin1').includes(text);
      });

describe('NIM containers on the rig', function () {
  this.timeout(180_000);
  const rig = useRig();
  before(function needsRegistry() {
    const problem = registryProblem();
    if (problem === null) return;
    if (process.env['CI']) throw new Error(problem);
    this.skip();
  });

  nimHostContract('real Docker, with a registry that wants a key,', async () => {
    const on = await open(rig());
    const head = rig().hosts[0]!;
    return {
      ...{ nim: on.nim, host: hostKey(head.name), key: KEY, port: PORT, images: on.images },
      reset: () => clear(head, on.images),
      dispose: on.close,
    };
  });

  describe('an installation', () => {
    let on: Opened;
    beforeEach(async () => {
      on = await open(rig());
    });
    afterEach(() => on.close());

    it('shows the key in no argument of any process, in no file, and to docker inspect alone afterwards', async () => {
      const head = rig().hosts[0]!;
      const host = hostKey(head.name);
      const { nim, images } = on;
      const order: NimOrder = {
        ...{
          job: `op_rig_${process.pid}`,
          image: images.good,
          container: 'nim-rig',
          port: PORT,
          cache: '~/.cache/nim',
          env: {},
          replace: false,
          shmGib: 1,
        },
      };
      const told: PullProgress[] = [];
      const lines: string[] = [];
      const stop = await sampleProcesses(KEY);
      await nim.login(host, order.image, KEY, NEVER);
      const { architectures, bytes } = await nim.inspect(host, order.image, KEY, NEVER);
      await nim.pull(
        host,
        order,
        KEY,
        (progress) => told.push(progress),
        (line) => lines.push(line),
        NEVER,
      );
      await nim.run(host, order, KEY, NEVER);
      while (!(await nim.ready(host, order, NEVER)).ready) await realClock.sleep(100, NEVER);
      const report = await stop();
      console.info(`      looked ${report.samples} times, every ${report.p50Ms} ms (p99 ${report.p99Ms} ms)`);
      expect(report.samples).to.be.greaterThan(50);
      expect(report.inArguments).to.deep.equal([]);
      // The client of Docker takes it from its own environment, and the container has it in its own.
      for (const argv of report.inEnvironment) expect(argv).to.match(/docker\b.* run .*-d --name nim-rig|^node -e|runc|containerd-shim/);
      expect(bytes).to.be.greaterThan(1_000_000);
      expect(architectures).to.have.length(1);
      expect(told.some(({ phase, totalBytes }) => phase === 'downloading' && totalBytes !== null)).to.equal(true);
      expect(lines.join('\n') + JSON.stringify(told)).to.not.contain(KEY);
      const [made] = await containersOn(head);
      expect(made?.labels).to.deep.equal({ 'spark-control.nim': order.job });
      expect(await head.docker('inspect', 'nim-rig')).to.contain(`NGC_API_KEY=${KEY}`);
      expect(leftInMemory()).to.deep.equal([]);
      for (const text of [KEY, Buffer.from(`$oauthtoken:${KEY}`).toString('base64')]) {
        expect(filesWith(join(head.directory, 'home'), text)).to.deep.equal([]);
      }
    });
  });
});
