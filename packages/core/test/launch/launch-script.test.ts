import { expect } from 'chai';
import fc from 'fast-check';
import { hostKey, type LaunchPlan, launchScript, legacyExecScript } from '../../src/index.ts';
import { aPlan } from '../support/builders.ts';
import { anyWord, anyWords, batches, HOSTILE } from '../support/hostile-words.ts';
import { FakePrograms } from '../support/real-shell.ts';
import { thrown } from '../support/thrown.ts';

const noSecrets = (): null => null;
const listening = ['--host', '0.0.0.0', '--port', '8000'];
const plan = (args: readonly string[], over: Partial<LaunchPlan> = {}): LaunchPlan => aPlan('qwen', { args: ['org/m', ...args], ...over });
const one = [hostKey('spark1')];

/** What the launcher does to the script for each host of a start without Ray. */
const REMOVE_BACKEND = 's/--distributed-executor-backend[ =][A-Za-z_]+//g';
const appended = '--nnodes 2 --node-rank 1 --master-addr 10.0.0.1 --master-port 29501 --headless';

describe('launchScript', () => {
  let fake: FakePrograms;
  beforeEach(() => {
    fake = new FakePrograms('vllm');
  });
  afterEach(() => {
    fake.remove();
  });

  it('ends in just the line that the launcher reads and appends to', () => {
    const lines = launchScript(plan([]), noSecrets).split('\n');
    expect(lines[0]).to.equal('#!/usr/bin/env bash');
    expect(lines.slice(-2)).to.deep.equal(['exec vllm serve "\x24{A[@]}" -tp 2', '']);
    expect(launchScript(plan([], { nodes: one }), noSecrets)).to.match(/\nexec vllm serve "\$\{A\[@\]\}" -tp 1\n$/);
  });

  it('starts vllm with exactly the words of the plan, every hostile one included', () => {
    fake.run('bash', launchScript(plan(HOSTILE), noSecrets));
    expect(fake.argv()).to.deep.equal(['serve', 'org/m', ...HOSTILE, ...listening, '-tp', '2']);
  });

  it('starts vllm with exactly the words of the plan after the edits of the launcher, whatever the words are', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        const script = fake.sed(launchScript(plan(words), noSecrets), REMOVE_BACKEND, `$ s/$/ ${appended}/`);
        fake.run('bash', script);
        expect(fake.argv()).to.deep.equal(['serve', 'org/m', ...words, ...listening, '-tp', '2', ...appended.split(' ')]);
      }),
      { numRuns: batches },
    );
  });

  it('shows the launcher one node count and one vllm serve, whatever the words and values are', () => {
    fc.assert(
      fc.property(anyWord, anyWord, (word, value) => {
        const script = launchScript(plan([word, '-tp 9', '-pp', '2', 'vllm serve'], { env: { X: { kind: 'literal', value } } }), noSecrets);
        expect(script.match(/(?:-tp|-pp|-dp|--[a-z]+-parallel-size)[ =]*\d*/g)).to.deep.equal(['-tp 2']);
        expect(script.match(/vllm serve/g)).to.have.length(1);
        expect(script).not.to.include('--');
        expect(script.trimEnd().split('\n')).to.have.length(4);
      }),
    );
  });

  it('exports the environment, secrets included, exactly', () => {
    const values = HOSTILE.filter((word) => word !== '');
    const env = Object.fromEntries(values.map((value, index) => [`V_${index}`, { kind: 'literal', value } as const]));
    const secret = 'tök\'en "$x"\n`y`';
    const script = launchScript(plan([], { env: { ...env, HF_TOKEN: { kind: 'secret', name: 'MY_TOKEN' } } }), (name) =>
      name === 'MY_TOKEN' ? secret : null,
    );
    expect(script).not.to.include(secret);
    fake.run('bash', script);
    const seen = fake.env();
    expect(values.map((_, index) => seen.get(`V_${index}`))).to.deep.equal(values);
    expect(seen.get('HF_TOKEN')).to.equal(secret);
    expect(fake.argv().join(' ')).not.to.include(secret);
  });

  it('refuses to start without a secret that the entry names', () => {
    const bare = plan([], { env: { HF_TOKEN: { kind: 'secret', name: 'MY_TOKEN' } } });
    const error = thrown(() => launchScript(bare, noSecrets));
    expect(error.code).to.equal('PREFLIGHT_FAILED');
    expect(error.message).to.include('HF_TOKEN comes from MY_TOKEN, which is not set');
    expect(error.details.issues?.[0]).to.include({ path: '/env/HF_TOKEN', code: 'missing_secret' });
  });

  it('takes an empty secret for set', () => {
    fake.run(
      'bash',
      launchScript(plan([], { env: { X: { kind: 'secret', name: 'Y' } } }), () => ''),
    );
    expect(fake.env().get('X')).to.equal('');
  });

  it('refuses a secret that no environment can hold, without repeating it', () => {
    const error = thrown(() => launchScript(plan([], { env: { X: { kind: 'secret', name: 'Y' } } }), () => 'hush\0'));
    expect(error.code).to.equal('UNSAFE_ARGUMENT');
    expect(error.message).to.include('environment variable X').and.not.include('hush');
  });
});

describe('legacyExecScript', () => {
  let fake: FakePrograms;
  beforeEach(() => {
    fake = new FakePrograms('vllm');
  });
  afterEach(() => {
    fake.remove();
  });

  /** Process 1 of the test machine is not ours to write to. */
  const run = (script: string): void => fake.run('bash', script.replace('/proc/1/fd/1', fake.path('log')));

  it('starts vllm on Ray with exactly the words of the plan, and its output appended to that of process 1', () => {
    const script = legacyExecScript(plan(HOSTILE, { env: { X: { kind: 'literal', value: 'a b' } } }), noSecrets);
    expect(script).to.match(/ >> \/proc\/1\/fd\/1 2>&1\n$/);
    run(script);
    expect(fake.argv()).to.deep.equal(['serve', 'org/m', ...HOSTILE, ...listening, '--distributed-executor-backend', 'ray', '-tp', '2']);
    expect(fake.env().get('X')).to.equal('a b');
  });

  it('needs no Ray on one host', () => {
    run(legacyExecScript(plan([], { nodes: one }), noSecrets));
    expect(fake.argv()).to.deep.equal(['serve', 'org/m', ...listening, '-tp', '1']);
  });
});
