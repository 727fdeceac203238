import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { HttpVectorAdmin } from '../../src/index.ts';
import { aStore, KEY, NEVER, refusalOf, VectorBench } from './vector-bench.ts';

describe('the adapter of Qdrant', () => {
  let bench: VectorBench;
  const open = async (options: Parameters<typeof VectorBench.open>[0] = {}): Promise<VectorBench> => {
    bench = await VectorBench.open(options);
    return bench;
  };
  afterEach(() => bench.close());

  it('lists collections with what is in them', async () => {
    const { admin } = await open();
    expect(await admin.collections('qdrant', NEVER)).to.deep.equal([
      { name: 'notes', points: 3, status: 'green', vectorSize: 4 },
      { name: 'papers', points: 5, status: 'green', vectorSize: 4 },
    ]);
  });

  it('makes, lists and removes snapshots of a collection and of the whole storage', async () => {
    const { admin, time, qdrant } = await open();
    for (const collection of ['notes', null]) {
      const made = await admin.create('qdrant', collection, NEVER);
      expect(made).to.include({ collection, createdAt: time.now });
      expect(made.bytes).to.be.greaterThan(10);
      expect(made.checksum).to.match(/^[0-9a-f]{64}$/);
      expect(await admin.snapshots('qdrant', collection, NEVER)).to.deep.equal([made]);
      await admin.remove('qdrant', made, NEVER);
      expect(await admin.snapshots('qdrant', collection, NEVER)).to.deep.equal([]);
    }
    expect(qdrant.requests).to.include('POST /collections/notes/snapshots?wait=true');
  });

  it('puts a collection back by the file in the store, without moving it', async () => {
    const { admin, qdrant } = await open();
    const made = await admin.create('qdrant', 'notes', NEVER);
    qdrant.storage.put('notes', [{ id: 99, vector: [1, 2, 3, 4], payload: null }]);
    await admin.recover('qdrant', made, NEVER);
    expect(qdrant.storage.points('notes').map(({ id }) => id)).to.deep.equal([0, 1, 2]);
    expect(qdrant.requests.some((line) => line.includes('upload'))).to.equal(false);
  });

  it('puts it back by way of this machine where the folder of the store is another one', async () => {
    const { admin, qdrant } = await open();
    const made = await admin.create('qdrant', 'notes', NEVER);
    qdrant.storage.put('notes', [{ id: 99, vector: [1, 2, 3, 4], payload: null }]);
    qdrant.faults.otherFolder = true;
    await admin.recover('qdrant', made, NEVER);
    expect(qdrant.storage.points('notes')).to.have.length(3);
    expect(qdrant.requests.at(-1)).to.match(
      /^POST \/collections\/notes\/snapshots\/upload\?priority=snapshot&wait=true&checksum=[0-9a-f]{64}$/,
    );
  });

  it('refuses to put back what has another checksum, and does not try another way', async () => {
    const { admin, qdrant } = await open();
    const made = await admin.create('qdrant', 'notes', NEVER);
    const { code, message } = await refusalOf(admin.recover('qdrant', { ...made, checksum: 'f'.repeat(64) }, NEVER));
    expect([code, message]).to.deep.equal([
      'UPSTREAM_FAILED',
      `Qdrant refused putting notes back to ${made.name}: the file does not have the checksum that the list gives.`,
    ]);
    expect(qdrant.requests.some((line) => line.includes('upload'))).to.equal(false);
  });

  it('writes names of collections and snapshots as one segment of a path, whatever they hold', async () => {
    const { admin, qdrant } = await open({ collections: { 'a/../b c?#%': 2 } });
    const made = await admin.create('qdrant', 'a/../b c?#%', NEVER);
    expect((await admin.snapshots('qdrant', 'a/../b c?#%', NEVER)).map(({ name }) => name)).to.deep.equal([made.name]);
    await admin.recover('qdrant', made, NEVER);
    await admin.remove('qdrant', made, NEVER);
    expect(qdrant.requests.every((line) => /^\w+ \/collections\/a%2F\.\.%2Fb%20c%3F%23%25(\/|$|\?)/.test(line))).to.equal(true);
    for (const name of ['', '.', '..']) {
      expect((await refusalOf(admin.remove('qdrant', { collection: 'a', name }, NEVER))).code).to.equal('INVALID_REQUEST');
    }
  });

  describe('when it is refused', () => {
    const words: readonly (readonly [string, (bench: VectorBench) => void, string, string])[] = [
      [
        'with a wrong key',
        ({ environment }) => void Object.assign(environment, { QDRANT_API_KEY: 'another-key' }),
        'UPSTREAM_FAILED',
        'Qdrant refused the API key in QDRANT_API_KEY.',
      ],
      [
        'without the key that is named',
        ({ environment }) => void delete environment['QDRANT_API_KEY'],
        'UPSTREAM_FAILED',
        'Qdrant wants an API key, and the variable QDRANT_API_KEY is not set.',
      ],
      [
        'without any key configured',
        (on) => void Object.assign(on, { services: [aStore({ apiKeyVariable: null })] }),
        'UPSTREAM_FAILED',
        'Qdrant wants an API key, and none is configured: name a variable that holds it as api_key of the service.',
      ],
      [
        'with a key that may only read',
        ({ environment }) => void Object.assign(environment, { QDRANT_API_KEY: 'only-to-read' }),
        'UPSTREAM_FAILED',
        'Qdrant knows the key in QDRANT_API_KEY, but does not let it do this: a snapshot of notes.',
      ],
      [
        'for a full disk',
        ({ qdrant }) => void Object.assign(qdrant.faults, { diskFull: true }),
        'NOT_ENOUGH_DISK',
        'Qdrant has no room left on its disk for a snapshot of notes. A snapshot needs about as much as its collection.',
      ],
      [
        'by a broken connection',
        ({ qdrant }) => void Object.assign(qdrant.faults, { cut: true }),
        'UPSTREAM_FAILED',
        'Qdrant did not answer POST /collections/notes/snapshots: the connection was cut.',
      ],
      [
        'by a collection that is not there',
        ({ qdrant }) => void qdrant.storage.drop('notes'),
        'COLLECTION_NOT_FOUND',
        'There is no collection "notes" in Qdrant.',
      ],
      [
        'by a service that has gone',
        (on) => void Object.assign(on, { services: [] }),
        'SERVICE_NOT_FOUND',
        'There is no service "qdrant" of kind qdrant.',
      ],
    ];
    for (const [what, prepare, code, message] of words) {
      it(`${what}, it says so`, async () => {
        await open({ readOnlyKey: 'only-to-read' });
        prepare(bench);
        const refusal = await refusalOf(bench.admin.create('qdrant', 'notes', NEVER));
        expect([refusal.code, refusal.message]).to.deep.equal([code, message]);
      });
    }

    it('after its time, it says how long that was', async () => {
      await open({ deadlines: { copyMs: 60 } });
      bench.qdrant.faults.snapshotDelayMs = 10_000;
      const refusal = await refusalOf(bench.admin.create('qdrant', 'notes', NEVER));
      expect([refusal.code, refusal.message]).to.deep.equal([
        'UPSTREAM_TIMEOUT',
        'Qdrant did not answer POST /collections/notes/snapshots within 0.06 s.',
      ]);
    });

    it('for a snapshot that is not there, it names it', async () => {
      await open();
      const gone = { collection: 'notes', name: 'gone.snapshot' };
      expect((await refusalOf(bench.admin.remove('qdrant', gone, NEVER))).code).to.equal('SNAPSHOT_NOT_FOUND');
      expect((await refusalOf(bench.admin.recover('qdrant', { ...gone, checksum: null }, NEVER))).code).to.equal('SNAPSHOT_NOT_FOUND');
    });
  });

  it('ends with its caller', async () => {
    await open();
    bench.qdrant.faults.snapshotDelayMs = 10_000;
    const caller = new AbortController();
    const call = bench.admin.create('qdrant', 'notes', caller.signal);
    caller.abort(new Error('the caller has gone'));
    const reason: unknown = await call.catch((error: unknown) => error);
    expect(reason).to.equal(caller.signal.reason);
  });

  it('never has the key in an error, its cause or its details', async () => {
    await open();
    const { environment, qdrant, admin } = bench;
    const keys = [KEY, `${KEY}\nx-evil: 1`, `${KEY}é\u0000`];
    for (const key of keys) {
      environment['QDRANT_API_KEY'] = key;
      for (const fault of ['diskFull', 'cut', 'none'] as const) {
        Object.assign(qdrant.faults, { diskFull: fault === 'diskFull', cut: fault === 'cut' });
        const error: unknown = await admin.create('qdrant', 'notes', NEVER).catch((caught: unknown) => caught);
        for (let shown = error; shown instanceof Error; shown = shown.cause) {
          expect(`${shown.stack} ${JSON.stringify(shown)} ${Object.values(shown).map(String).join(' ')}`).to.not.contain(KEY);
        }
      }
    }
  });

  it('does not take just anything for Qdrant, or for an answer', async () => {
    await open();
    const answers: Record<string, string> = { '/collections': '{"result":{"collections":"none"}}', '/snapshots': '<html>' };
    const server = createServer((request, response) => {
      const text = answers[request.url ?? ''];
      response.writeHead(text === undefined ? 404 : 200).end(text ?? 'nothing here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const admin = new HttpVectorAdmin({ services: { all: () => [aStore()] }, baseUrlOf: () => baseUrl, secrets: { read: () => null } });
    expect((await refusalOf(admin.collections('qdrant', NEVER))).message).to.equal('Qdrant listed no collections.');
    expect((await refusalOf(admin.snapshots('qdrant', null, NEVER))).message).to.equal(
      "Qdrant's answer to the list of snapshots is not JSON.",
    );
    answers['/collections'] = '{}';
    expect((await refusalOf(admin.collections('qdrant', NEVER))).message).to.equal(
      "Qdrant's answer to the list of collections has no result.",
    );
    delete answers['/collections'];
    expect((await refusalOf(admin.collections('qdrant', NEVER))).message).to.equal(
      'What answers at the address of Qdrant does not have the list of collections; is it Qdrant?',
    );
    answers['/snapshots'] = ' '.repeat(17 * 1024 * 1024);
    expect((await refusalOf(admin.snapshots('qdrant', null, NEVER))).message).to.match(/is longer than/);
    await new Promise((resolve) => server.close(resolve));
  });
});
