import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WireCluster, WireLock, WireSwapList } from '@spark-control/schema';
import { expect } from 'chai';
import { rigCluster } from './support/cluster.ts';
import { eventually, run } from './support/commands.ts';
import { ControlPlane } from './support/control-plane.ts';
import { containersOn, startsOn } from './support/hosts.ts';
import { IMAGES } from './support/image.ts';
import { serves, sshWords } from './support/login.ts';
import { WORKSPACE } from './support/paths.ts';
import type { Rig } from './support/rig.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

/** What the page and its users count as at once. */
const SHOWN_WITHIN_MS = 5_000;
const MODELS = { gemma: { repo: 'org/gemma' }, qwen: { repo: 'org/qwen' } };

/** Two clusters of one host each, both with the container name and the port that their owner's scripts know. */
function controlOf(rig: Rig): ControlPlane {
  const clusters = rig.hosts.map((host, at) => {
    const key = at === 0 ? 'default' : 'second';
    return rigCluster({ ...rig, hosts: [host] }, { installation: 'docker_run', key });
  });
  return new ControlPlane(rig, clusters, MODELS);
}

/** A script as it stands in a crontab: it knows nothing of Spark Control and swaps with two commands over ssh. */
function cronScript(rig: Rig, host: SparkHost, model: string): string {
  const serve = `org/${model} --served-model-name ${model} --port 8000`;
  const swap = `docker rm -f vllm-gemma4; docker run -d --network host --restart unless-stopped --name vllm-gemma4 ${IMAGES.openai} ${serve}`;
  const quoted = sshWords(rig, host, swap).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const path = join(mkdtempSync(join(rig.directory, 'cron-')), 'swap.sh');
  writeFileSync(path, `#!/bin/sh\nset -e\n${quoted.join(' ')}\nsleep "\${1:-0}"\n`, { mode: 0o755 });
  return path;
}

describe('two Sparks of their own, and a cron job that swaps behind our back', function () {
  this.timeout(120_000);
  const rig = useRig();
  let control: ControlPlane;

  beforeEach(async () => {
    control = await controlOf(rig()).start();
  });
  afterEach(async () => {
    await control.stop();
  });

  const second = (): SparkHost => rig().hosts[1]!;
  const cluster = async (key: string): Promise<WireCluster> => {
    const { body } = await control.call<{ items: WireCluster[] }>('GET', '/api/clusters');
    return body.items.find((one) => one.key === key)!;
  };
  const shows = (serving: string | null): Promise<WireCluster> =>
    eventually(
      `${serving} to be shown`,
      async () => {
        const now = await cluster('second');
        return now.serving === serving && now.healthy === (serving !== null) ? now : null;
      },
      SHOWN_WITHIN_MS,
    );
  const swaps = async (): Promise<number> => (await control.call<WireSwapList>('GET', '/api/swaps?cluster=second')).body.items.length;
  const cron = (model: string): Promise<unknown> => run(['sh', cronScript(rig(), second(), model)]);

  it('keeps the two apart: a swap on one leaves the other alone', async () => {
    await control.swap({ model: 'gemma' });
    expect(await control.swap({ model: 'qwen', cluster: 'second' })).to.include({ phase: 'ready', serving: 'qwen' });
    expect((await cluster('default')).serving).to.equal('gemma');
    for (const host of rig().hosts) expect((await containersOn(host)).map(({ name }) => name)).to.deep.equal(['vllm-gemma4']);
  });

  it('shows what the job started within five seconds, and does not fight it', async () => {
    await control.swap({ model: 'gemma', cluster: 'second' });
    await cron('theirs');
    await serves(second());
    const now = await shows('unmanaged');
    expect(now.drift).to.match(/gemma/);
    expect(now.served_model_name).to.equal('theirs');
    const before = await containersOn(second());
    // Five more looks: whoever wanted to fight would have begun by then.
    const { observed_at: first } = now;
    await eventually(
      'further looks at the hosts',
      async () => Date.parse((await cluster('second')).observed_at ?? '') - Date.parse(first ?? '') > 10_000,
      20_000,
    );
    expect(await containersOn(second())).to.deep.equal(before);
    expect(startsOn(second()).map(({ argv }) => argv[1])).to.deep.equal(['org/gemma', 'org/theirs']);
    expect(await swaps()).to.equal(1);
  });

  it('is not replaced by a swap unless that is asked for', async () => {
    await cron('theirs');
    await serves(second());
    await shows('unmanaged');
    expect((await control.requestSwap({ model: 'qwen', cluster: 'second' })).body.code).to.equal('UNMANAGED_MODEL');
    expect(await control.swap({ model: 'qwen', cluster: 'second', replace_unmanaged: true })).to.include({
      phase: 'ready',
      serving: 'qwen',
    });
  });

  it('cooperates when the same script runs under "sparkctl with-lock"', async () => {
    await control.swap({ model: 'gemma', cluster: 'second' });
    const sparkctl = join(WORKSPACE, 'packages', 'client', 'dist', 'main.js');
    const job = run(
      [
        process.execPath,
        sparkctl,
        'with-lock',
        '--cluster',
        'second',
        '--holder',
        'cron:night',
        '--',
        'sh',
        cronScript(rig(), second(), 'theirs'),
        '6',
      ],
      { env: { SPARK_BASE_URL: control.url } },
    );
    const lockOf = async (): Promise<WireLock> => (await control.call<WireLock>('GET', '/api/swap/lock?cluster=second')).body;
    await eventually('the job to hold the lock', async () => (await lockOf()).lock?.holder === 'cron:night');
    const refused = await control.requestSwap({ model: 'qwen', cluster: 'second' });
    expect(refused).to.deep.include({ status: 423 });
    expect(refused.body.code).to.equal('LOCKED');
    // The other Spark is nobody's business here.
    expect((await control.swap({ model: 'gemma' })).phase).to.equal('ready');
    expect(await job).to.include({ code: 0 });
    await serves(second());
    await shows('unmanaged');
    expect((await lockOf()).state).to.equal('free');
    expect(await control.swap({ model: 'qwen', cluster: 'second', replace_unmanaged: true })).to.include({
      phase: 'ready',
      serving: 'qwen',
    });
  });
});
