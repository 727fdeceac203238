import { readFileSync } from 'node:fs';
import { type Claim, type Cluster, clusterKey, hostKey, type LaunchPlan, modelKey, swapId } from '@spark-control/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { ClusterHosts } from '../src/cluster-hosts.ts';
import { findLauncher, launcherJob } from '../src/launcher-script.ts';
import type { RemoteShell, ShellResult } from '../src/remote-shell.ts';

const cluster: Cluster = {
  key: clusterKey('pair'),
  name: 'Pair',
  hosts: ['one', 'two'].map((name, index) => ({
    key: hostKey(name),
    name,
    address: `10.0.0.${index + 1}`,
    sshPort: 22,
    user: 'spark',
    identityFile: null,
    fingerprint: null,
    fabricAddress: `10.9.0.${index + 1}`,
  })),
  launcher: 'launch_cluster',
  image: 'vllm-node',
  container: 'vllm_node',
  port: 8000,
  launcherDirectory: '~/spark vllm',
  hfCache: '~/.cache/huggingface',
  modelRoots: [],
};

const plan: LaunchPlan = {
  model: modelKey('qwen'),
  servedModelName: 'qwen',
  image: 'vllm-node',
  args: ['org/qwen', '--chat-template', "it's $(reboot) -tp 9"],
  env: { HF_TOKEN: { kind: 'secret', name: 'TOKEN' } },
  mounts: [],
  nodes: [hostKey('one'), hostKey('two')],
  port: 8000,
  container: 'vllm_node',
  weightsBytes: null,
  digest: 'd1',
};

const claim: Claim = { cluster: cluster.key, fence: 7, controller: 'ctl_1', swap: swapId('swp_1') };
const signal = new AbortController().signal;

/** A host whose launcher prints `help`, or that has none. Any other call than `run` is a mistake of the code under test. */
function shellWith(help: string | null): {
  shell: RemoteShell;
  run: sinon.SinonStub<Parameters<RemoteShell['run']>, Promise<ShellResult>>;
} {
  const unexpected = (): never => {
    throw new Error('unexpected call');
  };
  const stdout = help === null ? '\x1elauncher\n' : `\x1elauncher\nfound /home/spark/spark vllm/launch-cluster.sh\n${help}`;
  const run = sinon
    .stub<Parameters<RemoteShell['run']>, Promise<ShellResult>>()
    .resolves({ exitCode: 0, stdout, stderr: '', truncated: false });
  return { shell: { host: 'one', run, stream: unexpected, close: unexpected }, run };
}

const helpOf = (generation: string): string => readFileSync(new URL(`fixtures/help-${generation}.txt`, import.meta.url), 'utf8');

describe('findLauncher', () => {
  for (const generation of ['modern', 'legacy'] as const) {
    it(`tells the ${generation} launcher by its help, and asks for nothing but that`, async () => {
      const { shell, run } = shellWith(helpOf(generation));
      const found = await findLauncher(new ClusterHosts(cluster, () => shell), signal);
      expect(found).to.deep.equal({ directory: '~/spark vllm', generation });
      sinon.assert.calledOnce(run);
      const [script] = run.firstCall.args;
      expect(script).to.contain('"$HOME"/\'spark vllm\'');
      const calls = script.split('\n').filter((line) => line.includes('./launch-cluster.sh'));
      expect(calls.map((line) => /launch-cluster\.sh (\S+)/.exec(line)?.[1])).to.deep.equal(['--help']);
    });
  }

  it('says which folder holds no launcher', async () => {
    const error = await findLauncher(new ClusterHosts(cluster, () => shellWith(null).shell), signal).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'LAUNCHER_FAILED' });
    expect((error as Error).message).to.contain('~/spark vllm');
  });
});

describe('launcherJob', () => {
  const job = (generation: 'modern' | 'legacy') =>
    launcherJob({
      plan,
      claim,
      cluster,
      launcher: { directory: '~/spark vllm', generation },
      home: '/home/spark',
      secrets: sinon.stub<[string], string | null>().withArgs('TOKEN').returns('hf_secret'),
    });

  it('hands the modern launcher one script, and puts -d before anything that acts', () => {
    const { script, files } = job('modern');
    const words = script.split('\n').find((line) => line.startsWith('exec ')) ?? '';
    expect(words).to.match(/-n 10\.9\.0\.1,10\.9\.0\.2 .*-d --launch-script \S+launch\.sh$/);
    expect(files['launch.sh']?.trimEnd().split('\n').at(-1)).to.match(/^exec vllm serve "\$\{A\[@\]\}" -tp 2$/);
  });

  for (const generation of ['modern', 'legacy'] as const) {
    it(`keeps values and secrets out of the ${generation} command, and the labels in`, () => {
      const { script, files } = job(generation);
      for (const hidden of ['hf_secret', 'reboot']) expect(script).not.to.contain(hidden);
      expect(script).to.contain('spark-control.fence=7');
      expect(Object.values(files).join('\n')).not.to.contain('$(reboot)');
    });
  }
});
