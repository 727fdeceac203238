import { hostKey, modelKey, type PathVerdict, type Swap } from '@spark-control/core';
import type { WireEditedModel, WireModelHistory, WireParsedCommand, WireProblem, WireVllmFlagList } from '@spark-control/schema';
import { expect } from 'chai';
import { aSwap } from '../../core/test/support/builders.ts';
import { expectDocumented, routeOf } from './support/documented.ts';
import { type EditableCatalog, startEditable } from './support/editable-catalog.ts';
import { aView } from './support/scripted-core.ts';
import { type Answer, ask, bodyOf, startServer } from './support/test-server.ts';

const BASE = `models:
  qwen:
    repo: Qwen/Qwen3-32B
    flags: { max-model-len: 4096, max-num-batched-tokens: 8192 }
    env: { HF_TOKEN: { from_env: HF_TOKEN }, PLAIN: one }
  gemma: { repo: google/gemma }
`;

describe('models over REST', () => {
  let bench: EditableCatalog;
  beforeEach(async () => {
    bench = await startEditable(BASE);
  });
  afterEach(() => bench.close());

  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await ask(bench.server.port, path, { method, headers: { 'content-type': 'application/json', ...headers }, ...content });
    const pattern = path.split('?')[0]?.replace(/\/api\/models\/(?!parse-command)[^/]+/, '/api/models/{key}') ?? path;
    expectDocumented(routeOf(method, pattern), answer);
    return answer;
  };
  const problem = (answer: Answer): Readonly<{ status: number; code: string; at: readonly string[] }> => {
    const { code, issues = [] } = bodyOf<WireProblem>(answer);
    return { status: answer.status, code, at: issues.map(({ path }) => path) };
  };
  const edited = (answer: Answer): WireEditedModel => {
    expect(answer.status, answer.text).to.be.within(200, 201);
    return bodyOf<WireEditedModel>(answer);
  };

  it('creates one, with its place and the new revision', async () => {
    const before = await call('GET', '/api/models');
    const answer = await call('POST', '/api/models', { key: 'mine', repo: 'acme/mine', flags: { seed: 3 }, weights_gib: 2 });
    expect(answer.status).to.equal(201);
    expect(answer.headers['location']).to.equal('/api/models/mine');
    expect(answer.headers.etag).to.not.equal(before.headers.etag);
    expect(edited(answer)).to.deep.include({
      key: 'mine',
      source: 'custom',
      badge: 'custom',
      repo: 'acme/mine',
      flags: { seed: 3 },
      notes: [],
    });
    expect(bodyOf(await call('GET', '/api/models/mine'))).to.deep.include({ key: 'mine', weights_bytes: 2 * 2 ** 30 });
  });

  it('changes fields, and takes them back', async () => {
    const changed = edited(await call('PATCH', '/api/models/qwen', { name: 'Big', flags: { 'max-model-len': '32k', seed: 1 } }));
    expect(changed).to.deep.include({ name: 'Big', source: 'override', badge: 'edited' });
    expect(changed.flags).to.deep.equal({ 'max-model-len': '32k', 'max-num-batched-tokens': 8192, seed: 1 });
    const back = edited(await call('PATCH', '/api/models/qwen', { name: null, flags: null }));
    expect(back).to.deep.include({ name: 'qwen', source: 'catalog', flags: { 'max-model-len': 4096, 'max-num-batched-tokens': 8192 } });
  });

  it('takes the knobs of an answer back without losing what is masked', async () => {
    const shown = bodyOf<WireEditedModel>(await call('GET', '/api/models/qwen'));
    expect(shown.env).to.deep.equal({ HF_TOKEN: '***', PLAIN: 'one' });
    expect(shown.flags).to.have.property('max-num-batched-tokens', 8192);
    const same = edited(await call('PUT', '/api/models/qwen/knobs', { flags: shown.flags, env: shown.env }));
    expect(same.source).to.equal('catalog');
    const less = edited(await call('PUT', '/api/models/qwen/knobs', { flags: {}, env: { HF_TOKEN: '***' } }));
    expect(less).to.deep.include({ flags: {}, env: { HF_TOKEN: '***' } });
    const { items } = bodyOf<WireModelHistory>(await call('GET', '/api/models/qwen/history'));
    expect(items[0]?.diff.map(({ path }) => path)).to.deep.equal(['/flags/max-model-len', '/flags/max-num-batched-tokens', '/env/PLAIN']);
  });

  const faults: readonly [string, 'POST' | 'PATCH' | 'PUT', string, object, string][] = [
    ['both kinds of source', 'POST', '/api/models', { key: 'x', repo: 'a/b', local_path: '/models/x' }, '/local_path'],
    ['no source', 'POST', '/api/models', { key: 'x' }, '/repo'],
    ['a key that is taken', 'POST', '/api/models', { key: 'qwen', repo: 'a/b' }, '/key'],
    ['a reserved key', 'POST', '/api/models', { key: 'unknown', repo: 'a/b' }, '/key'],
    ['a key that is a path of the API', 'POST', '/api/models', { key: 'parse-command', repo: 'a/b' }, '/key'],
    ['a path outside of the roots', 'POST', '/api/models', { key: 'x', local_path: '/etc/x' }, '/local_path'],
    ['a path that climbs', 'PATCH', '/api/models/qwen', { local_path: '/models/../etc' }, '/local_path'],
    ['a flag out of range', 'PUT', '/api/models/qwen/knobs', { flags: { 'gpu-memory-utilization': 2 } }, '/flags/gpu-memory-utilization'],
    ['a misspelt flag', 'PATCH', '/api/models/qwen', { flags: { 'max-modle-len': 1 } }, '/flags/max-modle-len'],
    ['a managed flag', 'PATCH', '/api/models/qwen', { flags: { 'tensor-parallel-size': 2 } }, '/flags/tensor-parallel-size'],
    ['a variable of the launcher', 'PATCH', '/api/models/qwen', { env: { HF_HOME: '/x' } }, '/env/HF_HOME'],
    ['an image that is none', 'PATCH', '/api/models/qwen', { image: 'UPPER CASE' }, '/image'],
    ['a field that nobody knows', 'PATCH', '/api/models/qwen', { falgs: {} }, '/falgs'],
  ];
  for (const [what, method, path, body, at] of faults) {
    it(`refuses ${what}, with its place`, async () => {
      expect(problem(await call(method, path, body))).to.deep.equal({ status: 422, code: 'INVALID_REQUEST', at: [at] });
    });
  }

  it('reports every fault of the knobs, each with its place', async () => {
    const flags = { seed: -1, dtype: 'int1', 'no-such-flag-at-all': 1 };
    const { at } = problem(await call('PUT', '/api/models/qwen/knobs', { flags, env: { 'BAD-NAME': 'x' } }));
    expect(at).to.have.members(['/flags/seed', '/flags/dtype', '/flags/no-such-flag-at-all', '/env/BAD-NAME']);
  });

  for (const [method, path, body] of [
    ['GET', '/api/models/qwem', undefined],
    ['PATCH', '/api/models/qwem', {}],
    ['PUT', '/api/models/qwem/knobs', { flags: {} }],
    ['DELETE', '/api/models/qwem', undefined],
    ['GET', '/api/models/qwem/history', undefined],
    ['POST', '/api/models/qwem/revert', { revision: 1 }],
  ] as const) {
    it(`answers 404 to ${method} ${path}`, async () => {
      expect(problem(await call(method, path, body))).to.include({ status: 404, code: 'MODEL_NOT_FOUND' });
    });
  }

  describe('If-Match', () => {
    const patchWith = (match: string): Promise<Answer> =>
      call('PATCH', '/api/models/gemma', { name: match.slice(0, 50) }, { 'if-match': match });

    it('takes the revision in every form that it comes in', async () => {
      for (const form of [
        (tag: string) => tag,
        (tag: string) => `W/${tag}`,
        (tag: string) => tag.replaceAll('"', ''),
        (tag: string) => `"9999", ${tag}`,
      ]) {
        const { etag = '' } = (await call('GET', '/api/models')).headers;
        expect((await patchWith(form(etag))).status, form(etag)).to.equal(200);
      }
      expect((await patchWith('*')).status).to.equal(200);
    });

    it('is stale when it names another revision, on every change', async () => {
      for (const match of ['"0"', 'W/"999999"', '"abc"', '""', '"7", "8"']) {
        expect(problem(await patchWith(match)), match).to.include({ status: 412, code: 'STALE_REVISION' });
      }
      const stale = { 'if-match': '"999999"' };
      for (const answer of [
        await call('POST', '/api/models', { key: 'x', repo: 'a/b' }, stale),
        await call('PUT', '/api/models/qwen/knobs', { flags: {} }, stale),
        await call('POST', '/api/models/qwen/revert', { revision: 1 }, stale),
        await call('DELETE', '/api/models/gemma', undefined, stale),
      ]) {
        expect(answer.status).to.equal(412);
      }
    });

    it('is refused when it is no ETag', async () => {
      for (const match of ['abc', '"7', '7"', 'W/7', '"7" "8"', '-1']) {
        expect(problem(await patchWith(match)), match).to.deep.equal({ status: 422, code: 'INVALID_REQUEST', at: ['/headers/if-match'] });
      }
    });

    it('loses no update: of two that saw the same revision, one wins', async () => {
      const { etag = '' } = (await call('GET', '/api/models')).headers;
      const answers = await Promise.all(['A', 'B', 'C'].map((name) => call('PATCH', '/api/models/gemma', { name }, { 'if-match': etag })));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 412, 412]);
    });
  });

  it('goes back to a revision of the history', async () => {
    const first = edited(await call('PATCH', '/api/models/gemma', { name: 'One' }));
    await call('PATCH', '/api/models/gemma', { name: 'Two', nodes: 2 });
    const { items } = bodyOf<WireModelHistory>(await call('GET', '/api/models/gemma/history?limit=2'));
    expect(items.map(({ action, diff }) => [action, diff.length])).to.deep.equal([
      ['changed', 2],
      ['changed', 1],
    ]);
    expect(items[0]?.actor).to.match(/^anonymous@/);
    const back = edited(await call('POST', '/api/models/gemma/revert', { revision: items[1]?.revision }));
    expect(back).to.deep.equal(first);
    expect(problem(await call('POST', '/api/models/gemma/revert', { revision: 0 }))).to.include({
      status: 404,
      code: 'REVISION_NOT_FOUND',
    });
  });

  it('removes one, but not while it serves or a swap goes to it', async () => {
    const { core } = bench.server;
    core.views = () => [aView({ serving: { kind: 'model', model: modelKey('qwen') }, activeSwap: 'swp_1' as Swap['id'] })];
    core.swap = async () => aSwap({ target: modelKey('gemma'), phase: 'loading' });
    for (const key of ['qwen', 'gemma']) {
      expect(problem(await call('DELETE', `/api/models/${key}`))).to.include({ status: 409, code: 'MODEL_IN_USE' });
    }
    core.swap = async () => aSwap({ target: modelKey('gemma'), phase: 'ready', settledAt: 5 });
    const answer = await call('DELETE', '/api/models/gemma');
    expect([answer.status, answer.text]).to.deep.equal([204, '']);
    expect(answer.headers.etag).to.match(/^"\d+"$/);
    expect((await call('GET', '/api/models/gemma')).status).to.equal(404);
  });

  it('says that a running model stays as it was started', async () => {
    bench.server.core.views = () => [aView({ serving: { kind: 'model', model: modelKey('qwen') } })];
    const { notes } = edited(await call('PATCH', '/api/models/qwen', { name: 'Big' }));
    expect(notes.join()).to.contain('next swap');
  });

  describe('a local path', () => {
    const verdict = (host: string, problemText: string | null, unknown = false): PathVerdict => ({
      ...{ host: hostKey(host), ok: problemText === null, problem: problemText },
      ...(unknown && { unknown: true }),
    });
    const create = (): Promise<Answer> => call('POST', '/api/models', { key: 'local', local_path: '/models/x', nodes: 2 });

    it('is refused where a host that the model spans does not have it, by name', async () => {
      bench.paths.answer = async () => [verdict('spark1', null), verdict('spark2', 'There is no folder.')];
      const answer = await create();
      expect(problem(answer)).to.deep.equal({ status: 422, code: 'INVALID_REQUEST', at: ['/local_path'] });
      expect(bodyOf<WireProblem>(answer).issues?.[0]?.message).to.contain('spark2').and.to.contain('There is no folder');
    });

    it('is taken with a note where a host cannot be asked, and without one where all have it', async () => {
      bench.paths.answer = async () => [verdict('spark1', null), verdict('spark2', 'It is off.', true)];
      expect(edited(await create()).notes.join())
        .to.contain('spark2')
        .and.to.contain('not known');
      bench.paths.answer = async () => [verdict('spark1', null), verdict('spark2', null)];
      expect(edited(await call('PATCH', '/api/models/local', { local_path: '/models/y' })).notes).to.be.empty;
    });

    it('is not looked for again by a change of something else', async () => {
      bench.paths.answer = async () => [verdict('spark1', null), verdict('spark2', null)];
      edited(await create());
      bench.paths.answer = () => Promise.reject(new Error('nobody should ask'));
      edited(await call('PATCH', '/api/models/local', { name: 'Mine' }));
    });
  });

  it('answers INVALID_CATALOG with a line while the file has a fault, and touches nothing', async () => {
    bench.write('over.yaml', 'models:\n  gemma: { nodes: many }\n');
    const answer = await call('PATCH', '/api/models/qwen', { name: 'Big' });
    expect(problem(answer)).to.include({ status: 422, code: 'INVALID_CATALOG' });
    expect(bodyOf<WireProblem>(answer).issues?.[0]).to.include({ line: 2 });
  });

  it('gives the same answer to a repeated creation', async () => {
    const body = { key: 'mine', repo: 'acme/mine' };
    const first = await call('POST', '/api/models', body, { 'idempotency-key': 'k1' });
    const again = await call('POST', '/api/models', body, { 'idempotency-key': 'k1' });
    expect([again.status, again.text, again.headers['idempotency-replayed']]).to.deep.equal([201, first.text, 'true']);
  });

  it('reads a pasted command into a body that creates the model', async () => {
    const command = 'HF_TOKEN=hf_abcdefghijklmnop docker run -p 8000:8000 vllm/vllm-openai --model acme/new --max-num-seqs 8';
    const answer = await call('POST', '/api/models/parse-command', { command });
    expect(answer.text).to.not.contain('hf_abcdefghijklmnop');
    const { form, entry, issues } = bodyOf<WireParsedCommand>(answer);
    expect({ form, issues }).to.deep.equal({ form: 'docker_run', issues: [] });
    expect(edited(await call('POST', '/api/models', entry))).to.deep.include({ key: 'new', flags: { 'max-num-seqs': 8 } });
    const taken = bodyOf<WireParsedCommand>(await call('POST', '/api/models/parse-command', { command }));
    expect(taken.issues.map(({ path }) => path)).to.deep.equal(['/key']);
    expect(problem(await call('POST', '/api/models/parse-command', { command: 'ls' }))).to.deep.equal({
      ...{ status: 422, code: 'INVALID_REQUEST', at: ['/command'] },
    });
  });

  it('lists the flags of vLLM with type, default, group, danger, and those that are managed', async () => {
    const answer = await ask(bench.server.port, '/api/vllm-flags');
    expectDocumented(routeOf('GET', '/api/vllm-flags'), answer);
    const { items } = bodyOf<WireVllmFlagList>(answer);
    const named = (name: string) => items.find((flag) => flag.name === name);
    expect(named('gpu-memory-utilization')).to.include({
      type: 'number',
      minimum: 0,
      maximum: 1,
      exclusive_minimum: true,
      default: 0.92,
      group: 'memory',
    });
    expect(named('trust-remote-code')?.danger).to.contain('Python code');
    expect(named('async-scheduling')).to.include({ since: '0.10.0' });
    expect(named('port')?.managed).to.be.a('string');
    expect(items.filter(({ managed }) => managed === null)).to.have.length.at.least(50);
  });
});

describe('models over REST where nothing can be edited', () => {
  it('are read in the list, and their changes are refused', async () => {
    const server = await startServer();
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(server.port, '/api/models', { method: 'POST', headers, body: JSON.stringify({ key: 'x', repo: 'a/b' }) });
    expect([answer.status, bodyOf<WireProblem>(answer).code]).to.deep.equal([409, 'NOT_SUPPORTED']);
    await server.close();
  });
});
