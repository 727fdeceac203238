import { expect } from 'chai';
import fc from 'fast-check';
import { type Claim, clusterKey, dockerRunCommand, envAssignments, hostKey, type LaunchPlan, shellJoin, swapId } from '../../src/index.ts';
import { aPlan } from '../support/builders.ts';
import { anyWords, batches, HOSTILE } from '../support/hostile-words.ts';
import { FakePrograms } from '../support/real-shell.ts';
import { thrown } from '../support/thrown.ts';

const claim: Claim = { cluster: clusterKey('default'), fence: 7, controller: 'ctl-1', swap: swapId('swp_9') };
const options = { hfCache: '~/.cache/huggingface', home: '/home/spark' };
const one = (over: Partial<LaunchPlan> = {}): LaunchPlan => aPlan('qwen', { nodes: [hostKey('spark1')], ...over });
const noSecrets = (): null => null;

describe('dockerRunCommand', () => {
  it('runs one detached container whose process 1 is vllm', () => {
    expect(dockerRunCommand(one({ args: ['org/m', '--seed', '1'], mounts: ['/models/x y'] }), claim, options).argv).to.deep.equal([
      ...['docker', 'run', '-d', '--gpus', 'all', '--ipc=host', '--network', 'host', '--name', 'vllm_node'],
      ...['--ulimit', 'memlock=-1', '--ulimit', 'stack=67108864'],
      ...['--label', 'spark-control.cluster=default', '--label', 'spark-control.model=qwen', '--label', 'spark-control.swap=swp_9'],
      ...['--label', 'spark-control.fence=7', '--label', 'spark-control.controller=ctl-1', '--label', 'spark-control.digest=digest-qwen'],
      ...['-v', '/home/spark/.cache/huggingface:/root/.cache/huggingface', '-v', '/models/x y:/models/x y:ro'],
      ...['--entrypoint', 'vllm', 'vllm-node', 'serve', 'org/m', '--seed', '1', '--host', '0.0.0.0', '--port', '8000', '-tp', '1'],
    ]);
  });

  it('keeps its logs and never restarts by itself', () => {
    const { argv } = dockerRunCommand(one(), claim, options);
    expect(argv).not.to.include('--rm');
    expect(argv.join(' ')).not.to.include('--restart');
  });

  it('names every variable in the argv and shows the value of none', () => {
    const env = { B_TOKEN: { kind: 'secret', name: 'TOKEN' }, A_PLAIN: { kind: 'literal', value: 'hush hush' } } as const;
    const { argv, secretEnvNames } = dockerRunCommand(one({ env }), claim, options);
    const first = argv.indexOf('-e');
    expect(argv.slice(first, first + 4)).to.deep.equal(['-e', 'A_PLAIN', '-e', 'B_TOKEN']);
    expect(argv.join(' ')).not.to.include('hush').and.not.include('TOKEN=');
    expect(secretEnvNames).to.deep.equal(['B_TOKEN']);
  });

  it('leaves a cache with an absolute path as it is', () => {
    expect(dockerRunCommand(one(), claim, { hfCache: '/data/hf', home: '/home/x' }).argv).to.include('/data/hf:/root/.cache/huggingface');
  });

  it('refuses a word that no argv can hold', () => {
    const error = thrown(() => dockerRunCommand(one({ args: ['org/m', 'a\0'] }), claim, options));
    expect(error.code).to.equal('UNSAFE_ARGUMENT');
  });

  it('reaches the docker client exactly, through the script that sets the environment, in a real sh', () => {
    const fake = new FakePrograms('docker');
    try {
      fc.assert(
        fc.property(anyWords, (words) => {
          const values = words.slice(0, 50);
          const env = Object.fromEntries(
            values.map(
              (value, index) =>
                [`V_${index}`, index % 2 === 0 ? { kind: 'literal', value } : { kind: 'secret', name: String(index) }] as const,
            ),
          );
          const plan = one({ args: ['org/m', ...words], env: env as LaunchPlan['env'], mounts: ["/models/it's"] });
          const { argv } = dockerRunCommand(plan, claim, options);
          fake.run('sh', `${envAssignments(plan, (name) => values[Number(name)] ?? null)}exec ${shellJoin(argv)}\n`);
          expect(['docker', ...fake.argv()]).to.deep.equal(argv);
          const seen = fake.env();
          expect(values.map((_, index) => seen.get(`V_${index}`))).to.deep.equal(values);
        }),
        { numRuns: Math.ceil(batches / 5) },
      );
    } finally {
      fake.remove();
    }
  });
});

describe('envAssignments', () => {
  it('is empty without an environment', () => {
    expect(envAssignments(one(), noSecrets)).to.equal('');
  });

  it('has one export per variable, sorted by name', () => {
    const env = { B: { kind: 'literal', value: "it's" }, AA: { kind: 'secret', name: 'T' } } as const;
    expect(envAssignments(one({ env }), () => 'x y')).to.equal("export AA='x y'\nexport B='it'\\''s'\n");
  });

  it('refuses to go on without a secret', () => {
    const env = { X: { kind: 'secret', name: 'T' } } as const;
    expect(thrown(() => envAssignments(one({ env }), noSecrets)).code).to.equal('PREFLIGHT_FAILED');
  });

  it('names the variable, not the value, when it cannot be passed on', () => {
    const env = { X: { kind: 'literal', value: `${HOSTILE.join('')}\0` } } as const;
    expect(thrown(() => envAssignments(one({ env }), noSecrets)).message).to.equal(
      'The environment variable X holds a NUL character, which no program argument can hold. Remove it.',
    );
  });
});
