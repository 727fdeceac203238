import { expect } from 'chai';
import { type ClusterView, clusterKey, modelKey } from '../../src/index.ts';
import { swapEndpoint, viewEndpoint } from '../../src/webhook/served-endpoint.ts';
import { aCluster, aPlan, aSwap } from '../support/builders.ts';

const view: ClusterView = {
  cluster: clusterKey('default'),
  serving: { kind: 'model', model: modelKey('qwen') },
  runtime: 'running',
  isHealthy: true,
  since: null,
  servedModelName: 'qwen',
  maxModelLen: 40_960,
  container: null,
  activeSwap: null,
  queued: [],
  drift: null,
  observedAt: 1,
  unreachable: [],
};
const stale: ClusterView = { ...view, servedModelName: 'gemma', maxModelLen: 8_192 };
const ready = aSwap({ phase: 'ready', serving: { kind: 'model', model: modelKey('qwen') } });

describe('where a model is to be had', () => {
  it('is the head of the cluster, with /v1', () => {
    const expected = { baseUrl: 'http://10.0.0.1:8000/v1', modelId: 'qwen', maxModelLen: 40_960 };
    expect(viewEndpoint(aCluster(), view)).to.deep.equal(expected);
    expect(swapEndpoint(aCluster(), ready, view)).to.deep.equal(expected);
  });

  it('is nowhere when no model serves', () => {
    expect(viewEndpoint(aCluster(), { ...view, serving: { kind: 'nothing' } })).to.equal(null);
    expect(viewEndpoint(aCluster(), { ...view, servedModelName: null })).to.equal(null);
    for (const serving of [null, { kind: 'nothing' }, { kind: 'unmanaged' }, { kind: 'unknown' }] as const) {
      expect(swapEndpoint(aCluster(), { ...ready, serving }, view)).to.equal(null);
    }
  });

  it('has the length that the server named while it loaded, before all others', () => {
    expect(swapEndpoint(aCluster(), { ...ready, maxModelLen: 16_384 }, view)?.maxModelLen).to.equal(16_384);
  });

  it('goes by the plan of the swap when the last look was before it', () => {
    expect(swapEndpoint(aCluster(), ready, stale)).to.deep.equal({
      baseUrl: 'http://10.0.0.1:8000/v1',
      modelId: 'qwen',
      maxModelLen: null,
    });
    for (const args of [
      ['acme/qwen', '--max-model-len', '32768'],
      ['acme/qwen', '--max-model-len=32768', '--enforce-eager'],
    ]) {
      expect(swapEndpoint(aCluster(), { ...ready, plan: aPlan('qwen', { args }) }, stale)?.maxModelLen).to.equal(32_768);
    }
    for (const args of [['acme/qwen', '--max-model-len'], ['--max-model-len', 'auto'], ['32768']]) {
      expect(swapEndpoint(aCluster(), { ...ready, plan: aPlan('qwen', { args }) }, stale)?.maxModelLen, args.join(' ')).to.equal(null);
    }
  });

  it('is that of the previous model after a rollback', () => {
    const plan = aPlan('gemma');
    const back = aSwap({
      phase: 'rolled_back',
      previous: { kind: 'plan', model: modelKey('gemma'), plan },
      serving: { kind: 'model', model: modelKey('gemma') },
    });
    expect(swapEndpoint(aCluster(), back, stale)).to.include({ modelId: 'gemma', maxModelLen: 8_192 });
  });
});
