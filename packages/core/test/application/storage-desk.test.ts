import { expect } from 'chai';
import { type Model, modelKey } from '../../src/index.ts';
import { aModel } from '../support/builders.ts';
import { refusal } from '../support/refusal.ts';
import { StorageBench } from '../support/storage-bench.ts';

const GIB = 2 ** 30;
const NEVER = new AbortController().signal;

describe('the storage desk', () => {
  let bench: StorageBench;
  beforeEach(() => {
    bench = new StorageBench();
  });
  afterEach(async () => {
    bench.desk.close();
    await bench.operations.close();
  });
  const local: Partial<Model> = { source: { kind: 'local_path', path: '/models/mine' } };

  describe('downloading', () => {
    it('brings the weights to every host that the model spans, under the id of the operation', async () => {
      const begun = await bench.download();
      expect(begun).to.include({ kind: 'model_download', subject: 'the-model', cluster: 'default', state: 'running', cancellable: true });
      const over = await bench.settled(begun);
      expect(over).to.deep.include({ state: 'succeeded', cause: null });
      expect(over.result).to.deep.equal({ repo: 'org/model', revision: null, hosts: ['spark1', 'spark2'], bytes: 10 * GIB });
      expect(over.parts.map(({ host, status, fraction }) => [host, status, fraction])).to.deep.equal([
        ['spark1', 'done', 1],
        ['spark2', 'done', 1],
      ]);
      expect(bench.storage.orders).to.deep.equal([
        { job: begun.id, repo: 'org/model', revision: null, hosts: ['spark1', 'spark2'], token: 'hf_of_the_environment' },
      ]);
      expect(bench.store.audit.entries[0]).to.include({ action: 'weights_downloaded', note: 'org/model to spark1, spark2' });
    });

    it('brings them to the hosts that are named only', async () => {
      await bench.settled(await bench.download({ hosts: ['spark2', 'spark2'] }));
      expect(bench.storage.orders[0]?.hosts).to.deep.equal(['spark2']);
    });

    it('takes the token of the entry first, and stores none of them', async () => {
      bench.secrets['MINE'] = 'hf_of_the_entry';
      bench.models = [{ ...bench.models[0]!, env: { HF_TOKEN: { kind: 'secret', name: 'MINE' } } }];
      const begun = await bench.download();
      await bench.settled(begun);
      expect(bench.storage.orders[0]?.token).to.equal('hf_of_the_entry');
      expect(JSON.stringify([bench.store.saved, await bench.store.unsettled()])).to.not.match(/hf_of_/);
      expect(bench.operations.logTail(begun.id).map(({ line }) => line)).to.deep.equal(['with ***']);
    });

    it('refuses when the disk is too small, with figures, and counts what is there already', async () => {
      bench.storage.freeBytes = 7 * GIB;
      const { code, message, details } = await refusal(bench.download());
      expect(code).to.equal('NOT_ENOUGH_DISK');
      expect(message).to.equal('the-model needs 12.0 GiB on spark1, and 7.0 GiB are free there.');
      expect(details).to.include({ host: 'spark1', neededBytes: 12 * GIB, freeBytes: 7 * GIB });
      for (const host of ['spark1', 'spark2']) bench.place(host, { bytes: 6 * GIB, complete: false });
      expect((await bench.settled(await bench.download())).state).to.equal('succeeded');
    });

    it('goes by the size in the catalog where the hub does not tell', async () => {
      bench.storage.size = null;
      bench.storage.freeBytes = 11 * GIB;
      expect((await refusal(bench.download())).code).to.equal('NOT_ENOUGH_DISK');
      bench.storage.freeBytes = 12 * GIB;
      await bench.settled(await bench.download());
    });

    it('does not ask for room that a whole model does not need', async () => {
      bench.storage.freeBytes = 0;
      for (const host of ['spark1', 'spark2']) bench.place(host);
      expect((await bench.settled(await bench.download())).state).to.equal('succeeded');
    });

    it('runs once at a time for a repository, whoever asks', async () => {
      bench.storage.onDownload = (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      bench.models.push(aModel('same-weights', { source: { kind: 'repo', repo: 'org/model', revision: null } }));
      const begun = await bench.download();
      await bench.clock.advance(0);
      const refused = await refusal(bench.download({ model: modelKey('same-weights') }));
      expect(refused).to.include({ code: 'OPERATION_IN_PROGRESS' });
      expect(refused.details.operationId).to.equal(begun.id);
      // Also where what has come of it leaves no room for another: nobody asked for another.
      bench.storage.freeBytes = 0;
      expect(await refusal(bench.download())).to.include({ code: 'OPERATION_IN_PROGRESS' });
    });

    it('goes on in the next process under the same name, with the token that is set then', async () => {
      bench.storage.onDownload = (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const begun = await bench.download();
      await bench.clock.advance(0);
      bench.storage.onDownload = async () => {};
      bench.secrets = { HF_TOKEN: 'hf_new' };
      await bench.restart();
      expect((await bench.settled(begun)).state).to.equal('succeeded');
      expect(bench.storage.orders.map(({ job, token }) => [job, token])).to.deep.equal([
        [begun.id, 'hf_of_the_environment'],
        [begun.id, 'hf_new'],
      ]);
    });

    it('is broken off by a cancel', async () => {
      bench.storage.onDownload = (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const begun = await bench.download();
      await bench.clock.advance(0);
      await bench.operations.cancel(begun.id, { name: 'tester', address: null, requestId: null });
      expect((await bench.settled(begun)).state).to.equal('cancelled');
    });

    it('refuses what cannot be downloaded, or not there', async () => {
      bench.models.push(aModel('mine', local), aModel('elsewhere', { clusters: ['other' as never] }), aModel('big', { nodes: 3 }));
      const codes = async (over: Parameters<StorageBench['download']>[0]): Promise<string> => (await refusal(bench.download(over))).code;
      expect(await codes({ model: modelKey('mine') })).to.equal('NOT_SUPPORTED');
      expect(await codes({ model: modelKey('nobody') })).to.equal('MODEL_NOT_FOUND');
      expect(await codes({ cluster: 'nowhere' })).to.equal('CLUSTER_NOT_FOUND');
      expect(await codes({ hosts: ['spark9'] })).to.equal('HOST_NOT_FOUND');
      expect(await codes({ model: modelKey('elsewhere') })).to.equal('CLUSTER_NOT_FOUND');
      expect(await codes({ model: modelKey('big'), cluster: 'default' })).to.equal('INVALID_REQUEST');
      bench.storage.down.add('spark2');
      expect(await codes({})).to.equal('HOST_UNREACHABLE');
      await bench.settled(await bench.download({ hosts: ['spark1'] }));
    });
  });

  it('says so where the disks of a cluster are out of reach', async () => {
    bench.byCluster.clear();
    expect((await refusal(bench.download())).code).to.equal('NOT_SUPPORTED');
    expect((await refusal(bench.pull())).code).to.equal('NOT_SUPPORTED');
    expect((await bench.desk.disk(modelKey('the-model'), NEVER)).hosts).to.deep.equal([]);
  });

  describe('pulling', () => {
    it('pulls on every host, and says what came', async () => {
      bench.storage.onPull = () => {
        bench.storage.images = { spark1: 'sha256:b', spark2: 'sha256:b' };
      };
      const over = await bench.settled(await bench.pull());
      expect(over.result).to.include({ image: 'vllm-node', id: 'sha256:b', changed: true });
      expect(over.parts.map(({ status, note }) => [status, note])).to.deep.equal([
        ['done', '0 of 1 layers'],
        ['done', '0 of 1 layers'],
      ]);
      expect(bench.store.audit.entries[0]).to.include({ action: 'image_pulled' });
      expect((await bench.settled(await bench.pull())).result).to.include({ changed: false });
    });

    it("takes the entry's own image", async () => {
      bench.models = [{ ...bench.models[0]!, image: 'org/own:v1' }];
      await bench.settled(await bench.pull());
      expect(bench.storage.pulls[0]).to.include({ image: 'org/own:v1' });
    });

    it('fails when the hosts came to different images, and names both', async () => {
      bench.storage.onPull = () => {
        bench.storage.images = { spark1: 'sha256:b', spark2: 'sha256:c' };
      };
      const { state, cause } = await bench.settled(await bench.pull());
      expect([state, cause?.code]).to.deep.equal(['failed', 'RUNTIME_REJECTED']);
      expect(cause?.message).to.contain('spark1 has sha256:b').and.to.contain('spark2 has sha256:c');
    });

    it('fails when the image is not there in the end', async () => {
      bench.storage.onPull = () => {
        bench.storage.images = { spark1: 'sha256:b', spark2: null };
      };
      expect((await bench.settled(await bench.pull())).cause?.message).to.contain('not on spark2');
    });

    it('asks for the room that it takes elsewhere where it is missing, and not for an update', async () => {
      bench.storage.images = { spark1: 'sha256:a', spark2: null };
      bench.diskFree = 15 * GIB;
      const { code, details } = await refusal(bench.pull());
      expect([code, details['host'], details['neededBytes']]).to.deep.equal(['NOT_ENOUGH_DISK', 'spark2', 22 * GIB]);
      bench.storage.images = { spark1: 'sha256:a', spark2: 'sha256:a' };
      await bench.settled(await bench.pull());
    });
  });

  describe('showing', () => {
    it('tells of each host what is there, and asks the hosts twice a minute at most', async () => {
      bench.place('spark1');
      bench.storage.down.add('spark2');
      const { hosts, deletable } = await bench.desk.disk(modelKey('the-model'), NEVER);
      expect(deletable).to.equal(true);
      expect(hosts).to.deep.equal([
        {
          ...{ host: 'spark1', cluster: 'default', kind: 'cache', present: true, path: '/cache/the-model', bytes: 10 * GIB },
          ...{ complete: true, downloading: false, freeBytes: 100 * GIB, problem: null },
        },
        {
          ...{ host: 'spark2', cluster: 'default', kind: 'cache', present: null, path: null, bytes: null },
          ...{ complete: false, downloading: false, freeBytes: null, problem: 'its cable is out' },
        },
      ]);
      await bench.desk.disk(modelKey('the-model'), NEVER);
      expect(bench.storage.surveys).to.equal(1);
      await bench.clock.advance(30_001);
      await bench.desk.disk(modelKey('the-model'), NEVER);
      expect(bench.storage.surveys).to.equal(2);
    });

    it('says why a model may not be deleted', async () => {
      bench.models.push(aModel('mine', local));
      expect(await bench.desk.disk(modelKey('mine'), NEVER)).to.deep.include({ deletable: false });
      expect((await bench.desk.disk(modelKey('the-model'), NEVER)).reason).to.equal('It is on no host that answers.');
    });

    it('knows the last survey without waiting, and has it renewed behind the back', async () => {
      bench.place('spark1');
      expect(bench.desk.knownDisk(modelKey('the-model'))).to.deep.equal([]);
      expect(bench.desk.knownDisk(modelKey('the-model'))).to.deep.equal([]);
      await bench.clock.advance(0);
      expect(bench.storage.surveys).to.equal(1);
      expect(bench.desk.knownDisk(modelKey('the-model')).map(({ present }) => present)).to.deep.equal([true, false]);
      await bench.clock.advance(30_001);
      expect(bench.desk.knownDisk(modelKey('the-model'))).to.have.lengthOf(2);
      await bench.clock.advance(0);
      expect(bench.storage.surveys).to.equal(2);
    });
  });
});
