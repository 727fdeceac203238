import { expect } from 'chai';
import { Cli, type CliOptions } from '../support/cli.ts';
import { FakeApi, problem } from '../support/fake-api.ts';
import { AT } from '../support/wire.ts';

const MODEL = {
  ...{
    key: 'qwen3-8b',
    name: 'Qwen',
    description: null,
    source: 'catalog',
    badge: null,
    state: 'unloaded',
    nodes: 1,
    weights_bytes: 2 ** 34,
  },
  ...{ clusters: ['default'], load_seconds: { p50: null, p90: null, samples: 0 }, repo: 'Qwen/Qwen3-8B', revision: null, local_path: null },
  ...{
    launcher: null,
    image: null,
    served_model_name: 'qwen3-8b',
    flags: { 'max-model-len': 8192, 'enforce-eager': true },
    extra_args: [],
  },
  ...{ env: { HF_TOKEN: '***', A: 'b' }, fits: null, disk: [] },
};
describe('managing models from the command line', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(async () => {
    await api.listen();
  });
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.splice(0);
    api.on('GET /api/models', { status: 200, body: { items: [MODEL], next_cursor: null, revision: 42, fault: null } });
    for (const route of [
      'POST /api/models',
      'PATCH /api/models/{}',
      'PUT /api/models/{}/knobs',
      'POST /api/models/{}/revert',
      'GET /api/models/{}',
    ])
      api.on(route, { status: 200, body: MODEL });
  });
  afterEach(() => cli.remove());

  const run = (line: string, options: CliOptions = {}) => cli.run(line.split(' '), options);
  /** What the last call that changes something has sent. */
  const sent = () => api.seen.findLast(({ method }) => method !== 'GET');

  it('adds a model with its flags typed', async () => {
    await cli.run([
      'model',
      'add',
      'q',
      '--repo',
      'a/b',
      '--flag',
      'max-model-len=8192',
      '--flag',
      'enforce-eager',
      '--flag',
      'x={"a":[1]}',
      '--env',
      'A=b=c',
      '--env-from',
      'HF_TOKEN',
      '--nodes',
      '2',
      '--extra-arg=--new-flag',
    ]);
    expect(sent()?.body).to.deep.equal({
      ...{ key: 'q', repo: 'a/b', nodes: 2, extra_args: ['--new-flag'] },
      flags: { 'max-model-len': 8192, 'enforce-eager': true, x: { a: [1] } },
      env: { A: 'b=c', HF_TOKEN: { from_env: 'HF_TOKEN' } },
    });
    expect(await run('model add q')).to.include({ code: 2 });
    expect(await run('model add q --repo a/b --local-path /x')).to.include({ code: 2 });
    expect(await run('model add q --repo a/b --nodes two')).to.include({ code: 2 });
  });

  it('changes fields of a model, or gives them up', async () => {
    await run('model set qwen3-8b --name Small --unset image');
    expect([sent()?.method, sent()?.body]).to.deep.equal(['PATCH', { name: 'Small', image: null }]);
    expect((await run('model set qwen3-8b')).code).to.equal(2);
  });

  it('changes single knobs, over what was seen', async () => {
    expect((await run('model knobs qwen3-8b')).stdout).to.equal(
      'max-model-len  8192\nenforce-eager  true\nHF_TOKEN       ***\nA              b\n',
    );
    await run('model knobs qwen3-8b --flag max-model-len=4096 --drop-flag enforce-eager --drop-env A');
    expect(sent()?.headers['if-match']).to.equal('"42"');
    // A masked value goes back as it came: the server leaves it alone.
    expect(sent()?.body).to.deep.equal({ flags: { 'max-model-len': 4096 }, env: { HF_TOKEN: '***' } });
    expect((await run('model knobs qwen3-8b --drop-flag nope')).code).to.equal(11);
    api.on('PUT /api/models/{}/knobs', problem(412, 'STALE_REVISION'));
    expect((await run('model knobs qwen3-8b --flag a=1')).code).to.equal(1);
  });

  it('removes and reverts an entry', async () => {
    api.on('DELETE /api/models/{}', { status: 204 });
    expect((await run('model remove qwen3-8b')).code).to.equal(2);
    expect((await run('model remove qwen3-8b --yes')).stdout).to.equal('qwen3-8b is out of the catalog\n');
    await run('model revert qwen3-8b 41');
    expect(sent()?.body).to.deep.equal({ revision: 41 });
    expect((await run('model revert qwen3-8b last')).code).to.equal(2);
  });

  it('makes an entry of a command, from words or from standard input', async () => {
    const parsed = {
      form: 'vllm_serve',
      entry: { key: 'q', repo: 'a/b' },
      dropped: [{ words: '-d', reason: 'set here' }],
      warnings: [],
      issues: [],
    };
    api.on('POST /api/models/parse-command', { status: 200, body: parsed });
    const { stdout, stderr } = await cli.run(['model', 'parse', '--', 'vllm', 'serve', "it's", '--x']);
    expect(sent()?.body).to.deep.equal({ command: "vllm serve 'it'\\''s' --x" });
    expect(JSON.parse(stdout)).to.deep.equal(parsed.entry);
    expect(stderr).to.contain('left out: -d (set here)');
    await run('model parse --add mine', { input: 'vllm serve a/b' });
    expect(api.calls('POST /api/models/parse-command').at(-1)?.body).to.deep.equal({ command: 'vllm serve a/b' });
    expect(sent()?.body).to.deep.equal({ key: 'mine', repo: 'a/b' });
    api.on('POST /api/models/parse-command', {
      status: 200,
      body: { ...parsed, issues: [{ path: '/flags/x', code: 'c', message: 'Bad.' }] },
    });
    expect((await run('model parse --add mine', { input: 'x' })).code).to.equal(2);
    expect(api.calls('POST /api/models')).to.have.length(1);
    // The key that the command suggests is taken, and another one is asked for.
    const taken = { ...parsed, issues: [{ path: '/key', code: 'duplicate', message: 'Taken.' }] };
    api.on('POST /api/models/parse-command', { status: 200, body: taken });
    expect((await run('model parse', { input: 'x' })).code).to.equal(2);
    const added = await run('model parse --add mine', { input: 'x' });
    expect([added.code, added.stderr.includes('Taken.')]).to.deep.equal([0, false]);
    const empty = await run('model parse', { input: '\n' });
    expect([empty.code, empty.stderr]).to.deep.equal([
      2,
      'sparkctl: model parse needs the command after --, or on standard input\nTry: sparkctl model parse --help\n',
    ]);
  });

  it('shows history and disk of a model', async () => {
    const revision = { revision: 41, at: AT, actor: 'ann', action: 'changed', diff: [{ path: '/flags/x', after: 1 }] };
    api.on('GET /api/models/{}/history', { status: 200, body: { items: [revision], next_cursor: null } });
    expect((await run('model history q')).stdout).to.equal('41  2026-11-21T06:00:00Z  changed by ann\n  /flags/x: (not there) -> 1\n');
    const host = {
      host: 'spark1',
      cluster: 'default',
      kind: 'cache',
      present: true,
      path: '/c',
      bytes: 2 ** 34,
      complete: false,
      downloading: false,
      free_bytes: 2 ** 35,
      problem: null,
    };
    api.on('GET /api/models/{}/disk', { status: 200, body: { model: 'q', deletable: false, reason: 'it serves', items: [host] } });
    expect((await run('model disk q')).stdout)
      .to.contain('spark1  incomplete  16.0 GiB  32.0 GiB  /c\n')
      .and.to.contain('not to be deleted here: it serves');
  });

  it('deletes weights after saying how much, and never a second time by itself', async () => {
    const removal = (dry_run: boolean) => ({
      model: 'q',
      dry_run,
      freed_bytes: 2 ** 34,
      items: [{ host: 'spark1', path: '/c', freed_bytes: 2 ** 34, through: 'login' }],
    });
    api.on('DELETE /api/models/{}/disk', ({ query }) => ({ status: 200, body: removal(query.get('dry_run') === 'true') }));
    const { stdout } = await run('model delete-weights q --host spark1', { tty: true, answers: ['yes'] });
    expect(cli.questions).to.deep.equal(['delete the weights of q on spark1, 16.0 GiB? [y/N] ']);
    expect(stdout).to.contain('16.0 GiB are freed');
    expect((await run('model delete-weights q --dry-run')).stdout).to.contain('would be freed');
    api.seen.splice(0);
    api.on('DELETE /api/models/{}/disk', 'drop');
    expect((await run('model delete-weights q --yes')).code).to.equal(7);
    expect(api.seen).to.have.length(1);
  });
});
