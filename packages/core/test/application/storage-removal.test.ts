import { expect } from 'chai';
import { type Model, modelKey, SparkError, swapId } from '../../src/index.ts';
import { aModel, aPlan, aSwap } from '../support/builders.ts';
import { refusal } from '../support/refusal.ts';
import { aView, StorageBench } from '../support/storage-bench.ts';

const GIB = 2 ** 30;

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

  describe('deleting', () => {
    beforeEach(() => {
      bench.place('spark1');
      bench.place('spark2');
    });

    it('deletes on every host that has it, once it is in the audit trail', async () => {
      const { freedBytes, hosts } = await bench.remove();
      expect(freedBytes).to.equal(20 * GIB);
      expect(hosts.map(({ host, through }) => [host, through])).to.deep.equal([
        ['spark1', 'login'],
        ['spark2', 'login'],
      ]);
      expect(bench.storage.removed).to.deep.equal(['org/model@spark1', 'org/model@spark2']);
      expect(bench.trail).to.have.lengthOf(1);
      expect(bench.trail[0]).to.include({ action: 'weights_removed', target: 'the-model', note: 'org/model from spark1, spark2' });
    });

    it('deletes nothing when that cannot be written down', async () => {
      bench.isTrailFull = true;
      expect((await refusal(bench.remove())).code).to.equal('STORE_UNAVAILABLE');
      expect(bench.storage.removed).to.deep.equal([]);
    });

    it('deletes on the one host that is named, and nothing in a trial', async () => {
      await bench.remove({ host: 'spark2' });
      expect(bench.storage.removed).to.deep.equal(['org/model@spark2']);
      const trial = await bench.remove({ dryRun: true });
      expect(trial).to.deep.include({ freedBytes: 20 * GIB });
      expect(trial.hosts.map(({ through }) => through)).to.deep.equal(['nothing', 'nothing']);
      expect(bench.storage.removed).to.have.lengthOf(1);
      expect(bench.trail).to.have.lengthOf(1);
    });

    it('tells what was deleted already when a host fails in the middle', async () => {
      bench.storage.onRemove = (host) => {
        if (host === 'spark2') throw new SparkError('HOST_UNREACHABLE', 'spark2 went away.');
      };
      const refused = await refusal(bench.remove());
      expect(refused).to.include({ code: 'HOST_UNREACHABLE', message: 'spark2 went away. On spark1 it was deleted before that.' });
    });

    it('deletes nothing anywhere while a host cannot be asked', async () => {
      bench.storage.down.add('spark2');
      expect((await refusal(bench.remove())).code).to.equal('HOST_UNREACHABLE');
      expect(bench.storage.removed).to.deep.equal([]);
      await bench.remove({ host: 'spark1' });
    });

    const inUse = async (force = true): Promise<string> => {
      const refused = await refusal(bench.remove({ force }));
      expect(refused.code).to.equal('MODEL_IN_USE');
      expect(bench.storage.removed).to.deep.equal([]);
      return refused.message;
    };

    it('leaves what is served alone: by its key, and by another entry with the same weights', async () => {
      bench.view = aView({ serving: { kind: 'model', model: modelKey('the-model') } });
      expect(await inUse()).to.contain('serves on cluster default');
      bench.models.push(aModel('long-context', { source: { kind: 'repo', repo: 'org/model', revision: 'v2' } }));
      bench.view = aView({ serving: { kind: 'model', model: modelKey('long-context') } });
      expect(await inUse()).to.contain('long-context');
    });

    it('leaves alone what a swap has just left serving, though the hosts were looked at before its end', async () => {
      const serving = { kind: 'model', model: modelKey('the-model') } as const;
      bench.view = aView({ serving: { kind: 'nothing' }, observedAt: 4_000 });
      bench.swaps = [aSwap({ phase: 'ready', serving, settledAt: 5_000 })];
      expect(await inUse()).to.contain('serves on cluster default');
      bench.view = aView({ serving: { kind: 'nothing' }, observedAt: 6_000 });
      await bench.remove();
      expect(bench.storage.removed).to.deep.equal(['org/model@spark1', 'org/model@spark2']);
    });

    it('leaves it alone as draft model, LoRA base or tokenizer of what is served', async () => {
      const flags = [
        { 'speculative-config': { method: 'eagle3', model: 'org/model', num_speculative_tokens: 3 } },
        { 'speculative-config': '{"model":"org/model"}' },
        { 'lora-modules': ['a={"path":"/x","base_model_name":"org/model"}'] },
        { 'lora-modules': ['style=org/model'] },
        { tokenizer: 'org/model' },
      ];
      for (const each of flags) {
        bench.models = [bench.models[0]!, aModel('other', { flags: each })];
        bench.view = aView({ serving: { kind: 'model', model: modelKey('other') } });
        expect(await inUse(), JSON.stringify(each)).to.contain('other');
      }
    });

    it('leaves it alone when something that is not ours serves it by name', async () => {
      for (const servedModelName of ['org/model', 'the-model']) {
        bench.view = aView({ serving: { kind: 'unmanaged' }, servedModelName });
        expect(await inUse()).to.contain('did not start');
      }
      bench.view = aView({ serving: { kind: 'unmanaged' }, servedModelName: 'org/model-2' });
      await bench.remove();
    });

    it('leaves it alone while a swap goes to it, waits for it, or may go back to it', async () => {
      const swap = aSwap({ target: modelKey('the-model'), phase: 'loading' });
      for (const view of [aView({ activeSwap: swap.id }), aView({ queued: [swapId('swp_unknown'), swap.id] })]) {
        bench.view = view;
        bench.swaps = [swap];
        expect(await inUse()).to.contain(swap.id);
      }
      bench.swaps = [{ ...swap, target: modelKey('another'), previous: { kind: 'unknown', model: modelKey('the-model') } }];
      expect(await inUse()).to.contain(swap.id);
      bench.swaps = [{ ...swap, phase: 'ready' }];
      await bench.remove();
    });

    it('leaves it alone while it is downloaded, by us or by somebody else', async () => {
      bench.place('spark1', { complete: false });
      bench.storage.onDownload = (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const begun = await bench.download();
      await bench.clock.advance(0);
      expect(await inUse()).to.contain('being downloaded');
      await bench.operations.cancel(begun.id, { name: 'tester', address: null, requestId: null });
      await bench.settled(begun);
      bench.place('spark1', { complete: false, downloading: true });
      expect(await inUse()).to.contain('writes the weights');
    });

    it('leaves it alone when another entry needs it, unless it is forced', async () => {
      bench.models.push(aModel('second', { source: { kind: 'repo', repo: 'org/model', revision: null } }));
      bench.models.push(aModel('third', { extraArgs: ['--speculative-model=org/model'] }));
      bench.models.push(
        aModel('innocent', { source: { kind: 'repo', repo: 'org/model-awq', revision: null }, flags: { tokenizer: 'my-org/model' } }),
      );
      const message = await inUse(false);
      expect(message).to.contain('second, third').and.to.not.contain('innocent');
      await bench.remove({ force: true });
    });

    it('looks once more when the hosts have answered: a swap may have been asked for in between', async () => {
      const survey = bench.storage.survey;
      bench.storage.survey = async (...args) => {
        bench.view = aView({ serving: { kind: 'model', model: modelKey('the-model') } });
        return await survey(...args);
      };
      await inUse();
    });

    it('leaves it alone as what a model was started with, though its entry names another repository by now', async () => {
      const serving = { kind: 'model', model: modelKey('other') } as const;
      const plan = aPlan('other', { args: ['org/model', '--max-model-len=4096'] });
      bench.models.push(aModel('other', { source: { kind: 'repo', repo: 'org/newer', revision: null } }));
      bench.view = aView({ serving });
      bench.swaps = [aSwap({ phase: 'ready', target: serving.model, plan, serving, settledAt: 5_000 })];
      expect(await inUse()).to.contain('other serves on cluster default with org/model');
      bench.view = aView();
      const loading = aSwap({ phase: 'loading', target: modelKey('the-newest'), previous: { kind: 'plan', model: serving.model, plan } });
      [bench.swaps, bench.view] = [[loading], aView({ activeSwap: loading.id })];
      expect(await inUse()).to.contain(loading.id);
      bench.swaps = [aSwap({ phase: 'ready', target: serving.model, plan: { ...plan, args: ['org/model-2'] }, serving, settledAt: 6_000 })];
      bench.view = aView({ serving });
      await bench.remove();
    });

    it('leaves it alone where its folder in the cache is named by a path', async () => {
      const path = '/cache/hub/models--org--model/snapshots/abc';
      for (const over of [{ flags: { 'speculative-config': { model: path } } }, { source: { kind: 'local_path' as const, path } }]) {
        bench.models = [bench.models[0]!, aModel('other', over)];
        bench.view = aView({ serving: { kind: 'model', model: modelKey('other') } });
        expect(await inUse()).to.contain('other');
      }
      bench.models = [bench.models[0]!, aModel('other', { flags: { tokenizer: '/cache/hub/models--org--model-awq/snapshots/abc' } })];
      await bench.remove();
    });

    it('looks before each host, and stops when a swap was asked for between two', async () => {
      bench.storage.onRemove = () => {
        bench.view = aView({ serving: { kind: 'model', model: modelKey('the-model') } });
      };
      const refused = await refusal(bench.remove());
      expect(refused).to.include({ code: 'MODEL_IN_USE' });
      expect(refused.message).to.match(/On spark1 it was deleted before that\.$/);
      expect(bench.storage.removed).to.deep.equal(['org/model@spark1']);
    });

    it('and a download of it keep each other off, whichever is first', async () => {
      let begun: Promise<unknown> = Promise.resolve();
      bench.storage.onRemove = () => {
        begun = refusal(bench.download());
      };
      await bench.remove({ host: 'spark1' });
      expect(await begun).to.include({ code: 'OPERATION_IN_PROGRESS' });
      bench.storage.onRemove = () => {};
      // Begun while the hosts were asked, and not yet stored.
      const survey = bench.storage.survey;
      bench.storage.survey = async (...args) => {
        bench.storage.survey = survey;
        const found = await survey(...args);
        void bench.download();
        await bench.clock.advance(0);
        return found;
      };
      bench.storage.onDownload = (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      expect((await refusal(bench.remove())).code).to.equal('MODEL_IN_USE');
      expect(bench.storage.removed).to.deep.equal(['org/model@spark1']);
    });

    it('is not covered up by a look at the hosts that began before it', async () => {
      const survey = bench.storage.survey;
      let answer = (): void => undefined;
      const looked = new Promise<void>((resolve) => {
        answer = resolve;
      });
      bench.storage.survey = async (...args) => {
        bench.storage.survey = survey;
        const before = await survey(...args);
        await looked;
        return before;
      };
      const slow = bench.desk.disk(modelKey('the-model'), new AbortController().signal);
      await bench.remove();
      for (const host of ['spark1', 'spark2']) bench.storage.stored[host] = {};
      answer();
      await slow;
      const { hosts } = await bench.desk.disk(modelKey('the-model'), new AbortController().signal);
      expect(hosts.map(({ present }) => present)).to.deep.equal([false, false]);
    });

    it('never deletes a local path, nor what nobody knows', async () => {
      bench.models = [{ ...bench.models[0]!, ...local }];
      expect(await refusal(bench.remove({ force: true }))).to.include({ code: 'NOT_SUPPORTED' });
      expect((await refusal(bench.remove({ force: true }))).message).to.contain('never deleted');
      bench.models = [aModel('the-model')];
      expect((await refusal(bench.remove({ host: 'spark9' }))).code).to.equal('HOST_NOT_FOUND');
      bench.models = [];
      expect((await refusal(bench.remove())).code).to.equal('MODEL_NOT_FOUND');
    });
  });
});
