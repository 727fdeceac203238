import { expect } from 'chai';
import { type ClusterView, clusterKey, modelKey, type Swap, type SwapPhase, swapId } from '../../src/index.ts';
import { baselineOf, modelNotices, swapNotices } from '../../src/webhook/notices-of.ts';
import { aSwap } from '../support/builders.ts';

const typesOf = (phases: readonly SwapPhase[]): readonly string[] => {
  let before: Swap | null = null;
  const types: string[] = [];
  for (const phase of phases) {
    const after: Swap = aSwap({ phase, settledAt: ['ready', 'failed', 'rolled_back', 'cancelled'].includes(phase) ? 9_000 : null });
    types.push(...swapNotices(before, after, null).map(({ type }) => type));
    before = after;
  }
  return types;
};

describe('what is told of a swap', () => {
  it('is one start and one end, whatever lies in between', () => {
    expect(typesOf(['queued', 'validating', 'draining', 'stopping', 'launching', 'loading', 'warming', 'ready'])).to.deep.equal([
      'swap_started',
      'swap_complete',
    ]);
    for (const end of ['failed', 'cancelled', 'rolled_back'] as const) {
      expect(typesOf(['queued', 'validating', 'loading', 'rolling_back', end]), end).to.deep.equal(['swap_started', 'swap_failed']);
    }
  });

  it('is no second start when a step is begun again, nor a second end when an end is written again', () => {
    expect(typesOf(['queued', 'queued', 'validating', 'validating', 'validating', 'cancelled', 'cancelled'])).to.deep.equal([
      'swap_started',
      'swap_failed',
    ]);
  });

  it('is only the end when it never had its turn', () => {
    expect(typesOf(['queued', 'cancelled'])).to.deep.equal(['swap_failed']);
  });

  it('is a start for one that did not have to wait', () => {
    expect(typesOf(['validating'])).to.deep.equal(['swap_started']);
  });

  it('is nothing when there was nothing to do', () => {
    expect(swapNotices(null, aSwap({ phase: 'ready', noop: true, settledAt: 5 }), null)).to.deep.equal([]);
  });

  it('carries the swap as it is now, the endpoint, and the time of the change', () => {
    const endpoint = { baseUrl: 'http://10.0.0.1:8000/v1', modelId: 'qwen', maxModelLen: 32_768 };
    const after = aSwap({ phase: 'ready', settledAt: 7_000 });
    expect(swapNotices(aSwap({ phase: 'warming' }), after, endpoint)).to.deep.equal([
      { type: 'swap_complete', at: 7_000, cluster: clusterKey('default'), swap: after, endpoint },
    ]);
  });
});

const aView = (over: Partial<ClusterView> = {}): ClusterView => ({
  cluster: clusterKey('default'),
  serving: { kind: 'model', model: modelKey('a') },
  runtime: 'running',
  isHealthy: true,
  since: null,
  servedModelName: 'a',
  maxModelLen: null,
  container: null,
  activeSwap: null,
  queued: [],
  drift: null,
  observedAt: 1_000,
  unreachable: [],
  ...over,
});
const B = { serving: { kind: 'model', model: modelKey('b') } } as const;
const NOTHING = { serving: { kind: 'nothing' }, runtime: 'absent', isHealthy: false } as const;
const CRASHED = { ...NOTHING, runtime: 'unhealthy', drift: 'a was serving; its process is gone' } as const;
const UNKNOWN = { serving: { kind: 'unknown' }, runtime: 'unknown', isHealthy: false } as const;
const SWAPPING = { activeSwap: swapId('swp_1') };

/** The types told while a cluster goes through `views`, as a watch would tell them. */
function toldOf(...views: readonly Partial<ClusterView>[]): readonly string[] {
  let baseline: ClusterView | null = null;
  const told: string[] = [];
  for (const over of views) {
    const view = aView(over);
    told.push(...modelNotices(baseline, view, null).map(({ type }) => type));
    baseline = baselineOf(baseline, view);
  }
  return told;
}

describe('what is told of a cluster', () => {
  const rows: readonly (readonly [string, readonly Partial<ClusterView>[], readonly string[]])[] = [
    ['nothing at the first look', [{}], []],
    ['nothing before there was a look', [{ observedAt: null, ...UNKNOWN }, {}], []],
    ['a change of model', [{}, B], ['model_changed']],
    ['nothing while it stays the same', [{}, {}, {}], []],
    ['nothing of a host that cannot be asked', [{}, UNKNOWN, {}], []],
    ['a change that happened while the host could not be asked', [{}, UNKNOWN, B], ['model_changed']],
    ['one illness, not one for each look', [{}, { isHealthy: false }, { isHealthy: false }], ['model_unhealthy']],
    [
      'the next illness after it was well again',
      [{}, { isHealthy: false }, {}, { isHealthy: false }],
      ['model_unhealthy', 'model_unhealthy'],
    ],
    ['both for a model that is gone and should not be', [{}, CRASHED], ['model_unhealthy', 'model_changed']],
    [
      'no illness of one that a swap took away after the last look',
      [{}, { ...SWAPPING, isHealthy: false }, {}, NOTHING],
      ['model_changed'],
    ],
    ['no illness of a model that never was well', [{ isHealthy: false }, { isHealthy: false }], []],
    ['no illness for another model that still loads', [{}, { ...B, isHealthy: false }], ['model_changed']],
    ['one change for a swap, at its end', [{}, { ...SWAPPING, ...NOTHING }, { ...SWAPPING, ...B, isHealthy: false }, B], ['model_changed']],
    ['no illness for a model that a swap unloaded', [{}, { ...SWAPPING, ...NOTHING }, NOTHING], ['model_changed']],
    ['nothing for a swap that put the old model back', [{}, { ...SWAPPING, ...B, isHealthy: false }, {}], []],
    ['an illness after such a swap', [{}, { ...SWAPPING, isHealthy: false }, {}, { isHealthy: false }], ['model_unhealthy']],
  ];
  for (const [name, views, expected] of rows) {
    it(`is ${name}`, () => expect(toldOf(...views)).to.deep.equal(expected));
  }

  it('carries the view and the time of the look', () => {
    const view = aView({ ...B, observedAt: 5_000 });
    expect(modelNotices(aView(), view, null)).to.deep.equal([
      { type: 'model_changed', at: 5_000, cluster: view.cluster, view, endpoint: null },
    ]);
  });
});
