import { expect } from 'chai';
import { hostKey, type LaunchPlan, previewCommand } from '../../src/index.ts';
import { aCluster, aPlan } from '../support/builders.ts';
import { HOSTILE } from '../support/hostile-words.ts';
import { FakePrograms } from '../support/real-shell.ts';

const env = {
  HF_TOKEN: { kind: 'secret', name: 'TOKEN' },
  VLLM_API_KEY: { kind: 'literal', value: 'in clear' },
  OMP: { kind: 'literal', value: '4 2' },
} as const;
const plan = (over: Partial<LaunchPlan> = {}): LaunchPlan =>
  aPlan('qwen', { args: ['org/m', '--seed', '1', '--enforce-eager', '--lora-modules', 'a=1', 'b=2'], ...over });
const launcher = aCluster({ launcher: 'launch_cluster', launcherDirectory: '~/spark vllm' });

describe('previewCommand', () => {
  it('shows the call of a modern launcher and the script, a flag and its values on one line', () => {
    expect(previewCommand(plan({ env, mounts: ['/models/x'] }), launcher, 'modern').split('\n')).to.deep.equal([
      "cd ~/'spark vllm'",
      "export VLLM_SPARK_EXTRA_DOCKER_ARGS='-v /models/x:/models/x:ro'",
      './launch-cluster.sh -t vllm-node --name vllm_node -n 10.0.0.1,10.0.0.2 -d --launch-script launch.sh',
      '',
      '# launch.sh',
      'export HF_TOKEN=***',
      "export OMP='4 2'",
      'export VLLM_API_KEY=***',
      'exec vllm serve \\',
      '  org/m \\',
      '  --seed 1 \\',
      '  --enforce-eager \\',
      "  --lora-modules 'a=1' 'b=2' \\",
      '  --host 0.0.0.0 \\',
      '  --port 8000 \\',
      '  -tp 2',
    ]);
  });

  it('takes a launcher that was not asked yet for a modern one', () => {
    expect(previewCommand(plan(), launcher, null)).to.equal(previewCommand(plan(), launcher, 'modern'));
  });

  it('shows the two steps of the old launcher', () => {
    const text = previewCommand(plan(), launcher, 'legacy');
    expect(text).to.include('-d start\n\n# then, in container vllm_node of the first host\nvllm serve');
    expect(text).to.match(/ {2}-tp 2 \\\n {2}--distributed-executor-backend ray$/);
    expect(previewCommand(plan({ nodes: [hostKey('spark1')] }), launcher, 'legacy')).not.to.include('ray');
  });

  it('shows docker run with masked secrets', () => {
    const text = previewCommand(plan({ env, mounts: ['/models/a b'] }), aCluster({ launcher: 'docker_run' }), null);
    expect(text).to.match(/^docker run -d \\\n {2}--gpus all/);
    expect(text).to.include('-e HF_TOKEN=***').and.include("-e OMP='4 2'").and.include("-v '/models/a b:/models/a b:ro'");
    expect(text).to.include('-v ~/.cache/huggingface:/root/.cache/huggingface');
    expect(text).not.to.include('in clear');
  });

  it('names another Hugging Face cache', () => {
    const other = { ...launcher, hfCache: '~/big hf' };
    expect(previewCommand(plan(), other, 'modern')).to.include("\nexport HF_HOME=~/'big hf'\n./launch-cluster.sh");
    expect(previewCommand(plan(), launcher, 'modern')).not.to.include('HF_HOME');
  });

  it('masks a token that somebody wrote among the arguments', () => {
    const args = ['org/m', '--some-token', 'abc def', '--x', 'hf_abcdefghijkl'];
    expect(previewCommand(plan({ args }), aCluster(), null)).to.include('--some-token *** \\\n  --x hf_***');
  });

  it('shows a simulated start without any launcher', () => {
    expect(previewCommand(plan(), aCluster(), null)).to.match(/^vllm serve \\\n {2}org\/m/);
  });

  it('is a command that a shell understands in just that way, hostile words included', () => {
    const fake = new FakePrograms('vllm', 'docker');
    try {
      const args = ['org/m', ...HOSTILE];
      const expected = [...args, '--host', '0.0.0.0', '--port', '8000', '-tp', '2'];
      fake.run('bash', previewCommand(plan({ args }), aCluster(), null));
      expect(fake.argv()).to.deep.equal(['serve', ...expected]);
      fake.run('sh', previewCommand(plan({ args }), aCluster({ launcher: 'docker_run' }), null));
      expect(fake.argv().slice(-expected.length - 2)).to.deep.equal(['vllm-node', 'serve', ...expected]);
    } finally {
      fake.remove();
    }
  });
});
