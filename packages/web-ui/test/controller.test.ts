import { expect } from 'chai';
import { ApiError } from '../src/transport.ts';
import type { Problem } from '../src/wire.ts';
import { rig, settle } from './support/controller-rig.ts';
import { aCluster, aHost, aModel, aPreflight, aSettledSwap, aStatus, aSwap, iso, NOON } from './support/wire-builders.ts';

const refused: Problem = {
  title: 'Busy',
  status: 409,
  detail: 'A swap is running.',
  code: 'SWAP_IN_PROGRESS',
  remedy: 'Wait.',
  request_id: 'r1',
};
const fail = (): Promise<never> => Promise.reject(new ApiError(refused));
describe('the controller and the stream', () => {
  it('shows a snapshot by the clock of the server and fetches the catalog when its revision is new', async () => {
    let fetched = 0;
    const { store, controller } = rig({
      models: async () => {
        fetched += 1;
        return { items: [], next_cursor: null, revision: 1, fault: null };
      },
    });
    const data = aStatus({ now: iso(NOON + 60_000), swaps: [aSwap()] });
    controller.onStreamEvent({ type: 'snapshot', data });
    controller.onStreamEvent({ type: 'snapshot', data });
    await settle();
    expect(store.get()).to.include({ clockSkewMs: 60_000 });
    expect(store.get().swaps['swp_01']?.phase).to.equal('loading');
    expect(fetched).to.equal(1);
  });

  it('empties nothing when a new snapshot comes', () => {
    const { store, controller } = rig();
    controller.onStreamEvent({ type: 'snapshot', data: aStatus({ swaps: [aSettledSwap('ready')] }) });
    controller.onStreamEvent({ type: 'log', data: { swap_id: 'swp_01', seq: 1, host: 'spark-1', at: iso(NOON), line: 'up' } });
    controller.onStreamEvent({ type: 'snapshot', data: aStatus() });
    expect(store.get().swaps['swp_01']?.outcome).to.equal('ready');
    expect(store.get().logs['swp_01']?.lines).to.deep.equal([{ seq: 1, host: 'spark-1', at: iso(NOON), line: 'up' }]);
  });

  it('replaces clusters and hosts whole, by key', () => {
    const { store, controller } = rig();
    controller.onStreamEvent({ type: 'model', data: aCluster() });
    controller.onStreamEvent({ type: 'snapshot', data: aStatus() });
    controller.onStreamEvent({ type: 'model', data: aCluster({ serving: null }) });
    const observed_at = iso(NOON + 5_000);
    controller.onStreamEvent({ type: 'host', data: { ...aHost('spark-2', { reachable: false }), observed_at } });
    const { status } = store.get();
    expect(status?.clusters.map(({ serving, observed_at: at }) => [serving, at])).to.deep.equal([[null, observed_at]]);
    expect(status?.hosts[1]).to.not.have.property('observed_at');
    expect(status?.hosts.map(({ reachable }) => reachable)).to.deep.equal([true, false]);
  });

  it('does not let a late answer reopen a settled swap', () => {
    const { store, controller } = rig();
    controller.onStreamEvent({ type: 'swap', data: aSettledSwap('failed') });
    controller.onStreamEvent({ type: 'swap', data: aSwap() });
    expect(store.get().swaps['swp_01']?.outcome).to.equal('failed');
  });

  it('remembers when it last heard something', () => {
    const { store, controller } = rig();
    controller.onStreamState('live');
    controller.onStreamState('reconnecting');
    expect(store.get().connection).to.deep.equal({ state: 'reconnecting', lastEventAt: NOON });
  });

  it('fetches the swap on screen again when the link was cut while it ran', async () => {
    const { store, controller } = rig({ swap: async () => aSettledSwap('ready') });
    controller.onStreamEvent({ type: 'swap', data: aSwap() });
    controller.navigate({ screen: 'swap', id: 'swp_01' }, false);
    controller.onStreamEvent({ type: 'snapshot', data: aStatus() });
    await settle();
    expect(store.get().swaps['swp_01']?.outcome).to.equal('ready');
  });
});

describe('the controller and the reader', () => {
  const openDialog = { kind: 'open_dialog', dialog: { kind: 'swap', cluster: 'default', model: 'gemma-27b' } } as const;

  it('checks before a swap is asked for, and again on demand', async () => {
    let runs = 0;
    const { store, controller } = rig({ validate: async () => aPreflight({ ok: ++runs > 1 }) });
    controller.perform(openDialog);
    expect(store.get().preflight.loading).to.equal(true);
    await settle();
    expect(store.get().preflight.value?.ok).to.equal(false);
    controller.perform({ kind: 'rerun_preflight' });
    await settle();
    expect(store.get().preflight.value?.ok).to.equal(true);
  });

  it('drops the answer of a check that nobody waits for any more', async () => {
    let answer: (() => void) | undefined;
    const { store, controller } = rig({
      validate: () =>
        new Promise((resolve) => {
          answer = () => resolve(aPreflight());
        }),
    });
    controller.perform(openDialog);
    controller.perform({ kind: 'close_dialog' });
    answer?.();
    await settle();
    expect(store.get().preflight.value).to.equal(null);
  });

  it('asks once for a double click, then shows the swap', async () => {
    const keys: string[] = [];
    const { store, controller, paths } = rig({
      validate: async () => aPreflight(),
      startSwap: async (_body, key) => {
        keys.push(key);
        return aSwap();
      },
    });
    controller.perform(openDialog);
    const submit = { kind: 'submit_swap', body: { model: 'gemma-27b', cluster: 'default' } } as const;
    controller.perform(submit);
    controller.perform(submit);
    await settle();
    expect(keys).to.deep.equal(['key-1']);
    expect(paths).to.deep.equal(['/swaps/swp_01']);
    expect(store.get()).to.deep.include({ dialog: null, route: { screen: 'swap', id: 'swp_01' } });
  });

  it('keeps the dialog open with the reason when the request is refused', async () => {
    const { store, controller } = rig({ validate: async () => aPreflight(), startSwap: fail, cancelSwap: fail });
    controller.perform(openDialog);
    controller.perform({ kind: 'submit_swap', body: { model: 'gemma-27b' } });
    await settle();
    expect(store.get().dialog).to.deep.equal(openDialog.dialog);
    expect(store.get().request).to.deep.equal({ busy: false, problem: refused });
    controller.perform({ kind: 'open_dialog', dialog: { kind: 'cancel', swap: 'swp_01' } });
    expect(store.get().request.problem).to.equal(null);
    controller.perform({ kind: 'cancel_swap', swap: 'swp_01' });
    await settle();
    expect(store.get().request.problem).to.equal(refused);
  });

  it('loads a swap that it does not know, or says why not', async () => {
    const known = rig({ swap: async () => aSettledSwap('ready', { id: 'swp_07' }) });
    known.controller.navigate({ screen: 'swap', id: 'swp_07' }, false);
    await settle();
    expect(known.store.get().swaps['swp_07']?.outcome).to.equal('ready');
    const unknown = rig({ swap: fail });
    unknown.controller.navigate({ screen: 'swap', id: 'swp_99' }, false);
    await settle();
    expect(unknown.store.get().swapProblems['swp_99']).to.equal(refused);
  });

  it('pages through the history with its filter', async () => {
    const asked: unknown[] = [];
    const page = (id: string, next: string | null) => ({ items: [aSettledSwap('failed', { id })], next_cursor: next });
    const { store, controller } = rig({
      swaps: async (filter) => {
        asked.push(filter);
        return filter.cursor === undefined ? page('swp_02', 'c1') : page('swp_01', null);
      },
    });
    controller.perform({ kind: 'filter_history', filter: { outcome: 'failed', model: '' } });
    await settle();
    controller.perform({ kind: 'more_history' });
    await settle();
    controller.perform({ kind: 'more_history' });
    await settle();
    expect(asked).to.deep.equal([{ outcome: 'failed' }, { outcome: 'failed', cursor: 'c1' }]);
    expect(store.get().history.ids).to.deep.equal(['swp_02', 'swp_01']);
  });

  it('keeps what it has when the catalog cannot be read again', async () => {
    let works = true;
    const { store, controller } = rig({
      models: () => (works ? Promise.resolve({ items: [aModel('a')], next_cursor: null, revision: 1, fault: null }) : fail()),
    });
    await controller.loadModels();
    works = false;
    await controller.loadModels();
    expect(store.get().models.value?.map(({ key }) => key)).to.deep.equal(['a']);
    expect(store.get().models.problem).to.equal(refused);
  });

  it('says whether something was copied', async () => {
    const { store, controller } = rig();
    controller.perform({ kind: 'copy', text: 'x', what: 'swap id' });
    controller.perform({ kind: 'copy', text: 'forbidden', what: 'command' });
    await settle();
    expect(store.get().toasts.map(({ tone, text }) => `${tone}: ${text}`)).to.deep.equal([
      'ok: swap id copied',
      'bad: command could not be copied: the browser did not allow it',
    ]);
    controller.perform({ kind: 'dismiss_toast', id: 1 });
    expect(store.get().toasts).to.have.length(1);
  });

  it('remembers choices', () => {
    const { store, controller, remembered } = rig();
    controller.perform({ kind: 'choose_theme', theme: 'dark' });
    controller.perform({ kind: 'choose_single_keys', on: false });
    controller.perform({ kind: 'choose_cluster', cluster: 'solo' });
    expect(remembered).to.deep.equal(['theme=dark', 'single_keys=false', 'cluster=solo']);
    expect(store.get()).to.include({ theme: 'dark', singleKeys: false, chosenCluster: 'solo' });
  });
});
