import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WireAuditList, WireLock, WireNimImage, WireOperation, WireServiceDetail } from '@spark-control/schema';
import { expect } from 'chai';
import { rigCluster } from './support/cluster.ts';
import { must } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { registryProblem } from './support/host-registry.ts';
import { containersOn } from './support/hosts.ts';
import { begin, expectStatus, OperationStream, settledOperation, succeeded } from './support/long-work.ts';
import { publishNims, startKeyedRegistry } from './support/nim-registry.ts';
import { sampleProcesses } from './support/process-sampler.ts';
import { LOGIN, type SparkHost } from './support/spark-host.ts';
import { useRig } from './support/suite.ts';

const KEY = 'nvapi-canary-0123456789abcdefghijklmnopqrstuvwxyz';
const HIDDEN = { NGC_API_KEY: KEY, OWN_SECRET: 'env-canary-9876543210' };
const PORT = 8_001;

describe('section 5 over two real hosts: NIM containers', function () {
  this.timeout(120_000);
  const rig = useRig();
  let control: ControlPlane;
  let images: Awaited<ReturnType<typeof publishNims>>;
  const stops: (() => Promise<void>)[] = [];
  const head = (): SparkHost => rig().hosts[0]!;
  before(async function needsRegistry() {
    const problem = registryProblem();
    if (problem !== null) {
      if (process.env['CI']) throw new Error(problem);
      return this.skip();
    }
    stops.push(await startKeyedRegistry(head(), join(rig().directory, 'section-five-keyed'), KEY));
    images = await publishNims(head(), KEY, join(rig().directory, 'section-five-nims'));
    control = await new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern' })], { alpha: { repo: 'org/alpha' } }).start();
  });
  after(async () => {
    if (control === undefined) return;
    await control.stop();
    for (const image of Object.values(images))
      await head()
        .docker('rmi', '-f', image)
        .catch(() => '');
    for (const stop of stops) await stop();
    rmSync(join(rig().directory, 'section-five-keyed'), { recursive: true, force: true });
    rmSync(join(head().directory, 'home', LOGIN.user, '.cache/nim'), { recursive: true, force: true });
  });

  const get = async <T>(path: string): Promise<T> => expectStatus(await control.call<T>('GET', path), 200) as T;
  const install = (body: object): Promise<Answer<WireOperation & ProblemBody>> => control.call('POST', '/api/nim/install', body);
  const names = async (): Promise<readonly string[]> => (await containersOn(head())).map(({ name, status }) => `${name} ${status}`);

  it('come from a registry with a key that shows nowhere, are asked until they are ready, and become a service', async () => {
    const { items } = await get<{ items: readonly WireNimImage[] }>('/api/nim/images');
    expect(items.length).to.be.greaterThan(0);
    const stop = await sampleProcesses('-canary-');
    const body = {
      image: images.good,
      container: 'nim-one',
      port: PORT,
      shm_gib: 1,
      ngc_api_key: KEY,
      env: { OWN_SECRET: HIDDEN.OWN_SECRET },
    };
    const begun = await begin(control, '/api/nim/install', { ...body, register_service: { key: 'nim-one', kind: 'openai' } });
    const stream = new OperationStream();
    await stream.open(control, begun.id);
    const over = await succeeded(control, begun);
    await stream.ended();
    const report = await stop();
    console.info(`      looked ${report.samples} times, every ${report.p50Ms} ms (p99 ${report.p99Ms} ms)`);
    expect(over.parts.filter(({ key }) => !key.startsWith('layer/')).map(({ key, status }) => [key, status])).to.deep.equal([
      ['login', 'done'],
      ['check', 'done'],
      ['image', 'done'],
      ['start', 'done'],
      ['health', 'done'],
      ['register', 'done'],
    ]);
    expect(over.parts.filter(({ key }) => key.startsWith('layer/')).length).to.be.greaterThan(0);
    expect(over.result).to.include({ container: 'nim-one', service: 'nim-one', replaced: false });
    expect(over.result?.['notice']).to.contain('docker inspect nim-one');
    expect(await names()).to.deep.equal(['nim-one running']);
    const service = await get<WireServiceDetail>('/api/services/nim-one');
    expect(service).to.include({ host: 'spark1', source: 'override', container: 'nim-one' });
    expect(service.facts).to.include({ name: 'nim-one', status: 'running' });
    expect((await get<WireLock>('/api/swap/lock')).held).to.equal(false);

    expect(report.samples).to.be.greaterThan(50);
    expect(report.inArguments).to.deep.equal([]);
    for (const argv of report.inEnvironment) expect(argv).to.match(/docker\b.* run .*-d --name nim-one|^node -e|runc|containerd-shim/);
    const { items: audit } = await get<WireAuditList>('/api/audit');
    for (const hidden of Object.values(HIDDEN)) {
      expect(stream.text + JSON.stringify([over, audit]) + control.output).to.not.contain(hidden);
      expect(await must(['grep', '-rlaF', hidden, control.dataFolder, join(head().directory, 'home')]).catch(() => '')).to.equal('');
    }
  });

  /** Each waits until a container has loaded, or has not. */
  const inProof = process.env['SPARK_PROVE'] === '1' ? it : () => undefined;

  inProof('are replaced by another one with consent only, which steps back when it does not come up', async () => {
    const body = { image: images.good, container: 'nim-one', port: PORT, shm_gib: 1, ngc_api_key: KEY };
    await succeeded(control, expectStatus(await install(body), 202));
    const [first] = await containersOn(head());
    const taken = await install(body);
    expect([taken.status, ...(taken.body.issues ?? []).map(({ path }) => path)]).to.include.members([422, '/container']);
    const crashed = await settledOperation(control, expectStatus(await install({ ...body, image: images.crashing, replace: true }), 202));
    expect(crashed).to.include({ state: 'failed' });
    expect(crashed.cause?.message).to.match(/memory/i);
    expect((await containersOn(head())).map(({ id, status }) => [id, status])).to.deep.equal([[first!.id, 'running']]);
    await succeeded(control, expectStatus(await install({ ...body, image: images.second, replace: true }), 202));
    expect((await containersOn(head())).map(({ name, image }) => [name, image])).to.deep.equal([['nim-one', images.second]]);
  });

  it('are refused before the pull: another processor, a wrong key, a port that is taken, a lock of somebody else', async () => {
    const body = { container: 'nim-two', port: 8_002, shm_gib: 1 };
    const foreign = await settledOperation(
      control,
      expectStatus(await install({ ...body, image: images.wrongProcessor, ngc_api_key: KEY }), 202),
    );
    expect(foreign.cause?.message).to.match(/arm64|amd64/);
    expect(foreign.parts.find(({ key }) => key === 'image')?.status).to.not.equal('done');
    const wrong = await settledOperation(
      control,
      expectStatus(await install({ ...body, image: images.good, ngc_api_key: 'nvapi-wrong-canary-000' }), 202),
    );
    expect(wrong).to.include({ state: 'failed' });
    expect(JSON.stringify(wrong) + control.output).to.not.contain('nvapi-wrong-canary');
    const port = await install({ ...body, image: images.good, port: 8_000, ngc_api_key: KEY });
    expect([port.status, port.body.issues?.[0]?.path]).to.deep.equal([422, '/port']);
    const { body: grant } = await control.call<{ lock_id: string }>('POST', '/api/swap/lock', { holder: 'somebody', ttl_seconds: 60 });
    const locked = await install({ ...body, image: images.good, ngc_api_key: KEY });
    expect([locked.status, locked.body.code]).to.deep.equal([423, 'LOCKED']);
    await control.call('DELETE', '/api/swap/lock', { lock_id: grant.lock_id });
    expect(await names()).to.deep.equal([]);
  });
});
