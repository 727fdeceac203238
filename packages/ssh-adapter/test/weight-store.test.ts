import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DownloadOrder, DownloadProgress, HostKey, ModelSource, StoredWeights } from '@spark-control/core';
import { OperationAbort } from '@spark-control/core';
import { expect } from 'chai';
import { weightStoreContract } from '../../core/test/contracts/weight-store.contract.ts';
import { aCluster } from '../../core/test/support/builders.ts';
import { createSshCluster, type SshCluster } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { Sshd, useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';
import { installFakeHf, placeModel, placeWeights } from './support/weights-on-disk.ts';

const NEVER = new AbortController().signal;
const repo = (name: string, revision: string | null = null): ModelSource => ({ kind: 'repo', repo: name, revision });

const clusterOf = (hosts: readonly Sshd[]): SshCluster =>
  createSshCluster({
    cluster: aCluster({ launcher: 'docker_run', hosts: hosts.map(({ host }) => host) }),
    controllerId: 'c1',
    secrets: { read: () => null },
    clock: systemClock,
  });

weightStoreContract('real sh behind sshd', async () => {
  const hosts = await Promise.all(['spark-1', 'spark-2'].map((name) => new Sshd(name).start()));
  const cluster = clusterOf(hosts);
  // One folder for both: they share this machine.
  const root = join(hosts[0]!.folder, 'models');
  placeModel(join(root, 'mine'));
  return {
    store: cluster.weights,
    hosts: hosts.map(({ host }) => host.key),
    repos: { present: 'org/present', half: 'org/half', absent: 'org/absent', refused: 'org/nobodys' },
    paths: { roots: [root], good: join(root, 'mine'), missing: join(root, 'none') },
    cutOff: async (key) => {
      const host = hosts.find((each) => each.host.key === key)!;
      await host.goDown();
      return () => host.comeUp();
    },
    reset: async () => {
      for (const { home } of hosts) {
        rmSync(join(home, '.cache'), { recursive: true, force: true });
        placeWeights(home, 'org/present', true);
        placeWeights(home, 'org/half', false);
        installFakeHf(home);
      }
      // One that was down a moment ago is not asked again at once.
      await eventually(async () => (await cluster.weights.survey([], NEVER)).every(({ reachable }) => reachable));
    },
    dispose: async () => {
      await cluster.close();
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
});

describe('weights on a host with real sshd', function () {
  this.timeout(30_000);
  const hosts = useSshd(1);
  let cluster: SshCluster;
  beforeEach(() => {
    cluster = clusterOf(hosts());
    installFakeHf(home());
  });
  afterEach(() => cluster.close());
  const home = (): string => hosts()[0]!.home;
  const key = (): HostKey => hosts()[0]!.host.key;
  const hfLog = (): readonly string[] => readFileSync(join(home(), 'hf.log'), 'utf8').trim().split('\n');

  const stored = async (source: ModelSource): Promise<StoredWeights | undefined> => {
    const [seen] = await cluster.weights.survey([{ id: 'it', source }], NEVER);
    return seen?.reachable === true ? seen.stored[0] : expect.fail('the host does not answer');
  };

  describe('in a survey', () => {
    it('count each blob once, however many snapshots link to it', async () => {
      const folder = placeWeights(home(), 'org/model', true, 10_000);
      mkdirSync(join(folder, 'snapshots/other'));
      symlinkSync('../../blobs/2222', join(folder, 'snapshots/other/model.safetensors'));
      expect((await stored(repo('org/model')))?.bytes).to.be.within(10_000, 20_000);
    });

    it('are being downloaded while a part grows, and not two minutes after it last did', async () => {
      const folder = placeWeights(home(), 'org/model', false);
      expect(await stored(repo('org/model'))).to.include({ complete: false, downloading: true });
      const before = Date.now() / 1000 - 180;
      utimesSync(join(folder, 'blobs/2222.incomplete'), before, before);
      expect(await stored(repo('org/model'))).to.include({ complete: false, downloading: false });
    });

    it('are found where a local path says, followed to what its links hold', async () => {
      placeModel(join(home(), 'models/mine'));
      const path = join(home(), 'models/mine');
      expect(await stored({ kind: 'local_path', path })).to.include({ path, complete: true, downloading: false });
    });

    it('leave what is no repository of the cache out', async () => {
      for (const name of ['models--org--fine', 'models--org--bad name', 'datasets--org--data', 'models--']) {
        mkdirSync(join(home(), '.cache/huggingface/hub', name, 'blobs'), { recursive: true });
      }
      const [seen] = await cluster.weights.survey([], NEVER);
      expect(seen?.reachable === true && seen.others.map((other) => other.repo)).to.deep.equal(['org/fine']);
    });
  });

  describe('at a local path', () => {
    const verdict = async (path: string, roots = [join(home(), 'models')]): Promise<string | null | undefined> =>
      (await cluster.weights.checkPath(path, roots, NEVER))[0]?.problem;
    const at = (path: string): string => join(home(), 'models', path);
    beforeEach(() => placeModel(at('fine')));

    it('may be reached over links that stay inside the roots, also when a root is a link itself', async () => {
      symlinkSync('fine', at('alias'));
      symlinkSync(join(home(), 'models'), join(home(), 'linked-root'));
      symlinkSync('model.safetensors', at('fine/other.safetensors'));
      expect(await verdict(at('alias'))).to.equal(null);
      expect(await verdict(join(home(), 'linked-root/fine'), [join(home(), 'linked-root')])).to.equal(null);
      expect(
        await verdict(
          at('fine'),
          ['~/models'].map((root) => root.replace('~', home())),
        ),
      ).to.equal(null);
    });

    it('may not be reached over a link that leads out of the roots, at its end, on its way, or in it', async () => {
      placeModel(join(home(), 'elsewhere/secret'));
      symlinkSync('../elsewhere/secret', at('end'));
      symlinkSync('../elsewhere', at('way'));
      placeModel(at('inside'));
      symlinkSync('../../elsewhere/secret/model.safetensors', at('inside/extra.safetensors'));
      placeModel(at('named'));
      symlinkSync('/etc/passwd', at('named/new\nline'));
      placeModel(`${at('fine')}-sibling`);
      symlinkSync('dangling-to-nowhere', at('dangling'));
      expect(await verdict(at('end'))).to.contain('leads out');
      expect(await verdict(at('way/secret'))).to.contain('leads out');
      expect(await verdict(at('inside'))).to.contain('a link in it leads out');
      expect(await verdict(at('named'))).to.contain('a link in it leads out');
      expect(await verdict(`${at('fine')}-sibling`, [at('fine')])).to.contain('allowed folders');
      expect(await verdict(at('dangling'))).to.match(/not a folder/);
    });

    it('are a readable folder with a config.json', async () => {
      mkdirSync(at('empty'));
      writeFileSync(at('file'), '');
      expect(await verdict(at('empty'))).to.contain('no config.json');
      expect(await verdict(at('file'))).to.contain('not a folder');
      expect(await verdict(at('none'))).to.contain('not there');
    });

    it('run nothing, whatever their names', async () => {
      for (const name of ['$(touch ~/run)', '`touch ~/run`', "'; touch ~/run; '", '-exec', '*', '{} +', 'a b']) {
        placeModel(at(name));
        expect(await verdict(at(name)), name).to.equal(null);
      }
      expect(existsSync(join(home(), 'run'))).to.equal(false);
    });
  });

  describe('that are downloaded', () => {
    let progress: DownloadProgress[];
    let log: string[];
    beforeEach(() => {
      progress = [];
      log = [];
    });
    const order = (name: string, over: Partial<DownloadOrder> = {}): DownloadOrder => ({
      ...{ job: 'op_1', repo: name, revision: null, hosts: [key()], token: null },
      ...over,
    });
    const download = (wanted: DownloadOrder, signal = NEVER, on = cluster): Promise<void> =>
      on.weights.download(
        wanted,
        (each) => progress.push(each),
        (_, line) => log.push(line),
        signal,
      );

    it('get the token in the environment, the revision as one word, and leave neither behind', async () => {
      await download(order('org/gated', { token: 'hf_good', revision: 'v1.0' }));
      expect(hfLog()).to.deep.equal(['download org/gated --revision=v1.0 token=hf_good']);
      const files = readdirSync(join(home(), '.spark-control'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
      for (const file of files) expect(readFileSync(join(file.parentPath, file.name), 'utf8')).to.not.contain('hf_good');
      expect(log.join()).to.not.contain('hf_good');
    });

    it('come through huggingface-cli where there is no hf', async () => {
      rmSync(join(home(), '.local/bin/hf'));
      installFakeHf(home(), 'huggingface-cli');
      await download(order('org/model'));
      expect(await stored(repo('org/model'))).to.include({ complete: true });
    });

    it('go on over a lost link, and are told as they grow', async () => {
      writeFileSync(join(home(), 'gated'), '');
      const running = download(order('org/model'));
      await eventually(() => existsSync(join(home(), 'half')));
      await eventually(() => progress.some(({ phase, doneBytes }) => phase === 'downloading' && (doneBytes ?? 0) >= 200_000));
      expect(await stored(repo('org/model'))).to.include({ complete: false, downloading: true });
      await hosts()[0]!.killSessions();
      writeFileSync(join(home(), 'gate'), '');
      await running;
      expect(hfLog()).to.have.lengthOf(1);
      expect(progress.at(-1)).to.include({ phase: 'done' });
    });

    it('are taken up by the next process when this one stops, without a second beginning', async () => {
      writeFileSync(join(home(), 'gated'), '');
      const stop = new AbortController();
      const first = download(order('org/model'), stop.signal);
      await eventually(() => existsSync(join(home(), 'half')));
      const reason = new OperationAbort('stopping');
      stop.abort(reason);
      expect(await first.catch((error: unknown) => error)).to.equal(reason);
      const next = clusterOf(hosts());
      writeFileSync(join(home(), 'gate'), '');
      await download(order('org/model'), NEVER, next);
      await next.close();
      expect(hfLog()).to.have.lengthOf(1);
    });

    it('end with the job when they are cancelled, and go on from there under another name', async () => {
      writeFileSync(join(home(), 'gated'), '');
      const cancel = new AbortController();
      const running = download(order('org/model'), cancel.signal);
      await eventually(() => existsSync(join(home(), 'half')));
      cancel.abort(new OperationAbort('cancelled'));
      expect(await running.catch((error: unknown) => error)).to.equal(cancel.signal.reason);
      expect(existsSync(join(home(), '.spark-control/jobs/op_1.spark-1.get/exit'))).to.equal(true);
      rmSync(join(home(), 'gated'));
      await download(order('org/model', { job: 'op_2' }));
      expect(log).to.include('goes on at 200000');
    });

    for (const [name, token, code, says, hint] of [
      ['org/gated', null, 'RUNTIME_REJECTED', 'is gated', 'Set HF_TOKEN'],
      ['org/gated', 'hf_bad', 'RUNTIME_REJECTED', 'is gated', 'Accept the licence'],
      ['org/nobodys', null, 'RUNTIME_REJECTED', 'knows no repository', 'private'],
      ['org/huge', null, 'NOT_ENOUGH_DISK', 'full', 'Free space'],
      ['org/offline', null, 'RUNTIME_REJECTED', 'could not reach the hub', 'proxy'],
      ['org/odd', null, 'RUNTIME_REJECTED', 'ValueError: something new', 'log'],
    ] as const) {
      it(`say in words why ${name} did not come${token === null ? '' : ' with a token'}`, async () => {
        const refused = await rejection(download(order(name, { token })));
        expect(refused.code).to.equal(code);
        expect(refused.message).to.contain(says);
        expect(refused.details['hint']).to.contain(hint);
        expect(progress.at(-1)).to.include({ phase: 'failed' });
      });
    }

    it('are not taken for whole when files are missing', async () => {
      expect((await rejection(download(order('org/unfinished')))).message).to.contain('no complete model');
    });

    it('cannot come where nothing downloads', async () => {
      rmSync(join(home(), '.local/bin/hf'));
      expect((await rejection(download(order('org/model')))).message).to.contain('nothing to download with');
    });

    it('run nothing but a download, whatever is asked for', async () => {
      for (const name of ['org/$(id)', 'org/x;id', '--help/x', 'org/a b', '../x/y'])
        expect((await rejection(download(order(name)))).code).to.equal('UNSAFE_ARGUMENT');
      for (const revision of ['--help', '$(id)', 'a b', '-x'])
        expect((await rejection(download(order('org/model', { revision })))).code).to.equal('UNSAFE_ARGUMENT');
      expect((await rejection(download(order('org/model', { token: 'a"\nurl = "x' })))).code).to.equal('UNSAFE_ARGUMENT');
      expect(existsSync(join(home(), 'hf.log'))).to.equal(false);
    });
  });

  describe('that are deleted', () => {
    const hub = (...path: readonly string[]): string => join(home(), '.cache/huggingface/hub', ...path);

    it('go with their locks, and leave their neighbours', async () => {
      placeWeights(home(), 'org/model', true, 50_000);
      placeWeights(home(), 'org/model-2', true);
      mkdirSync(hub('.locks/models--org--model'), { recursive: true });
      const removal = await cluster.weights.remove(key(), 'org/model', NEVER);
      expect(removal).to.deep.include({ host: key(), through: 'login', path: hub('models--org--model') });
      expect(removal.freedBytes).to.be.within(50_000, 100_000);
      expect(readdirSync(hub())).to.have.members(['models--org--model-2', '.locks']);
      expect(readdirSync(hub('.locks'))).to.deep.equal([]);
    });

    it('are not reached through a link', async () => {
      placeModel(join(home(), 'precious'));
      mkdirSync(hub(), { recursive: true });
      symlinkSync(join(home(), 'precious'), hub('models--org--model'));
      expect((await rejection(cluster.weights.remove(key(), 'org/model', NEVER))).code).to.equal('NOT_SUPPORTED');
      expect(readdirSync(join(home(), 'precious'))).to.include('config.json');
    });

    it('stay while a process on the host names them', async () => {
      placeWeights(home(), 'org/served', true);
      writeFileSync(join(home(), 'vllm'), 'while :; do sleep 0.1; done');
      const server = spawn('sh', [join(home(), 'vllm'), 'serve', 'org/served', '--port', '8000']);
      try {
        const refused = await rejection(cluster.weights.remove(key(), 'org/served', NEVER));
        expect(refused.code).to.equal('MODEL_IN_USE');
        expect(refused.message).to.contain(String(server.pid));
        expect(existsSync(hub('models--org--served/refs/main'))).to.equal(true);
      } finally {
        server.kill('SIGKILL');
      }
      await cluster.weights.remove(key(), 'org/serve', NEVER);
    });
  });
});
