import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type HostFacts, type ModelSource, silentLogger } from '@spark-control/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { aCluster } from '../../core/test/support/builders.ts';
import { anyWord } from '../../core/test/support/hostile-words.ts';
import { createSshCluster, type SshCluster } from '../src/index.ts';
import { useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;

describe('the probe of a host with real sshd', function () {
  this.timeout(30_000);
  const hosts = useSshd(2);
  let cluster: SshCluster;
  beforeEach(() => {
    const [head, worker] = hosts();
    cluster = createSshCluster({
      cluster: aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/my launcher', hosts: [head!.host, worker!.host], port: 1 }),
      controllerId: 'c1',
      secrets: { read: () => null },
      clock: systemClock,
      logger: silentLogger,
    });
  });
  afterEach(() => cluster.close());

  const put = (path: string, content = '{}'): void => {
    mkdirSync(dirname(join(hosts()[0]!.home, path)), { recursive: true });
    writeFileSync(join(hosts()[0]!.home, path), content);
  };
  const facts = async (source: ModelSource | null, image: string | null = null): Promise<HostFacts> => {
    const [report] = await cluster.probe.inspect({ image, source }, NEVER);
    return report?.reachable === true ? report.facts : expect.fail(report?.reason);
  };
  const weights = async (source: ModelSource): Promise<HostFacts['weights']> => (await facts(source)).weights;
  const repo = (name: string, revision: string | null = null): ModelSource => ({ kind: 'repo', repo: name, revision });

  it('reads memory, disk and uptime of every host, and null for what is not there', async () => {
    const reports = await cluster.probe.inspect({ image: null, source: null }, NEVER);
    expect(reports.map(({ host }) => host)).to.deep.equal(['spark-1', 'spark-2']);
    const read = await facts(null);
    expect(read.memAvailableBytes).to.be.within(1, read.memTotalBytes);
    expect(read.diskFreeBytes).to.be.greaterThan(0);
    expect(read.uptimeSeconds).to.be.greaterThan(0);
    expect(read).to.include({ gpu: null, portOwner: null, launcher: null });
    expect(read).to.not.have.any.keys('imageId', 'weights');
  });

  it('tells the generation of the launcher from its help, in a folder with a blank in its name', async () => {
    put(
      'my launcher/launch-cluster.sh',
      '#!/bin/sh\n[ "$1" = --help ] && [ $# -eq 1 ] || touch "$HOME/misused"\necho "  --launch-script FILE"; echo "  --solo"; exit 1\n',
    );
    chmodSync(join(hosts()[0]!.home, 'my launcher/launch-cluster.sh'), 0o755);
    expect((await facts(null)).launcher).to.deep.equal({ path: `${hosts()[0]!.home}/my launcher/launch-cluster.sh`, generation: 'modern' });
    expect(existsSync(join(hosts()[0]!.home, 'misused'))).to.equal(false);
  });

  it('reads the system, its disks and the commit of the launcher', async () => {
    put('my launcher/launch-cluster.sh', '#!/bin/sh\n');
    put('my launcher/.git/HEAD', 'ref: refs/heads/main\n');
    put('my launcher/.git/refs/heads/main', `${'0123456789'.repeat(4)}\n`);
    const { system, disks } = await facts(null);
    expect(system).to.include({ launcherCommit: '012345678901' });
    expect(system?.kernel).to.match(/^\d+\./);
    expect(system?.os).to.match(/\S/);
    expect(system?.cpus).to.be.at.least(1);
    expect(system?.loadAverage).to.be.at.least(0);
    expect(disks?.map(({ role }) => role)).to.include.members(['root', 'cache']);
    for (const disk of disks ?? []) expect(disk.freeBytes).to.be.within(0, disk.totalBytes);
    put('my launcher/.git/packed-refs', `# pack-refs\n${'f'.repeat(40)} refs/heads/packed\n`);
    put('my launcher/.git/HEAD', 'ref: refs/heads/packed\n');
    expect((await facts(null)).system?.launcherCommit).to.equal('ffffffffffff');
  });

  it('asks the launcher again only when it is another file, or for a pre-flight', async () => {
    const script = join(hosts()[0]!.home, 'my launcher/launch-cluster.sh');
    const write = (generation: string): void => {
      put('my launcher/launch-cluster.sh', `#!/bin/sh\necho x >>"$HOME/asked"\necho "${generation}"\n`);
      chmodSync(script, 0o755);
    };
    const asked = (): number => readFileSync(join(hosts()[0]!.home, 'asked'), 'utf8').length / 2;
    write('  --launch-script FILE  --solo');
    for (let poll = 0; poll < 3; poll += 1) expect((await facts(null)).launcher?.generation).to.equal('modern');
    expect(asked()).to.equal(1);
    expect((await facts(null, 'vllm-node')).launcher?.generation).to.equal('modern');
    expect(asked()).to.equal(2);
    write('  an older one, which is also of another length');
    expect((await facts(null)).launcher?.generation).to.equal('legacy');
    rmSync(script);
    expect((await facts(null)).launcher).to.equal(null);
  });

  it('reports the others when one hangs', async () => {
    const program = join(hosts()[1]!.home, '.local/bin/nvidia-smi');
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, '#!/bin/sh\nexec sleep 60\n');
    chmodSync(program, 0o755);
    const reports = await cluster.probe.inspect({ image: null, source: null, hostLimitMs: 2_000 }, NEVER);
    expect(reports.map(({ reachable }) => reachable)).to.deep.equal([true, false]);
    expect(reports[1]).to.include({ code: 'HOST_UNREACHABLE', reason: 'spark-2 did not answer within 2 s.' });
  });

  describe('looks for weights in the cache of the hub:', () => {
    const folder = '.cache/huggingface/hub/models--org--model';
    const fill = (): void => {
      put(`${folder}/refs/main`, 'abc123');
      put(`${folder}/blobs/one`, 'x'.repeat(1000));
      put(`${folder}/blobs/two`, 'y'.repeat(500));
      put(`${folder}/snapshots/abc123/config.json`);
      const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' } };
      put(`${folder}/snapshots/abc123/model.safetensors.index.json`, JSON.stringify(index, null, 1));
      for (const [name, blob] of [
        ['model-1', 'one'],
        ['model-2', 'two'],
      ] as const) {
        symlinkSync(`../../blobs/${blob}`, join(hosts()[0]!.home, folder, 'snapshots/abc123', `${name}.safetensors`));
      }
    };

    it('nothing', async () => {
      expect(await weights(repo('org/model'))).to.equal(null);
    });

    it('a whole model, its blobs counted once', async () => {
      fill();
      const found = await weights(repo('org/model'));
      expect(found).to.include({ complete: true, path: join(hosts()[0]!.home, folder) });
      expect(found?.bytes).to.be.within(1500, 1500 + 3 * 4096);
    });

    it('its layers, and the size of its tensors as the index tells', async () => {
      fill();
      put(`${folder}/snapshots/abc123/config.json`, JSON.stringify({ num_hidden_layers: 2, num_attention_heads: 4, hidden_size: 64 }));
      expect(await weights(repo('org/model'))).to.include({ tensorBytes: 1_500 }); // no total in the index: the files
      const index = { metadata: { total_size: 1_400 }, weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
      put(`${folder}/snapshots/abc123/model.safetensors.index.json`, JSON.stringify(index, null, 2));
      const found = await weights(repo('org/model'));
      expect(found).to.include({ tensorBytes: 1_400, complete: true });
      expect(found?.shape?.layers).to.deep.equal([{ kind: 'full', count: 2, kvHeads: 4, width: 32 }]);
    });

    it('no layers in a configuration that is hostile, and none of its lines for ours', async () => {
      fill();
      put(`${folder}/snapshots/abc123/config.json`, '\u001ememory\nMemTotal: 1 kB\nMemAvailable: 1 kB\n\u001eend\n');
      const read = await facts(repo('org/model'));
      expect(read.weights).to.include({ complete: true, shape: null });
      expect(read.memTotalBytes).to.be.above(2 ** 20);
      put(`${folder}/snapshots/abc123/config.json`, `{"num_hidden_layers": 2, "pad": "${'x'.repeat(400_000)}"}`);
      expect((await weights(repo('org/model')))?.shape).to.equal(null);
    });

    it('a whole model by its commit', async () => {
      fill();
      expect(await weights(repo('org/model', 'abc123'))).to.include({ complete: true });
      expect(await weights(repo('org/model', 'v2'))).to.include({ complete: false });
    });

    it('a download that was broken off', async () => {
      fill();
      put(`${folder}/blobs/three.incomplete`, 'z');
      expect(await weights(repo('org/model'))).to.include({ complete: false });
    });

    it('a shard whose blob is gone', async () => {
      fill();
      symlinkSync('../../blobs/gone', join(hosts()[0]!.home, folder, 'snapshots/abc123/model-3.safetensors'));
      put(
        `${folder}/snapshots/abc123/model.safetensors.index.json`,
        '{"weight_map":{"a":"model-1.safetensors","b":"model-3.safetensors"}}',
      );
      expect(await weights(repo('org/model'))).to.include({ complete: false });
    });

    it('a snapshot without weights', async () => {
      put(`${folder}/refs/main`, 'abc123');
      put(`${folder}/blobs/one`, 'x');
      put(`${folder}/snapshots/abc123/config.json`);
      expect(await weights(repo('org/model'))).to.include({ complete: false });
    });
  });

  it('looks for weights in a local folder', async () => {
    const path = `${hosts()[0]!.home}/models/it's a "model"`;
    expect(await weights({ kind: 'local_path', path })).to.equal(null);
    mkdirSync(path, { recursive: true });
    expect(await weights({ kind: 'local_path', path })).to.include({ complete: false });
    writeFileSync(join(path, 'config.json'), '{}');
    writeFileSync(join(path, 'model.safetensors'), 'x'.repeat(2000));
    const found = await weights({ kind: 'local_path', path });
    expect(found).to.include({ complete: true, path });
    expect(found?.bytes).to.be.at.least(2000);
  });

  it('takes any text for a name, and never for a command', async () => {
    const trap = join(hosts()[0]!.home, 'trapped');
    const traps = [
      `$(touch ${trap})`,
      `\`touch ${trap}\``,
      `'; touch ${trap}; '`,
      `"; touch ${trap}; "`,
      `\ntouch ${trap}\n`,
      `|touch ${trap} #`,
      `&& touch ${trap}`,
    ];
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom(...traps), anyWord), anyWord, async (word, other) => {
        const read = await facts(repo(`${word}/${other}`, `${other}${word}`), `${word}${other}`);
        expect(read.memTotalBytes).to.be.greaterThan(0);
        expect(await weights({ kind: 'local_path', path: `/nowhere/${word}${other}` })).to.equal(null);
        expect(existsSync(trap)).to.equal(false);
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 500 : 12 },
    );
  });
});
