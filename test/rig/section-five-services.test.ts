import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  WireAuditList,
  WireDeepHealthReport,
  WireEndpointList,
  WireOperation,
  WirePatchPlan,
  WireService,
  WireServiceDetail,
  WireServiceList,
  WireServiceLogs,
} from '@spark-control/schema';
import { expect } from 'chai';
import { rigCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { begin, expectStatus, succeeded } from './support/long-work.ts';
import { SIDE_PORTS, startSideServices } from './support/side-services.ts';
import type { SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const MIB = 2 ** 20;
const CONTAINER = 'parakeet';
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const on = (kind: keyof typeof SIDE_PORTS) => ({ kind, host: 'spark1', port: SIDE_PORTS[kind] });

describe('section 5 over two real hosts: services', function () {
  this.timeout(90_000);
  const rig = useRig();
  let control: ControlPlane;
  const head = (): SparkHost => rig().hosts[0]!;
  const env = { DISABLED_SERVICES: 'hidden', WEBUI_KEY: 'sk-webui' };
  const patches = [
    { name: 'server', source: 'patches/server.py', target: '/opt/app/server.py' },
    { name: 'extra', source: 'patches/extra.py', target: '/opt/app/extra.py' },
  ];
  const services = {
    'parakeet-asr': { ...on('asr'), container: CONTAINER, patches },
    diarizer: on('diarizer'),
    kokoro: on('tts'),
    embeddings: on('embeddings'),
    little: on('openai'),
    webui: { ...on('open_webui'), public_url: 'https://chat.test', api_key: { from_env: 'WEBUI_KEY' } },
    plain: on('http'),
    'the-model': { kind: 'vllm', host: 'spark1', port: 8_000, container: 'vllm_node' },
    hidden: { kind: 'http', host: 'spark2', port: 9_999 },
    away: { kind: 'http', host: 'spark2', port: 9_998 },
  };
  before(async () => {
    const models = { alpha: { repo: 'org/alpha', nodes: 2, weights_gib: 1 } };
    control = new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern' })], models);
    mkdirSync(join(control.configFolder, 'patches'));
    patch('server.py', 'print("patched")\n');
    patch('extra.py', 'EXTRA = 1\n');
    control.configure('services.yaml', { services });
    await startSideServices(head(), CONTAINER);
    await control.start(env);
  });
  after(() => control.stop());
  // The rig was reset, containers and all.
  beforeEach(async () => {
    await startSideServices(head(), CONTAINER);
  });

  const patch = (name: string, text: string): void => writeFileSync(join(control.configFolder, 'patches', name), text);
  const get = async <T>(path: string): Promise<T> => expectStatus(await control.call<T>('GET', path), 200) as T;
  const detail = (key = 'parakeet-asr'): Promise<WireServiceDetail> => get(`/api/services/${key}`);
  const call = <T>(method: string, path: string, body?: object): Promise<Answer<T & ProblemBody>> => control.call(method, path, body);
  const inspected = async (format: string): Promise<string> => (await head().docker('inspect', '-f', format, CONTAINER)).trim();
  const inContainer = (...argv: string[]): Promise<string> => head().docker('exec', CONTAINER, ...argv);

  it('are listed with a status, but for a disabled one, which is only among the endpoints', async () => {
    const list = await eventually('all to be asked', async () => {
      const { items } = await get<WireServiceList>('/api/services');
      return items.every(({ checked_at }) => checked_at !== null) ? items : null;
    });
    const states = Object.fromEntries(list.map((each): [string, WireService['state']] => [each.key, each.state]));
    expect(states).to.deep.equal({
      ...{ 'parakeet-asr': 'up', diarizer: 'up', kokoro: 'up', embeddings: 'up', little: 'up', webui: 'up', plain: 'up' },
      ...{ 'the-model': 'down', away: 'down' },
    });
    const parakeet = list.find(({ key }) => key === 'parakeet-asr');
    expect(parakeet).to.deep.include({ host: 'spark1', lock: 'rig', actions: ['restart', 'logs', 'memory', 'patches'] });
    expect(list.find(({ key }) => key === 'the-model')?.actions).to.deep.equal(['logs']);
    const { items: endpoints } = await get<WireEndpointList>('/api/endpoints');
    expect(endpoints.map(({ key, disabled }) => [key, disabled])).to.deep.include(['hidden', true]);
    expect(endpoints[0]).to.include({ key: 'rig', kind: 'vllm', url: `http://${head().address}:8000`, disabled: false });
    expect((await call('GET', '/api/services/hidden')).body.code).to.equal('SERVICE_NOT_FOUND');
  });

  it('tell what Docker says of their container, and its log without keys', async () => {
    const { facts } = await detail();
    expect(facts).to.include({
      name: CONTAINER,
      status: 'running',
      restarts: 0,
      restart_policy: 'unless-stopped',
      memory_limit_bytes: null,
    });
    expect(facts?.id).to.equal(await inspected('{{.Id}}'));
    expect(facts?.image_id).to.equal(await inspected('{{.Image}}'));
    const { lines } = await get<WireServiceLogs>('/api/services/parakeet-asr/logs?lines=20');
    expect(lines).to.have.length(1);
    expect(lines[0]).to.contain('serving').and.to.contain('***').and.to.not.contain('nvapi-0123');
    await head().docker('rm', '-f', CONTAINER);
    expect(await detail()).to.deep.include({ facts: null, facts_problem: `There is no container ${CONTAINER}.` });
  });

  it('are restarted under the lock of their GPU, and waited for until they answer', async () => {
    const before = await inspected('{{.State.StartedAt}}');
    const { body: grant } = await call<{ lock_id: string }>('POST', '/api/swap/lock', { holder: 'somebody', ttl_seconds: 60 });
    const locked = await call('POST', '/api/services/parakeet-asr/restart', {});
    expect([locked.status, locked.body.code]).to.deep.equal([423, 'LOCKED']);
    expect(await inspected('{{.State.StartedAt}}')).to.equal(before);
    const begun = await begin(control, '/api/services/parakeet-asr/restart', { lock_id: grant.lock_id, reason: 'it hangs' });
    const over = await succeeded(control, begun);
    expect(over.parts.map(({ status }) => status)).to.deep.equal(['done', 'done']);
    expect(await inspected('{{.State.StartedAt}}')).to.not.equal(before);
    await call('DELETE', '/api/swap/lock', { lock_id: grant.lock_id });
    const watched = await call('POST', '/api/services/the-model/restart', {});
    expect(watched.body.code).to.equal('NOT_SUPPORTED');
    const { items } = await get<WireAuditList>('/api/audit?action=service_restarted');
    expect(items.map(({ target, note }) => [target, note])).to.deep.equal([['parakeet-asr', 'it hangs']]);
  });

  it('have their memory capped by Docker while they run, not below what they use', async () => {
    const capped = expectStatus(await call<WireServiceDetail>('PUT', '/api/services/parakeet-asr/memory', { limit_mib: 512 }), 200);
    expect(capped.facts?.memory_limit_bytes).to.equal(512 * MIB);
    expect(await inspected('{{.HostConfig.Memory}}')).to.equal(String(512 * MIB));
    const tight = await call('PUT', '/api/services/parakeet-asr/memory', { limit_mib: 64 });
    expect([tight.status, tight.body.issues?.[0]?.code]).to.deep.equal([422, 'below_use']);
    expect((await call('PUT', '/api/services/parakeet-asr/memory', { limit_mib: 1 })).status).to.equal(422);
    const free = expectStatus(await call<WireServiceDetail>('PUT', '/api/services/parakeet-asr/memory', { limit_mib: null }), 200);
    expect(free.facts?.memory_limit_bytes).to.equal(null);
  });

  it('get their patches by plan, verified by checksum inside, and give them back by an undo', async () => {
    await inContainer('sh', '-c', 'mkdir -p /opt/app && printf original >/opt/app/server.py && chmod 640 /opt/app/server.py');
    const path = '/api/services/parakeet-asr/reapply-patches';
    const plan = expectStatus(await call<WirePatchPlan>('POST', path, {}), 200);
    expect(plan.files.map(({ target, change, current_sha256 }) => [target, change, current_sha256])).to.deep.equal([
      ['/opt/app/server.py', 'replace', sha('original')],
      ['/opt/app/extra.py', 'add', null],
    ]);
    expect(await inContainer('cat', '/opt/app/server.py')).to.equal('original');
    await inContainer('sh', '-c', 'printf changed >/opt/app/server.py');
    const stale = await call('POST', path, { confirm: plan.id });
    expect([stale.status, stale.body.code]).to.deep.equal([412, 'STALE_REVISION']);
    const fresh = await get<WirePatchPlan>('/api/services/parakeet-asr/patches');
    const started = await inspected('{{.State.StartedAt}}');
    await succeeded(control, expectStatus(await call<WireOperation>('POST', path, { confirm: fresh.id }), 202));
    expect((await inContainer('sha256sum', '/opt/app/server.py')).split(' ')[0]).to.equal(sha('print("patched")\n'));
    expect((await inContainer('sha256sum', '/opt/app/extra.py')).split(' ')[0]).to.equal(sha('EXTRA = 1\n'));
    expect((await inContainer('stat', '-c', '%a', '/opt/app/server.py')).trim()).to.equal('640');
    expect(await inspected('{{.State.StartedAt}}')).to.not.equal(started);
    const same = expectStatus(await call<WirePatchPlan>('POST', path, {}), 200);
    expect(same.blockers).to.deep.equal(['Every file is as it should be already.']);

    const undo = await get<WirePatchPlan>('/api/services/parakeet-asr/patches?action=undo');
    expect(undo.files.map(({ change }) => change)).to.deep.equal(['replace', 'remove']);
    const word = '/api/services/parakeet-asr/undo-patches';
    await succeeded(control, expectStatus(await call<WireOperation>('POST', word, { confirm: undo.id }), 202));
    expect(await inContainer('cat', '/opt/app/server.py')).to.equal('changed');
    expect((await inContainer('ls', '/opt/app')).trim()).to.equal('server.py');
    expect((await call('POST', word, {})).body.code).to.equal('NOT_SUPPORTED');
    for (const action of ['patches_applied', 'patches_undone']) {
      const { items } = await get<WireAuditList>(`/api/audit?action=${action}`);
      expect(items.map(({ target }) => target)).to.deep.equal(['parakeet-asr']);
    }
  });

  it('are asked one real request each, the running model too; a web UI gets its link when it knows that model', async () => {
    const swap = await control.swap({ model: 'alpha' });
    expect(swap, JSON.stringify(swap.cause)).to.include({ phase: 'ready' });
    await control.kill();
    await control.start(env);
    await eventually('the model to be seen', async () => (await get<WireEndpointList>('/api/endpoints')).items[0]?.model === 'alpha');
    const report = await get<WireDeepHealthReport>('/api/health/deep');
    const said = Object.fromEntries(report.items.map((each): [string, string] => [each.service, `${each.status}: ${each.detail}`]));
    expect(said).to.deep.equal({
      rig: 'pass: alpha made one token.',
      'parakeet-asr': 'pass: It transcribed half a second of audio.',
      diarizer: 'pass: It looked for speakers in half a second of audio.',
      kokoro: 'pass: It spoke one word (2000 bytes of audio).',
      embeddings: 'pass: It embedded one word in 3 dimensions.',
      little: 'pass: little-one made one token.',
      webui: 'pass: It answers, and knows 1 model.',
      plain: 'skip: There is nothing more to ask a service of this kind.',
      'the-model': 'pass: alpha made one token.',
      away: 'skip: There is nothing more to ask a service of this kind.',
    });
    const link = await eventually('the link', async () => (await detail('webui')).link);
    expect(link).to.equal('https://chat.test/?models=alpha');
    expect((await detail('webui')).models).to.deep.equal(['alpha']);
  });

  it('come and go with services.yaml while it runs, and a faulty one takes none of them away', async () => {
    const keys = async (): Promise<readonly string[]> => (await get<WireServiceList>('/api/services')).items.map(({ key }) => key);
    control.configure('services.yaml', { services: { ...services, fresh: { kind: 'http', host: 'spark1', port: 9_200 } } });
    await eventually('the new service', async () => (await keys()).includes('fresh'));
    control.configure('services.yaml', { services: { ...services, odd: { kind: 'no-such-kind', port: 9_201 } } });
    await eventually(
      'the fault in the log',
      () => control.output.includes('no-such-kind') || control.output.includes('/services/odd/kind'),
    );
    expect(await keys())
      .to.include('fresh')
      .and.to.not.include('odd');
    control.configure('services.yaml', { services });
    await eventually('the mended file', async () => !(await keys()).includes('fresh'));
  });
});
