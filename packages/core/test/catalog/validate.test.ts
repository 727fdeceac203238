import { expect } from 'chai';
import fc from 'fast-check';
import { type CheckOptions, checkModel, type Issue, type Model } from '../../src/index.ts';

const entry = (over: Record<string, unknown> = {}): Record<string, unknown> => ({ repo: 'org/Model-7B', ...over });
const local = (path: unknown): Record<string, unknown> => ({ local_path: path });

function model(raw: unknown, key = 'qwen', options?: CheckOptions): Model {
  const result = checkModel(raw, key, options);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.model;
}

function issues(raw: unknown, key = 'qwen', options?: CheckOptions): readonly Issue[] {
  const result = checkModel(raw, key, options);
  return 'issues' in result ? result.issues : [];
}

const codes = (raw: unknown, key?: string, options?: CheckOptions): readonly string[] =>
  issues(raw, key, options).map((issue) => `${issue.path} ${issue.code}`);

describe('checkModel', () => {
  it('fills in the defaults of an entry that names only a repository', () => {
    expect(model(entry())).to.deep.equal({
      ...{
        key: 'qwen',
        name: 'qwen',
        description: null,
        source: { kind: 'repo', repo: 'org/Model-7B', revision: null },
        servedModelName: 'qwen',
      },
      ...{ image: null, nodes: 1, weightsBytes: null, flags: {}, extraArgs: [], env: {}, clusters: [], origin: 'catalog' },
    });
  });

  it('reads every field', () => {
    const raw = entry({
      ...{
        name: 'Qwen 3',
        description: 'Line one\nline two',
        revision: 'refs/pr/1',
        served_model_name: 'qwen3',
        image: 'vllm/vllm-openai:v0.24.0',
        nodes: 2,
      },
      ...{ weights_gib: 1.5, flags: { max_model_len: '32k' }, extra_args: ['--x', 'a b', ''], clusters: ['default'] },
      env: { HF_TOKEN: { from_env: 'MY_TOKEN' }, OMP: 4, TEXT: '' },
    });
    expect(model(raw, 'qwen', { origin: 'custom' })).to.deep.equal({
      ...{
        key: 'qwen',
        name: 'Qwen 3',
        description: 'Line one\nline two',
        servedModelName: 'qwen3',
        image: 'vllm/vllm-openai:v0.24.0',
        nodes: 2,
      },
      ...{
        source: { kind: 'repo', repo: 'org/Model-7B', revision: 'refs/pr/1' },
        weightsBytes: 1_610_612_736,
        flags: { 'max-model-len': '32k' },
      },
      ...{ extraArgs: ['--x', 'a b', ''], clusters: ['default'], origin: 'custom' },
      env: { HF_TOKEN: { kind: 'secret', name: 'MY_TOKEN' }, OMP: { kind: 'literal', value: '4' }, TEXT: { kind: 'literal', value: '' } },
    });
  });

  it('takes an empty YAML value for a field left out', () => {
    const empty = Object.fromEntries(
      ['name', 'revision', 'image', 'nodes', 'weights_gib', 'flags', 'extra_args', 'env', 'clusters', 'local_path'].map((f) => [f, null]),
    );
    expect(model(entry(empty))).to.deep.equal(model(entry()));
  });

  describe('where the weights come from', () => {
    it('wants exactly one of repo and local_path', () => {
      expect(codes({})).to.deep.equal(['/models/qwen repo_or_local_path']);
      expect(codes(entry(local('/models/x')))).to.deep.equal(['/models/qwen repo_or_local_path']);
    });

    for (const repo of ['Qwen/Qwen3-32B', 'a/b', 'org.x/model_1.0-GGUF']) {
      it(`takes the repository ${repo}`, () => expect(model(entry({ repo })).source).to.deep.equal({ kind: 'repo', repo, revision: null }));
    }

    for (const repo of [
      'gpt2',
      '/abs/path',
      'a/b/c',
      '-x/y',
      'x/-y',
      'a/b..c',
      'a/b--c',
      '../x',
      'a/b.git',
      'a b/c',
      'a/b;c',
      'a/$b',
      `${'a'.repeat(97)}/b`,
      'a/b\n',
    ]) {
      it(`refuses the repository ${JSON.stringify(repo).slice(0, 30)}`, () =>
        expect(codes({ repo })).to.deep.equal(['/models/qwen/repo bad_repo']));
    }

    for (const path of ['/models/x', '/models/a b/c', '/models/日本', '/models/...', '/models/.hidden', "/models/it's"]) {
      it(`takes the path ${path}`, () => {
        expect(model(local(path), 'qwen', { modelRoots: ['/data', '/models/'] }).source).to.deep.equal({ kind: 'local_path', path });
      });
    }

    const badPaths = [
      'models/x',
      '~/x',
      '/models/../etc',
      '/models/./x',
      '/models//x',
      '/models/x/',
      '/',
      '/models',
      '/models/a:b',
      '/models/a\u0007',
      '/models/\u0085',
      '/models/\u2028',
    ];
    for (const path of [...badPaths, '/modelsx/y', '/etc/passwd', '/models/\ud800', `/models/${'x'.repeat(1_020)}`]) {
      it(`refuses the path ${JSON.stringify(path).slice(0, 30)}`, () => {
        const found = issues(local(path), 'qwen', { modelRoots: ['/models', 'relative', '/'] });
        expect(found).to.have.length(1);
        expect(found[0]?.path).to.equal('/models/qwen/local_path');
      });
    }

    it('leaves the roots to the cluster when none are given, but never the form of the path', () => {
      expect(codes(local('/anywhere/x'))).to.deep.equal([]);
      expect(codes(local('/anywhere/../x'))).to.deep.equal(['/models/qwen/local_path bad_path']);
      expect(issues(local('/x/y'), 'qwen', { modelRoots: [] })[0]?.message).to.include('none is configured');
    });

    it('takes a revision with a repository only', () => {
      expect(codes({ ...local('/models/x'), revision: 'main' })).to.deep.equal(['/models/qwen/revision not_allowed']);
      for (const revision of ['-x', 'a..b', 'a b', '']) expect(codes(entry({ revision })), revision).to.have.length(1);
    });
  });

  const bad: readonly [string, Record<string, unknown>, string][] = [
    ['a name that is no text', { name: 5 }, '/name wrong_type'],
    ['an empty name', { name: ' ' }, '/name empty'],
    ['a name too long', { name: 'x'.repeat(101) }, '/name too_long'],
    ['a name with an escape sequence', { name: 'a\x1b[31m' }, '/name bad_character'],
    ['a name with half a surrogate pair', { name: 'a\ud800' }, '/name bad_character'],
    ['a served name with a blank', { served_model_name: 'a b' }, '/served_model_name bad_name'],
    ['a served name with a dash', { served_model_name: '-a' }, '/served_model_name bad_name'],
    ['a served name with an invisible character', { served_model_name: 'a\u200bb' }, '/served_model_name bad_name'],
    ['an image that is none', { image: 'Not An Image' }, '/image bad_image'],
    ['an image that is an option', { image: '--rm' }, '/image bad_image'],
    ['no host', { nodes: 0 }, '/nodes out_of_range'],
    ['half a host', { nodes: 1.5 }, '/nodes out_of_range'],
    ['hosts as text', { nodes: '2' }, '/nodes out_of_range'],
    ['too many hosts', { nodes: 65 }, '/nodes out_of_range'],
    ['weights of nothing', { weights_gib: 0 }, '/weights_gib out_of_range'],
    ['weights as text', { weights_gib: '60 GiB' }, '/weights_gib out_of_range'],
    ['weights that are no number', { weights_gib: Number.NaN }, '/weights_gib out_of_range'],
    ['a bad flag', { flags: { dtype: 'x' } }, '/flags/dtype not_allowed'],
    ['flags as a list', { flags: ['--x'] }, '/flags wrong_type'],
    ['extra_args as text', { extra_args: '--x' }, '/extra_args wrong_type'],
    ['a number in extra_args', { extra_args: ['--x', 1] }, '/extra_args/1 wrong_type'],
    ['a managed flag in extra_args', { extra_args: ['--x', '--port=1'] }, '/extra_args/1 managed_flag'],
    ['NUL in extra_args', { extra_args: ['--x', '\0'] }, '/extra_args/1 bad_character'],
    ['an endless word in extra_args', { extra_args: ['--x', 'x'.repeat(32_769)] }, '/extra_args/1 too_long'],
    ['endless extra_args', { extra_args: Array.from({ length: 201 }, () => '--x') }, '/extra_args too_long'],
    ['env as a list', { env: ['A=1'] }, '/env wrong_type'],
    ['an env name with a dash', { env: { 'A-B': '1' } }, '/env/A-B bad_env_name'],
    ['an env name of the shell', { env: { PATH: '1' } }, '/env/PATH bad_env_name'],
    ['an env name of the Docker client', { env: { DOCKER_HOST: '1' } }, '/env/DOCKER_HOST bad_env_name'],
    ['an env name of the launch script', { env: { A: '1' } }, '/env/A bad_env_name'],
    ['the cache in env', { env: { HF_HOME: '/x' } }, '/env/HF_HOME bad_env_name'],
    ['true as an env value', { env: { X: true } }, '/env/X wrong_type'],
    ['nothing as an env value', { env: { X: null } }, '/env/X wrong_type'],
    ['NUL in an env value', { env: { X: 'a\0' } }, '/env/X bad_character'],
    ['a secret under another key', { env: { X: { from_file: 'a' } } }, '/env/X wrong_type'],
    ['a secret with more keys', { env: { X: { from_env: 'A', default: 'b' } } }, '/env/X wrong_type'],
    ['a secret whose name is none', { env: { X: { from_env: 'A B' } } }, '/env/X wrong_type'],
    ['clusters as text', { clusters: 'default' }, '/clusters wrong_type'],
    ['a cluster key that is none', { clusters: ['ok', 'No Key'] }, '/clusters/1 bad_key'],
    ['an unknown field', { serve_model_name: 'x' }, '/serve_model_name unknown_field'],
    ['a camelCase field', { localPath: '/x' }, '/localPath unknown_field'],
  ];
  for (const [title, over, expected] of bad) {
    it(`refuses ${title}`, () => {
      expect(codes(entry(over))).to.deep.equal([`/models/qwen${expected}`]);
      expect(issues(entry(over))[0]?.message).to.match(/^.{10,}[.?]$/s);
    });
  }

  it('says which field an unknown one resembles, or which there are', () => {
    expect(issues(entry({ serve_model_name: 'x' }))[0]?.message).to.include('Did you mean served_model_name?');
    expect(issues(entry({ zzz: 'x' }))[0]?.message).to.include('The fields are name, description');
  });

  it('never repeats a literal env value, which may be a secret', () => {
    expect(JSON.stringify(issues(entry({ env: { HF_TOKEN: 'hush\0' } })))).not.to.include('hush');
  });

  it('is not fooled by the name of the prototype', () => {
    expect(codes(JSON.parse('{"repo": "a/b", "env": {"__proto__": "1"}}'))).to.deep.equal(['/models/qwen/env/__proto__ bad_env_name']);
  });

  for (const key of ['', 'Qwen', '-a', '.a', 'a b', 'unknown', 'unmanaged', 'lock', 'x'.repeat(65), '../a', 'ä']) {
    it(`refuses the key ${JSON.stringify(key).slice(0, 20)}`, () => {
      const [issue] = issues(entry(), key, { path: '/models/0' });
      expect(issue).to.include({ path: '/models/0', code: 'bad_key' });
    });
  }

  it('escapes the key in the pointer', () => {
    expect(codes(null, 'a/b')).to.deep.equal(['/models/a~1b bad_key', '/models/a~1b wrong_type']);
  });

  for (const raw of [null, undefined, [], 'org/model', 7, true]) {
    it(`refuses ${JSON.stringify(raw) ?? 'undefined'} in place of an entry`, () =>
      expect(codes(raw)).to.deep.equal(['/models/qwen wrong_type']));
  }

  it('reports every fault at once', () => {
    expect(codes({ repo: 'x', nodes: 0, flags: { port: 1, dtype: 'x' }, env: { 'A B': {} }, extra_args: ['x', 2] })).to.have.length(8);
  });

  it('never throws, and accepts or explains', () => {
    const fields = fc.constantFrom(
      'name',
      'description',
      'repo',
      'local_path',
      'revision',
      'served_model_name',
      'image',
      'nodes',
      'weights_gib',
      'flags',
      'extra_args',
      'env',
      'clusters',
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(fields, fc.anything())), fc.string(), (raw, key) => {
        const result = checkModel(raw, key);
        expect('issues' in result ? result.issues.length : 1).to.be.above(0);
      }),
      { numRuns: 300 },
    );
  });
});
