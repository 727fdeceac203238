import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  WireEditedModel,
  WireModel,
  WireModelHistory,
  WireModelList,
  WireParsedCommand,
  WirePreflightReport,
  WireVllmFlagList,
} from '@spark-control/schema';
import { expect } from 'chai';
import { placeModel } from '../../packages/ssh-adapter/test/support/weights-on-disk.ts';
import { rigCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { startsOn } from './support/hosts.ts';
import { expectStatus } from './support/long-work.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const MODELS = {
  alpha: { name: 'Alpha', repo: 'org/alpha', nodes: 2, weights_gib: 8, flags: { 'max-model-len': 8_192 }, env: { HF_TOKEN: 'hf_canary' } },
};
const homeOf = (host: SparkHost): string => join(host.directory, 'home', LOGIN.user);

describe('section 5 over two real hosts: the catalog', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  before(async () => {
    control = await new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern' })], MODELS).start();
  });
  after(async () => {
    await control.stop();
    for (const host of rig().hosts) rmSync(join(homeOf(host), 'models'), { recursive: true, force: true });
  });

  type Edited = Answer<WireEditedModel & ProblemBody>;
  const edit = (method: string, path: string, body?: object, revision?: string): Promise<Edited> =>
    control.call(method, `/api/models${path}`, body, revision === undefined ? {} : { 'if-match': revision });
  const list = async (): Promise<WireModelList> => (await control.call<WireModelList>('GET', '/api/models')).body;
  const faults = ({ body }: Answer<ProblemBody>): readonly string[] => [...new Set((body.issues ?? []).map(({ path }) => path))];

  it('is created, changed, tuned, shown with its history, reverted and removed, and what serves is the entry as it was then', async () => {
    const empty = await list();
    expect(empty.items.map(({ key, source, badge }) => [key, source, badge])).to.deep.equal([['alpha', 'catalog', null]]);
    expect(empty.items[0]?.env).to.deep.equal({ HF_TOKEN: '***' });

    const created = await edit('POST', '', { key: 'mine', repo: 'org/mine', nodes: 2, weights_gib: 4 });
    expect(expectStatus(created, 201)).to.include({ key: 'mine', source: 'custom', badge: 'custom', repo: 'org/mine' });
    expect(created.headers.get('location')).to.equal('/api/models/mine');
    const first = created.headers.get('etag') ?? '';
    const tuned = await edit('PUT', '/mine/knobs', { flags: { 'max-model-len': 4_096 }, env: { VLLM_USE_V1: '1' } }, first);
    expect(expectStatus(tuned, 200).flags).to.deep.equal({ 'max-model-len': 4_096 });

    const swap = await control.swap({ model: 'mine' });
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
    const [start] = startsOn(rig().hosts[0]!);
    expect(start?.argv.join(' ')).to.contain('serve org/mine').and.to.contain('--max-model-len 4096');
    const inUse = await edit('DELETE', '/mine');
    expect([inUse.status, inUse.body.code]).to.deep.equal([409, 'MODEL_IN_USE']);
    const changed = await edit('PATCH', '/mine', { description: 'as it may be', flags: { 'max-num-seqs': 4 } });
    expect(expectStatus(changed, 200).notes.join(' ')).to.contain('at its next swap');
    // What runs was started from the snapshot of then.
    expect(startsOn(rig().hosts[0]!)).to.have.length(1);

    const stale = await edit('PATCH', '/mine', { description: 'late' }, first);
    expect([stale.status, stale.body.code]).to.deep.equal([412, 'STALE_REVISION']);
    const { body: history } = await control.call<WireModelHistory>('GET', '/api/models/mine/history');
    expect(history.items.map(({ action }) => action)).to.deep.equal(['changed', 'changed', 'created']);
    expect(history.items[0]?.diff.map(({ path }) => path)).to.have.members(['/description', '/flags/max-num-seqs']);
    const reverted = await edit('POST', '/mine/revert', { revision: Number(first.replaceAll('"', '')) });
    expect(expectStatus(reverted, 200)).to.deep.include({ description: null, flags: {}, env: {} });
    expectStatus(await control.call('POST', '/api/swap', { model: null, drain_seconds: 0 }), 202);
    await eventually('the model to be unloaded', async () => (await edit('DELETE', '/mine')).status === 204);
    expect((await edit('GET', '/mine')).body.code).to.equal('MODEL_NOT_FOUND');
    expect((await list()).items).to.have.length(1);
  });

  it('keeps to the overrides file: an edit of the base entry is one there, and goes back with null', async () => {
    const { body: before } = await edit('GET', '/alpha');
    const changed = expectStatus(await edit('PATCH', '/alpha', { flags: { 'max-model-len': 1_024 }, description: 'shorter' }), 200);
    expect(changed).to.deep.include({ source: 'override', badge: 'edited', flags: { 'max-model-len': 1_024 } });
    const overrides = readFileSync(join(control.dataFolder, 'models-overrides.yaml'), 'utf8');
    expect(overrides).to.contain('1024').and.to.not.contain('hf_canary');
    expect(readFileSync(join(control.configFolder, 'models.yaml'), 'utf8')).to.contain('8192');
    const back = expectStatus(await edit('PATCH', '/alpha', { flags: null, description: null }), 200);
    expect(back.flags).to.deep.equal(before.flags);
  });

  it('says what is wrong field by field, and writes none of it', async () => {
    const { revision } = await list();
    const both = await edit('POST', '', { key: 'odd', repo: 'org/a', local_path: '/home/spark/models/a' });
    const neither = await edit('POST', '', { key: 'odd' });
    expect([both.status, neither.status]).to.deep.equal([422, 422]);
    const wrong = await edit('PUT', '/alpha/knobs', {
      flags: { 'gpu-memory-utilization': 7, port: 1, 'no-such-flag': 1, 'max-model-len': 'x' },
      env: { 'BAD NAME': 'x', LD_PRELOAD: '/tmp/x.so' },
    });
    expect(wrong.status).to.equal(422);
    const paths = faults(wrong).join('\n');
    for (const field of ['gpu-memory-utilization', 'port', 'no-such-flag', 'max-model-len', 'BAD NAME', 'LD_PRELOAD']) {
      expect(paths).to.contain(field);
    }
    expect((await edit('POST', '', { key: 'alpha', repo: 'org/a' })).status).to.be.within(409, 422);
    expect((await list()).revision).to.equal(revision);
  });

  it('looks for a local path on every host that has to have it', async () => {
    const [head, worker] = rig().hosts;
    const path = '/home/spark/models/mine';
    const create = (over: object): Promise<Edited> => edit('POST', '', { key: 'local', local_path: path, nodes: 2, ...over });
    placeModel(join(head!.directory, path));
    const half = await create({});
    expect([half.status, ...faults(half)]).to.deep.equal([422, '/local_path']);
    expect(half.body.detail).to.contain(worker!.name);
    placeModel(join(worker!.directory, path));
    expectStatus(await create({}), 201);
    expectStatus(await edit('DELETE', '/local'), 204);
    // Out of the roots through a link, which only the hosts can see.
    mkdirSync(join(homeOf(worker!), 'elsewhere'), { recursive: true });
    writeFileSync(join(homeOf(worker!), 'elsewhere/config.json'), '{}');
    for (const host of [head!, worker!]) {
      rmSync(join(homeOf(host), 'models/away'), { force: true });
      symlinkSync('/home/spark/elsewhere', join(homeOf(host), 'models/away'));
    }
    for (const odd of ['/home/spark/models/away', '/etc', '/home/spark/models/../elsewhere', 'models/mine', '/home/spark/models/mi\nne']) {
      const refused = await create({ local_path: odd });
      expect([refused.status, ...faults(refused)], odd).to.deep.equal([422, '/local_path']);
    }
    rmSync(join(homeOf(worker!), 'elsewhere'), { recursive: true });
  });

  it('is read from a pasted command, which is then created and pre-flighted on both hosts', async () => {
    const command = `docker run --rm --gpus all -e HF_TOKEN=hf_pasted -p 8000:8000 vllm/vllm-openai:v0.24.0 --model org/pasted --max-model-len 2048 --enforce-eager`;
    const parsed = expectStatus(await control.call<WireParsedCommand>('POST', '/api/models/parse-command', { command }), 200);
    expect(parsed).to.include({ form: 'docker_run' });
    expect(parsed.entry).to.deep.include({ repo: 'org/pasted', flags: { 'max-model-len': 2_048, 'enforce-eager': true } });
    expect(JSON.stringify(parsed)).to.not.contain('hf_pasted');
    const model = expectStatus(await edit('POST', '', { ...parsed.entry, key: 'pasted', env: null, nodes: 2 }), 201);
    expect(model.image).to.equal('vllm/vllm-openai:v0.24.0');
    const { body: report } = await control.call<WirePreflightReport>('POST', '/api/swap/pasted/validate', {});
    expect(report.checks.find(({ name }) => name === 'image')).to.include({ status: 'fail' });
    expect(report.checks.filter(({ name }) => name === 'weights').map(({ host }) => host)).to.have.members(['spark1', 'spark2']);
    expectStatus(await edit('DELETE', '/pasted'), 204);
    const odd = await control.call<ProblemBody>('POST', '/api/models/parse-command', { command: 'rm -rf /; vllm' });
    expect([odd.status, odd.body.issues?.[0]?.path]).to.deep.equal([422, '/command']);
  });

  it('lists the flags that an entry may set, with their limits and dangers', async () => {
    const { items } = expectStatus(await control.call<WireVllmFlagList>('GET', '/api/vllm-flags'), 200);
    const flag = (name: string) => items.find((one) => one.name === name);
    expect(items.length).to.be.greaterThan(50);
    expect(flag('gpu-memory-utilization')).to.include({ type: 'number', maximum: 1 });
    expect(flag('trust-remote-code')?.danger).to.be.a('string');
    expect(flag('port')?.managed).to.be.a('string');
  });

  it('takes over what somebody writes into the files, and goes on with the last good catalog when that is broken', async () => {
    const entry = { repo: 'org/new', nodes: 1 };
    control.setModels({ ...MODELS, fresh: entry });
    await eventually('the new model', async () => (await list()).items.some(({ key }) => key === 'fresh'));
    control.configure('models.yaml', 'models:\n  alpha:\n    repo: [org\n');
    const broken = await eventually('the fault', async () => {
      const now = await list();
      return now.fault === null ? null : now;
    });
    expect(JSON.stringify(broken.fault))
      .to.match(/models\.yaml/)
      .and.to.match(/line/);
    expect(broken.items.map(({ key }) => key)).to.have.members(['alpha', 'fresh']);
    control.setModels(MODELS);
    await eventually('the mended file', async () => (await list()).fault === null);
    const { body: model } = await control.call<WireModel & ProblemBody>('GET', '/api/models/fresh');
    expect(model.code).to.equal('MODEL_NOT_FOUND');
  });
});
