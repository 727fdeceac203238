import { expect } from 'chai';
import fc from 'fast-check';
import {
  buildPlan,
  checkModel,
  dockerRunCommand,
  type Model,
  type ParsedCommand,
  parseCommand,
  shellQuote,
  vllmArgs,
} from '../../src/index.ts';
import { anEntry } from '../support/arbitrary-entries.ts';
import { aCluster } from '../support/builders.ts';
import { HOSTILE } from '../support/hostile-words.ts';

// In two parts, so that nobody takes it for a template.
const EXPANDED = '$' + '{X:-y}';
const RUNS = process.env['SPARK_PROVE'] === '1' ? 20_000 : 200;

const parsed = (command: string): ParsedCommand => {
  const result = parseCommand(command);
  if ('problem' in result) throw new Error(`not understood: ${result.problem}`);
  return result;
};
const problemOf = (command: string): string => {
  const result = parseCommand(command);
  return 'problem' in result ? result.problem : `understood: ${JSON.stringify(result.entry)}`;
};

describe('parseCommand', () => {
  it('reads a docker run over several lines, with comments', () => {
    const { form, key, entry, dropped, issues } = parsed(`
      # starts gemma
      docker run -d --name vllm-gemma4 --gpus all --ipc=host -p 8000:8000 \\
        -v ~/.cache/huggingface:/root/.cache/huggingface -e VLLM_LOGGING_LEVEL=DEBUG \\ 
        vllm/vllm-openai:gemma4-cu130 --model google/gemma-4-31b-it --max-model-len 32k \\
        --gpu-memory-utilization=0.85 -tp 2 --port 8000   # that is all
    `);
    expect({ form, key, issues }).to.deep.equal({ form: 'docker_run', key: 'gemma-4-31b-it', issues: [] });
    expect(entry).to.deep.equal({
      repo: 'google/gemma-4-31b-it',
      image: 'vllm/vllm-openai:gemma4-cu130',
      nodes: 2,
      flags: { 'max-model-len': '32k', 'gpu-memory-utilization': 0.85 },
      env: { VLLM_LOGGING_LEVEL: 'DEBUG' },
    });
    expect(dropped.map(({ words }) => words)).to.deep.equal([
      ...['-d', '--name vllm-gemma4', '--gpus all', '--ipc host', '-p 8000:8000'],
      ...['-v ~/.cache/huggingface:/root/.cache/huggingface', '--tensor-parallel-size 2', '--port 8000'],
    ]);
    for (const { reason } of dropped) expect(reason).to.match(/^[`A-Z].*\.$/);
  });

  const forms: readonly [string, string][] = [
    ['vllm serve', 'vllm serve acme/m --seed 1'],
    ['the server module', 'python3 -m vllm.entrypoints.openai.api_server --model acme/m --seed 1'],
    ['its flag with an equals sign', 'python -m vllm.entrypoints.openai.api_server --model=acme/m --seed=1'],
    ['a path to vllm', '/opt/venv/bin/vllm serve acme/m --seed 1'],
    ['a shell that runs it', `bash -c "vllm serve acme/m --seed 1"`],
    ['a shell in a container', `docker exec -it vllm_node bash -lc 'cd /x && vllm serve acme/m --seed 1'`],
    ['the launcher', './launch-cluster.sh -n a,b -d exec vllm serve acme/m --seed 1'],
    ['sudo and nohup', 'sudo -u me nohup vllm serve acme/m --seed 1 > log 2>&1 &'],
    ['the address of the hub', 'vllm serve https://huggingface.co/acme/m --seed 1'],
    ['Markdown around it', '```bash\n$ vllm serve acme/m --seed 1\n```'],
    ['Windows line ends', 'vllm serve acme/m \\\r\n  --seed 1\r\n'],
    ['underscores', 'vllm serve acme/m --seed 1 --SEED'.replace(' --SEED', '')],
  ];
  for (const [what, command] of forms) {
    it(`takes ${what}`, () => expect(parsed(command)).to.deep.include({ key: 'm', entry: { repo: 'acme/m', flags: { seed: 1 } } }));
  }

  const dockerForms: readonly [string, string][] = [
    ['sudo docker container run', 'sudo docker container run img acme/m --seed 1'],
    ['podman', 'podman run --rm img --model acme/m --seed 1'],
    ['a command behind the image', 'docker run img vllm serve acme/m --seed 1'],
    ['an entry point', 'docker run --entrypoint vllm img serve acme/m --seed 1'],
    ['a shell behind the image', 'docker run --entrypoint= img bash -c "vllm serve acme/m --seed 1"'],
    ['options of docker itself', 'docker --context far run -dit img --model acme/m --seed 1'],
    ['joined short options', 'docker run -p8000:8000 -m=4g -it img --model acme/m --seed 1'],
  ];
  for (const [what, command] of dockerForms) {
    it(`takes docker with ${what}`, () =>
      expect(parsed(command)).to.deep.include({ form: 'docker_run', entry: { repo: 'acme/m', image: 'img', flags: { seed: 1 } } }));
  }

  const flags: readonly [string, object][] = [
    ['--no-enable-prefix-caching', { flags: { 'enable-prefix-caching': false } }],
    ['--trust-remote-code true --seed 1', { flags: { 'trust-remote-code': true, seed: 1 } }],
    ['-q awq', { flags: { quantization: 'awq' } }],
    ['-O3', { flags: { 'compilation-config': 3 } }],
    [`-O '{"level":3}'`, { flags: { 'compilation-config': { level: 3 } } }],
    ['--max_num_batched_tokens 8k', { flags: { 'max-num-batched-tokens': 8_000 } }],
    ['--max-num-batched-tokens 2K', { flags: { 'max-num-batched-tokens': 2_048 } }],
    ['--max-model-len -1', { flags: { 'max-model-len': -1 } }],
    [`--speculative-config '{"method":"ngram"}'`, { flags: { 'speculative-config': { method: 'ngram' } } }],
    ['--lora-modules a=b c=d --enable-lora', { flags: { 'lora-modules': ['a=b', 'c=d'], 'enable-lora': true } }],
    ['--served-model-name m alias', { flags: { 'served-model-name': ['alias'] } }],
    ['--served-model-name Big/M', { served_model_name: 'Big/M' }],
    ['--foo 1 two --bar=3 -z', { extra_args: ['--foo', '1', 'two', '--bar=3', '-z'] }],
    ['-tp=2 -pp 2', { nodes: 4 }],
    ['--revision v1', { revision: 'v1' }],
  ];
  for (const [words, expected] of flags) {
    it(`makes ${words} into ${JSON.stringify(expected)}`, () =>
      expect(parsed(`vllm serve acme/m ${words}`).entry).to.deep.equal({ repo: 'acme/m', ...expected }));
  }

  it('finds the folder of the host behind a path of the container, and a snapshot of the cache', () => {
    const local = parsed('docker run -v /data/models/:/models img --model /models/qwen');
    expect(local.entry).to.include({ local_path: '/data/models/qwen' });
    expect(local.warnings.join()).to.contain('/data/models/qwen');
    const mounted = parsed('docker run --mount type=bind,source=/data,target=/data img --model /data/qwen');
    expect(mounted.entry).to.include({ local_path: '/data/qwen' });
    expect(mounted.warnings.join()).to.not.contain('mounts none');
    expect(parsed('docker run img --model /data/qwen').warnings.join()).to.contain('mounts none');
    const snapshot = '/root/.cache/huggingface/hub/models--acme--m/snapshots/0123456789abcdef0123456789abcdef01234567';
    expect(parsed(`vllm serve ${snapshot}`).entry).to.include({ repo: 'acme/m', revision: '0123456789abcdef0123456789abcdef01234567' });
  });

  it('puts the name of a variable in the place of a secret, and tells the secret nowhere', () => {
    const secrets = ['hf_abcdefghijklmnopqrst', 'sk-abcdefghijklmnop', 'correct-horse', 'nvapi-abcdefghijkl', 'plain-token-value'];
    const [hub, key, password, ngc, token] = secrets;
    const result = parsed(
      `export HF_TOKEN=${hub}\nOTHER_PASSWORD='${password}' docker run -e HF_TOKEN -e NGC_API_KEY="${ngc}" -e LD_PRELOAD=x -e HF_HOME=/x ` +
        `-e WRONG-TOKEN=${token} -e PLAIN=${hub} img acme/m --api-key ${key} --hf-token=${hub} --some-token ${token} --x-token-limit 512; echo ${hub} ${password}`,
    );
    expect(result.entry['env']).to.deep.equal({
      OTHER_PASSWORD: { from_env: 'OTHER_PASSWORD' },
      HF_TOKEN: { from_env: 'HF_TOKEN' },
      NGC_API_KEY: { from_env: 'NGC_API_KEY' },
      PLAIN: { from_env: 'PLAIN' },
    });
    expect(result.entry['extra_args']).to.deep.equal(['--x-token-limit', '512']);
    for (const secret of secrets) expect(JSON.stringify(result)).to.not.contain(secret);
  });

  it('expands nothing and says what a shell would have', () => {
    const { entry, warnings, issues } = parsed(
      `vllm serve acme/m --chat-template "a $(rm -rf /) b" --seed $SEED --reasoning-parser \`id\` --tokenizer ${EXPANDED}`,
    );
    expect(entry['flags']).to.deep.equal({
      'chat-template': 'a $(rm -rf /) b',
      seed: '$SEED',
      'reasoning-parser': '`id`',
      tokenizer: EXPANDED,
    });
    for (const part of ['$(rm -rf /)', '$SEED', '`id`', EXPANDED]) expect(warnings.join('\n')).to.contain(part);
    expect(issues).to.have.length(1).and.to.have.nested.property('[0].path', '/flags/seed');
  });

  it('takes a variable of the shell as the name of a secret', () => {
    expect(parsed('HF_TOKEN=$HUB vllm serve acme/m').entry['env']).to.deep.equal({ HF_TOKEN: { from_env: 'HUB' } });
  });

  it('names what keeps the entry from being valid, by its place in a body', () => {
    const at = (command: string): readonly string[] => parsed(command).issues.map(({ path }) => path);
    expect(at('vllm serve')).to.deep.equal(['/repo']);
    expect(at('vllm serve nonsense')).to.deep.equal(['/repo']);
    expect(at('vllm serve ./weights')).to.deep.equal(['/local_path']);
    expect(at('docker run "IMG:$TAG" acme/m')).to.deep.equal(['/image']);
    expect(at('vllm serve acme/m --dtype int3 --gpu-memory-utilization 2')).to.have.members([
      '/flags/dtype',
      '/flags/gpu-memory-utilization',
    ]);
  });

  it('says of dangerous flags that they are', () => {
    expect(parsed('vllm serve acme/m --trust-remote-code').warnings.join()).to.contain('Python code');
  });

  const nonsense = [
    '',
    '   ',
    'ls -la',
    'docker ps',
    'docker run',
    'docker run --gpus all',
    'docker run ubuntu sleep 5',
    'vllm bench',
    '# vllm serve x',
  ];
  for (const command of [...nonsense, `vllm serve "acme/m`, "vllm serve 'acme/m", 'vllm serve $(acme', 'cat x | vllm serve acme/m']) {
    it(`refuses ${JSON.stringify(command)} in a sentence`, () =>
      expect(problemOf(command)).to.match(/^(?:This is neither|The docker command|A \W)/));
  }

  it('never throws, whatever is pasted, and takes time in proportion', () => {
    const parts = [
      'docker ',
      'run ',
      'vllm serve ',
      '"',
      "'",
      '\\',
      '\n',
      '$(',
      '`',
      '${',
      '-e ',
      'A=b ',
      '--x=',
      '>',
      '&',
      '| ',
      '#',
      '-O',
      '\0',
      '\ud800',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(fc.constantFrom(...parts), fc.constantFrom(...HOSTILE)), { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (command) => void parseCommand(command)),
      { numRuns: RUNS },
    );
    for (const part of parts) parseCommand(`vllm serve acme/m ${part.repeat(5_000)}`);
  }).timeout(120_000);

  describe('of a command that was made from an entry', () => {
    const CLUSTER = aCluster({ launcher: 'simulated' });
    const claim = { cluster: CLUSTER.key, fence: 1, controller: 'ctl_1', swap: 'swp_1' } as never;
    const modelOf = (raw: object, key = 'plain'): Model => {
      const result = checkModel(raw, key);
      if ('issues' in result) throw new Error(JSON.stringify(result.issues));
      return result.model;
    };
    /** What the two have in common: the key and the name for people are not on a command line. */
    const essence = ({ source, servedModelName, image, nodes, flags: all, extraArgs, env }: Model) => ({
      ...{ source, servedModelName, image, nodes, flags: all, extraArgs, env },
    });
    const assignments = (model: Model): readonly string[] =>
      Object.entries(model.env).map(([name, value]) => `${name}=${value.kind === 'secret' ? `$${value.name}` : shellQuote(value.value)}`);

    it('gives that entry back: vllm serve', () => {
      fc.assert(
        fc.property(anEntry, (raw) => {
          const { image: _image, ...rest } = raw;
          const model = modelOf(rest);
          const words = ['vllm', 'serve', ...vllmArgs(model), '--host', '0.0.0.0', '-tp', String(model.nodes)];
          const command = [...assignments(model), ...words.map((word) => shellQuote(word))].join(' \\\n  ');
          const result = parsed(command);
          expect(result.issues, command).to.be.empty;
          expect(essence(modelOf(result.entry, result.key)), command).to.deep.equal(essence(model));
        }),
        { numRuns: RUNS },
      );
    }).timeout(120_000);

    it('gives that entry back: docker run', () => {
      fc.assert(
        fc.property(anEntry, (raw) => {
          const model = modelOf({ image: 'vllm-node', ...raw });
          const { argv } = dockerRunCommand(buildPlan(model, CLUSTER), claim, { hfCache: '~/.cache/huggingface', home: '/home/me' });
          const variables = assignments(model);
          const words = argv.map((word, at) =>
            argv[at - 1] === '-e' ? (variables.find((one) => one.startsWith(`${word}=`)) ?? word) : shellQuote(word),
          );
          const result = parsed(words.join(' '));
          expect(result.issues, words.join(' ')).to.be.empty;
          expect(essence(modelOf(result.entry, result.key)), words.join(' ')).to.deep.equal(essence(model));
        }),
        { numRuns: RUNS },
      );
    }).timeout(120_000);
  });
});
