import { expect } from 'chai';
import {
  type Claim,
  type Cluster,
  clusterKey,
  hostKey,
  type LauncherGeneration,
  type LaunchPlan,
  labelsOf,
  launcherCommand,
  swapId,
} from '../../src/index.ts';
import { aCluster, aHost, aPlan } from '../support/builders.ts';
import { wordsFrom } from '../support/real-shell.ts';
import { thrown } from '../support/thrown.ts';

const claim: Claim = { cluster: clusterKey('default'), fence: 7, controller: 'ctl-1', swap: swapId('swp_9') };
const pair = aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/vllm' });
const home = '/home/spark';

const command = (generation: LauncherGeneration, planOver: Partial<LaunchPlan> = {}, clusterOver: Partial<Cluster> = {}) => {
  const plan = aPlan('qwen', planOver);
  const options = { scriptPath: '/home/spark/.spark-control/launch-7.sh', labels: labelsOf(plan, claim), home };
  return launcherCommand(plan, { ...pair, ...clusterOver }, generation, options);
};

const LABEL_WORDS = [
  ...['--label', 'spark-control.cluster=default', '--label', 'spark-control.model=qwen', '--label', 'spark-control.swap=swp_9'],
  ...['--label', 'spark-control.fence=7', '--label', 'spark-control.controller=ctl-1', '--label', 'spark-control.digest=digest-qwen'],
];

describe('launcherCommand', () => {
  it('calls a modern launcher with its options first, -d before the action, and the script', () => {
    expect(command('modern')).to.deep.equal({
      argv: [
        ...['./launch-cluster.sh', '-t', 'vllm-node', '--name', 'vllm_node', '-n', '10.0.0.1,10.0.0.2'],
        ...['-d', '--launch-script', '/home/spark/.spark-control/launch-7.sh'],
      ],
      env: { VLLM_SPARK_EXTRA_DOCKER_ARGS: LABEL_WORDS.join(' ') },
    });
  });

  it('names the fast link of the hosts, head first', () => {
    const hosts = [
      { ...aHost('spark1', '10.0.0.1'), fabricAddress: '192.168.177.11' },
      { ...aHost('spark2', 'spark2.local'), fabricAddress: 'fd00::2' },
    ];
    expect(command('modern', {}, { hosts }).argv).to.include('192.168.177.11,fd00::2');
  });

  it('says --solo for one host to a modern launcher only; the old one would take it for a command', () => {
    const nodes = [hostKey('spark1')];
    expect(command('modern', { nodes }).argv.slice(5, 7)).to.deep.equal(['--solo', '-d']);
    expect(command('legacy', { nodes }).argv).to.deep.equal([
      './launch-cluster.sh',
      '-t',
      'vllm-node',
      '--name',
      'vllm_node',
      '-n',
      '10.0.0.1',
      '-d',
      'start',
    ]);
  });

  it('starts idle containers with the old launcher, and gives it no option that it does not know', () => {
    const { argv } = command('legacy');
    expect(argv.slice(-2)).to.deep.equal(['-d', 'start']);
    for (const unknown of ['--solo', '--launch-script', '--no-ray', '--ray', '-e', 'exec']) expect(argv).not.to.include(unknown);
  });

  it('binds local models at the same path, read-only', () => {
    const { env } = command('modern', { mounts: ['/models/x-1.0'] });
    expect(env['VLLM_SPARK_EXTRA_DOCKER_ARGS']).to.equal([...LABEL_WORDS, '-v', '/models/x-1.0:/models/x-1.0:ro'].join(' '));
  });

  it('sends labels and mounts that survive word splitting on the head and a second shell on the worker', () => {
    const { env } = command('legacy', { mounts: ['/models/x'] }, { hfCache: '/data/hf' });
    const words = (env['VLLM_SPARK_EXTRA_DOCKER_ARGS'] ?? '').split(' ');
    expect(words).to.have.length(18);
    expect(wordsFrom('bash', "printf '%s\\0' $VLLM_SPARK_EXTRA_DOCKER_ARGS", env)).to.deep.equal(words);
    expect(wordsFrom('bash', 'sh -c "printf \'%s\\\\0\' $VLLM_SPARK_EXTRA_DOCKER_ARGS"', env)).to.deep.equal(words);
  });

  describe('another Hugging Face cache', () => {
    it('is given to a modern launcher as HF_HOME, with the home folder filled in', () => {
      expect(command('modern', {}, { hfCache: '~/big/hf' }).env).to.include({ HF_HOME: '/home/spark/big/hf' });
      expect(command('modern', {}, { hfCache: '/data/hf' }).env['VLLM_SPARK_EXTRA_DOCKER_ARGS']).not.to.include('huggingface');
      expect(command('modern', {}, { hfCache: '/home/spark/.cache/huggingface' }).env).not.to.have.property('HF_HOME');
    });

    it('is mounted beside the default one by the old launcher, which does not read HF_HOME', () => {
      const { env } = command('legacy', {}, { hfCache: '/data/hf' });
      expect(env).to.have.all.keys('VLLM_SPARK_EXTRA_DOCKER_ARGS');
      expect(env['VLLM_SPARK_EXTRA_DOCKER_ARGS']).to.match(
        / -v \/data\/hf:\/spark-control\/huggingface -e HF_HOME=\/spark-control\/huggingface$/,
      );
      expect(command('legacy').env['VLLM_SPARK_EXTRA_DOCKER_ARGS']).not.to.include('HF_HOME');
    });
  });

  describe('refuses with UNSAFE_ARGUMENT', () => {
    const cases: readonly [string, Partial<LaunchPlan>, Partial<Cluster>, RegExp][] = [
      ['a mount that needs quotes', { mounts: ['/models/a b'] }, {}, /local_path "\/models\/a b" has to pass/],
      ['an image that needs quotes', { image: 'a b' }, {}, /^The image has to pass/],
      ['a container name that needs quotes', { container: 'a;b' }, {}, /^The container name/],
      ['a cache that needs quotes', {}, { hfCache: '/data/a b' }, /^The hf_cache/],
      ['a label value that needs quotes', { digest: 'a b' }, {}, /^The label spark-control.digest/],
      ['a host that left the cluster', { nodes: [hostKey('spark9')] }, {}, /Host spark9 of the plan is not in cluster/],
      ['an address with a comma', {}, { hosts: [aHost('spark1', 'a,b'), aHost('spark2', 'c')] }, /"a,b" is not an address/],
      ['an address that is an option', {}, { hosts: [aHost('spark1', '-x'), aHost('spark2', 'c')] }, /"-x" is not an address/],
    ];
    for (const [title, planOver, clusterOver, message] of cases) {
      it(title, () => {
        for (const generation of ['legacy', 'modern'] as const) {
          const error = thrown(() => command(generation, planOver, clusterOver));
          expect(error.code).to.equal('UNSAFE_ARGUMENT');
          expect(error.message).to.match(message);
        }
      });
    }

    it('a script path that needs quotes', () => {
      const options = { scriptPath: '/tmp/a b.sh', labels: {}, home };
      expect(thrown(() => launcherCommand(aPlan('qwen'), pair, 'modern', options)).code).to.equal('UNSAFE_ARGUMENT');
    });
  });
});
