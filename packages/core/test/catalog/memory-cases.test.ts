import { expect } from 'chai';
import {
  type FitHost,
  type FitReasonCode,
  type MemoryFit,
  type MemoryRecord,
  type ModelShape,
  memoryFit,
  memoryFlags,
  memoryHistory,
} from '../../src/index.ts';
import { aMemoryRecord } from '../support/memory-samples.ts';

const GIB = 2 ** 30;
/** MemTotal of a DGX Spark. */
const TOTAL = 127_600_748 * 1_024;

/** An idle Spark: 115 GiB are free as CUDA counts it, and 2.5 GiB are page cache. */
const IDLE: FitHost = { name: 'spark1', totalBytes: TOTAL, availableBytes: 117.5 * GIB, cachedBytes: 2.5 * GIB, swapFreeBytes: 16 * GIB };
/** Another on which only 102 GiB were free as CUDA counts it. */
const CACHED: FitHost = { ...IDLE, cachedBytes: 15.5 * GIB };
/** With speech, embeddings and a vector store beside the model. */
const SERVICES: FitHost = { ...IDLE, availableBytes: 106 * GIB };

/** 64 layers with 8 heads of 128: 256 KiB a token in 16 bits. */
const DENSE: ModelShape = {
  layers: [{ kind: 'full', count: 64, kvHeads: 8, width: 256 }],
  ...{ maxContext: 131_072, hiddenSize: 5_120, vocabularySize: 152_000, isMultimodal: false, isQuantized: true, hasFp8Cache: false },
};

type Case = Readonly<{
  weightsGib: number;
  flags: readonly string[];
  host?: FitHost;
  shape?: ModelShape;
  nodes?: number;
  records?: readonly MemoryRecord[];
  imageId?: string;
}>;

function judge({ weightsGib, flags: words, host = IDLE, shape, nodes = 1, records = [], imageId }: Case): MemoryFit {
  const flags = memoryFlags(['o/m', ...words]);
  const ask = { digest: 'd1', source: 'acme/qwen', nodes, flags, imageId: imageId ?? null, totalBytes: host.totalBytes };
  const weights = { bytes: weightsGib * GIB, basis: 'measured' } as const;
  return memoryFit({ flags, nodes, weights, shape: shape ?? null, history: memoryHistory(records, ask) }, host);
}

const at = (share: number, ...more: readonly string[]): readonly string[] => ['--gpu-memory-utilization', String(share), ...more];
const codes = (fit: MemoryFit): readonly FitReasonCode[] => fit.reasons.map(({ code }) => code);

/** 28.16 GiB of weights, 3.07 GiB of activations, 1.81 GiB of graphs, 80.73 GiB of KV cache for 1,933,714 tokens, at 0.92. */
const measuredAt92 = aMemoryRecord({
  ...{
    totalBytes: TOTAL,
    freeBytes: 115 * GIB,
    availableBytes: 117.5 * GIB,
    flags: memoryFlags(['o/m', ...at(0.92, '--max-model-len', '262144')]),
  },
  ...{ weightsBytes: 28.16 * GIB, kvBytes: 80.73 * GIB, kvTokens: 1_933_714, graphBytes: 1.81 * GIB, lowestAvailableBytes: 4 * GIB },
});

describe('memory fit on cases that were recorded on Sparks', () => {
  const working: Readonly<Record<string, Case>> = {
    'a recipe at 0.80': { weightsGib: 30, flags: at(0.8) },
    'a recipe at 0.80 with 61 GiB of weights': { weightsGib: 61, flags: at(0.8, '--max-model-len', '131072') },
    '0.83 where 102 GiB were free as CUDA counts': { weightsGib: 60, flags: at(0.83), host: CACHED },
    '0.85, reported stable': { weightsGib: 60, flags: at(0.85) },
    '0.87, reported stable': { weightsGib: 60, flags: at(0.87) },
    '35 GiB in 8 bits, read by fastsafetensors': { weightsGib: 35, flags: at(0.8, '--load-format', 'fastsafetensors') },
    '93 GiB with the default loader': { weightsGib: 92.85, flags: at(0.86) },
    'the case at 0.92 that was measured': { weightsGib: 28, flags: at(0.92, '--max-model-len', '262144'), records: [measuredAt92] },
    'the same recipe at 0.37': {
      weightsGib: 28,
      flags: at(0.37, '--max-model-len', '262144'),
      records: [{ ...measuredAt92, digest: 'at 0.92' }],
    },
  };
  for (const [title, one] of Object.entries(working)) {
    it(`passes ${title}`, () => expect(codes(judge(one))).to.deep.equal([]));
  }

  it('refuses no load that was seen: 135 GB in 4 bits on one Spark', () => {
    expect(judge({ weightsGib: 135e9 / GIB, flags: at(0.9) }).verdict).to.equal('warn');
  });

  const failing: Readonly<Record<string, Case & Readonly<{ code: FitReasonCode; verdict?: 'fail' }>>> = {
    '0.95 on an idle box, which wanted 0.6 GiB more': { weightsGib: 60, flags: at(0.95), code: 'page_cache' },
    '0.84 where 102 GiB were free as CUDA counts': { weightsGib: 60, flags: at(0.84), host: CACHED, code: 'page_cache' },
    '0.90, reported risky': { weightsGib: 60, flags: at(0.9), code: 'host_thrash' },
    "vLLM's default beside side services": { weightsGib: 60, flags: [], host: SERVICES, code: 'start_refused' },
    '48 GiB at 0.70 that left the host 7 GiB': {
      ...{ weightsGib: 48, flags: at(0.7), host: { ...IDLE, availableBytes: 92.2 * GIB }, code: 'host_thrash' },
    },
    'the same on an idle host, once it was seen to hang': {
      ...{ weightsGib: 48, flags: at(0.7), code: 'host_thrash' },
      records: [starved({ lowestAvailableBytes: 7 * GIB })],
    },
    'weights that leave nothing for the cache': { weightsGib: 60, flags: at(0.5), code: 'weights_do_not_fit' },
    'a context with no room': { weightsGib: 60, flags: at(0.7, '--max-model-len', '131072'), shape: DENSE, code: 'no_kv_room' },
    'fastsafetensors above 0.8 of the memory': {
      ...{ weightsGib: 99, flags: at(0.9, '--load-format', 'fastsafetensors'), code: 'loader_copies' },
    },
    'a host full of page cache': { weightsGib: 60, flags: at(0.8), host: { ...IDLE, cachedBytes: 60 * GIB }, code: 'page_cache' },
    'a plan that ran out of memory before': {
      ...{ weightsGib: 60, flags: at(0.8), code: 'failed_before' },
      records: [aMemoryRecord({ outcome: 'out_of_memory', totalBytes: TOTAL, weightsBytes: null, kvBytes: null })],
    },
    'weights larger than the memory': { weightsGib: 150, flags: at(0.9), code: 'exceeds_memory', verdict: 'fail' },
    'a start that was refused, when nothing has changed': {
      ...{ weightsGib: 60, flags: at(0.84), host: CACHED, code: 'start_refused', verdict: 'fail' },
      records: [refusedAt(102)],
    },
    'a context that was refused, when nothing has changed': {
      ...{ weightsGib: 60, flags: at(0.7, '--max-model-len', '131072'), shape: DENSE, code: 'no_kv_room', verdict: 'fail' },
      records: [noRoom()],
    },
  };
  for (const [title, { code, verdict = 'warn', ...one }] of Object.entries(failing)) {
    it(`${verdict === 'fail' ? 'refuses' : 'warns of'} ${title}`, () => {
      const fit = judge(one);
      expect(codes(fit)).to.include(code);
      expect(fit.verdict).to.equal(verdict);
    });
  }

  it('lets a refused start try again when memory came back, or with another image', () => {
    const again = (over: Partial<Case>) => judge({ weightsGib: 60, flags: at(0.84), host: CACHED, records: [refusedAt(102)], ...over });
    expect(codes(again({ host: IDLE }))).to.deep.equal([]);
    expect(again({ records: [{ ...refusedAt(102), imageId: 'sha256:old' }], imageId: 'sha256:new' }).verdict).to.equal('warn');
    expect(again({ records: [{ ...refusedAt(102), digest: 'other flags' }] }).verdict).to.equal('warn');
  });

  it('names the lowest share from what was measured at another one', () => {
    const fit = judge({
      ...{ weightsGib: 28, flags: at(0.36, '--max-model-len', '262144'), records: [{ ...measuredAt92, digest: 'at 0.92' }] },
    });
    expect(fit.lowestUtilization).to.equal(0.37);
    expect(codes(fit)).to.deep.equal(['no_kv_room']);
    expect(fit.reasons[0]?.hint).to.include('Raise --gpu-memory-utilization to at least 0.37.');
    expect(fit.demand.weights).to.deep.equal({ bytes: 28.16 * GIB, basis: 'measured' });
  });

  it('names the share below which the start check passes, and the one that leaves the host its margin', () => {
    const fit = judge({ weightsGib: 60, flags: at(0.84), host: CACHED });
    expect(fit.reasons[0]?.hint).to.include('or lower --gpu-memory-utilization to 0.83');
    expect(fit.highestUtilization).to.equal(0.88);
  });

  it('believes the context that vLLM named', () => {
    const fit = judge({ weightsGib: 60, flags: at(0.7, '--max-model-len', '131072'), shape: DENSE, records: [noRoom()] });
    expect(fit.longestContext).to.equal(54_320);
    expect(fit.reasons[0]?.hint).to.include('Set --max-model-len to 54320 or less.');
  });

  it('counts on each of two hosts its share', () => {
    expect(judge({ weightsGib: 150, flags: at(0.8), nodes: 2 }).verdict).to.equal('pass');
  });
});

function starved(over: Parameters<typeof aMemoryRecord>[0]): MemoryRecord {
  return aMemoryRecord({ outcome: 'starved', totalBytes: TOTAL, freeBytes: 115 * GIB, availableBytes: 117.5 * GIB, ...over });
}

function refusedAt(freeGib: number): MemoryRecord {
  const free = freeGib * GIB;
  return aMemoryRecord({
    outcome: 'start_refused',
    totalBytes: TOTAL,
    freeBytes: free,
    refusedFreeBytes: free,
    availableBytes: 117.5 * GIB,
  });
}

function noRoom(): MemoryRecord {
  return aMemoryRecord({
    ...{ outcome: 'no_kv_room', totalBytes: TOTAL, freeBytes: 115 * GIB, availableBytes: 117.5 * GIB },
    ...{ weightsBytes: 60 * GIB, kvBytes: 13.3 * GIB, neededKvBytes: 32 * GIB, longestContext: 54_320 },
    flags: memoryFlags(['o/m', ...at(0.7, '--max-model-len', '131072')]),
  });
}
