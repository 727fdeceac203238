import type {
  WireAuditList,
  WireDeepHealthReport,
  WireOperation,
  WireSettings,
  WireStorageRestoreGuide,
  WireVectorCollection,
  WireVectorSnapshotList,
} from '@spark-control/schema';
import { type FakeQdrant, startFakeQdrant } from '@spark-control/simulator';
import { expect } from 'chai';
import { rigCluster } from './support/cluster.ts';
import { must } from './support/commands.ts';
import { type Answer, ControlPlane, type ProblemBody } from './support/control-plane.ts';
import { begin, expectStatus, settledOperation, succeeded } from './support/long-work.ts';
import { useRig } from './support/suite.ts';

const KEY = 'qdrant-canary-0123456789';

describe('section 5 over two real hosts: vectors and settings', function () {
  this.timeout(60_000);
  const rig = useRig();
  let qdrant: FakeQdrant;
  let control: ControlPlane;
  before(async () => {
    // Real Qdrant is not to be had here: a double of it over real HTTP, where the hosts would run it.
    qdrant = await startFakeQdrant({ apiKey: KEY, collections: { documents: 5, notes: 3 } });
    control = new ControlPlane(rig(), [rigCluster(rig(), { installation: 'modern' })], { alpha: { repo: 'org/alpha' } });
    control.configure('services.yaml', {
      services: { qdrant: { kind: 'qdrant', url: qdrant.url, api_key: { from_env: 'QDRANT_API_KEY' } } },
    });
    await control.start({ QDRANT_API_KEY: KEY });
  });
  after(async () => {
    await control.stop();
    await qdrant.close();
  });

  const get = async <T>(path: string): Promise<T> => expectStatus(await control.call<T>('GET', path), 200) as T;
  const call = <T>(method: string, path: string, body?: object): Promise<Answer<T & ProblemBody>> => control.call(method, path, body);
  const snapshots = async (collection: string): Promise<readonly string[]> =>
    (await get<WireVectorSnapshotList>(`/api/qdrant/snapshots?collection=${collection}`)).items.map(({ name }) => name);

  it('snapshots are taken of every collection, kept so many of, and let go only once the new one is verified', async () => {
    const { items } = await get<{ items: readonly WireVectorCollection[] }>('/api/qdrant/collections');
    expect(items.map(({ name, points }) => [name, points])).to.deep.equal([
      ['documents', 5],
      ['notes', 3],
    ]);
    for (let count = 0; count < 3; count += 1) await succeeded(control, await begin(control, '/api/qdrant/snapshots', { keep_count: 2 }));
    expect([(await snapshots('documents')).length, (await snapshots('notes')).length]).to.deep.equal([2, 2]);
    const before = await snapshots('documents');
    qdrant.faults.emptySnapshots = true;
    const failed = await settledOperation(
      control,
      await begin(control, '/api/qdrant/snapshots', { collection: 'documents', keep_count: 1 }),
    );
    qdrant.faults.emptySnapshots = false;
    expect(failed.state).to.equal('failed');
    expect(await snapshots('documents')).to.include.members([...before]);
  });

  it('a collection is restored from one, after its name was given twice', async () => {
    const taken = await succeeded(control, await begin(control, '/api/qdrant/snapshots', { collection: 'notes' }));
    expect(taken.kind).to.equal('vector_snapshot');
    const [name] = await snapshots('notes');
    qdrant.storage.put('notes', [{ id: 99, vector: [0, 0, 0, 1], payload: {} }]);
    expect(qdrant.storage.points('notes')).to.have.length(4);
    const odd = await call<WireOperation>('POST', '/api/qdrant/restore', { collection: 'notes', snapshot: name, confirm: 'documents' });
    expect(odd.status).to.equal(422);
    await succeeded(control, await begin(control, '/api/qdrant/restore', { collection: 'notes', snapshot: name, confirm: 'notes' }));
    expect(qdrant.storage.points('notes')).to.have.length(3);
    expect((await call('DELETE', `/api/qdrant/snapshots/${name}?collection=notes`)).status).to.equal(204);
    expect(await snapshots('notes')).to.not.include(name);
    const guide = await get<WireStorageRestoreGuide>('/api/qdrant/storage-restore');
    expect(guide.steps.length).to.be.greaterThan(1);
  });

  it('a full disk and a wrong key are told as such, and the key is in no log, record or answer', async () => {
    qdrant.faults.diskFull = true;
    const full = await settledOperation(control, await begin(control, '/api/qdrant/snapshots', { collection: 'notes' }));
    qdrant.faults.diskFull = false;
    expect(full.cause?.code).to.equal('NOT_ENOUGH_DISK');
    const { items } = await get<WireDeepHealthReport>('/api/health/deep');
    expect(items.find(({ service }) => service === 'qdrant')).to.include({ status: 'pass' });
    await control.kill();
    await control.start({ QDRANT_API_KEY: 'another-canary' });
    const wrong = await call('GET', '/api/qdrant/collections');
    expect([wrong.status, wrong.body.code]).to.deep.equal([502, 'UPSTREAM_FAILED']);
    expect(wrong.body.detail).to.contain('QDRANT_API_KEY').and.to.not.contain('canary');
    await control.kill();
    await control.start({ QDRANT_API_KEY: KEY });
    const { items: audit } = await get<WireAuditList>('/api/audit');
    expect(JSON.stringify(audit) + control.output).to.not.contain('canary');
    expect(await must(['grep', '-rlaF', 'canary', control.dataFolder]).catch(() => '')).to.equal('');
  });

  it('settings are shown with their sources, and changed in the file that they come from, all or none', async () => {
    const answer = await control.call<WireSettings>('GET', '/api/settings');
    const settings = expectStatus(answer, 200);
    const at = (path: string, view: WireSettings = settings) => view.items.find((item) => item.path === path);
    expect(at('/clusters/rig/port')).to.include({ value: 8_000, source: 'file' });
    expect(at('env#/NGC_API_KEY')).to.include({ source: 'default', secret: true });
    expect(JSON.stringify(settings)).to.not.contain('canary');
    const revision = answer.headers.get('etag') ?? '';
    const change = (changes: readonly object[], etag: string): Promise<Answer<WireSettings & ProblemBody>> =>
      control.call('PATCH', '/api/settings', { changes }, { 'if-match': etag });
    const bad = await change(
      [
        { path: '/limits/drain_seconds', value: 5 },
        { path: '/clusters/rig/port', value: 'many' },
      ],
      revision,
    );
    expect([bad.status, bad.body.code]).to.deep.equal([422, 'INVALID_SETTINGS']);
    const changed = expectStatus(await change([{ path: '/limits/drain_seconds', value: 5 }], revision), 200);
    expect(at('/limits/drain_seconds', changed)).to.include({ value: 5, source: 'file' });
    expect(changed.restart_required).to.equal(true);
    expect((await change([{ path: '/limits/drain_seconds', value: 6 }], revision)).body.code).to.equal('STALE_REVISION');
    await control.kill();
    await control.start({ QDRANT_API_KEY: KEY });
    expect((await get<WireSettings>('/api/settings')).restart_required).to.equal(false);
  });
});
