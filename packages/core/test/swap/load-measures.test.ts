import { expect } from 'chai';
import fc from 'fast-check';
import { type LoadMeasures, noLoadMeasures, observeMeasures } from '../../src/index.ts';

const GIB = 2 ** 30;
const read = (...lines: readonly string[]): LoadMeasures => lines.reduce(observeMeasures, noLoadMeasures);
const worker = (rank: number, text: string): string => `(Worker_TP${rank} pid=${rank}) INFO 11-22 10:00:00 [gpu_worker.py:1] ${text}`;

describe('what the lines of a load say of its memory', () => {
  it('is nothing at first, and nothing by lines about something else', () => {
    for (const line of ['', 'Loading weights took 180.25 seconds', 'user asked: how much memory does it take?', '{"GiB": 3}']) {
      expect(observeMeasures(noLoadMeasures, line), line).to.equal(noLoadMeasures);
    }
  });

  it('is the weights, the cache and the graphs', () => {
    const { measures, refusal } = read(
      '(EngineCore pid=7) INFO 11-22 10:00:00 [gpu_model_runner.py:4118] Model loading took 38.24 GiB memory and 226.512052 seconds',
      '(EngineCore pid=7) INFO 11-22 10:00:00 [gpu_worker.py:375] Available KV cache memory: 81.79 GiB',
      '(EngineCore pid=7) INFO 11-22 10:00:00 [kv_cache_utils.py:1314] GPU KV cache size: 7,228,559 tokens',
      '(EngineCore pid=7) INFO 11-22 10:00:00 [gpu_model_runner.py:5246] Graph capturing finished in 31 secs, took 0.45 GiB',
    );
    expect(refusal).to.equal(null);
    expect(measures).to.deep.include({ weightsBytes: Math.round(38.24 * GIB), kvBytes: Math.round(81.79 * GIB), kvTokens: 7_228_559 });
    expect(measures.graphBytes).to.equal(Math.round(0.45 * GIB));
  });

  it('also in the older form', () => {
    expect(read('Model loading took 38.5 GiB and 226.5 seconds').measures.weightsBytes).to.equal(38.5 * GIB);
    expect(read('Loading model weights took 12.5 GB').measures.weightsBytes).to.equal(12.5 * GIB);
  });

  it('is that of the rank which holds the most and has the least left', () => {
    const { measures } = read(
      ...[40, 42, 41].map((size, rank) => worker(rank, `Model loading took ${size} GiB memory and 1 seconds`)),
      ...[30, 28, 29].map((size, rank) => worker(rank, `Available KV cache memory: ${size} GiB`)),
    );
    expect(measures).to.include({ weightsBytes: 42 * GIB, kvBytes: 28 * GIB });
  });

  it('is why a start was refused', () => {
    const { measures, refusal } = read(
      'ValueError: Free memory on device cuda:0 (102.5/121.69 GiB) on startup is less than desired GPU memory utilization (0.92, 111.95 GiB). Decrease GPU memory utilization.',
    );
    expect(refusal).to.equal('start_refused');
    expect(measures.refusedFreeBytes).to.equal(102.5 * GIB);
  });

  it('is why the cache had no room, and what would have', () => {
    const { measures, refusal } = read(
      "ValueError: To serve at least one request with the models's max seq len (131072), (32.0 GiB KV cache is needed, which is larger than the available KV cache memory (13.25 GiB). Based on the available memory, the estimated maximum model length is 54,272. Try increasing `gpu_memory_utilization`.",
    );
    expect(refusal).to.equal('no_kv_room');
    expect(measures).to.include({ neededKvBytes: 32 * GIB, kvBytes: 13.25 * GIB, longestContext: 54_272 });
    expect(read('ValueError: No available memory for the cache blocks. Try increasing').refusal).to.equal('no_kv_room');
  });

  it('is that the GPU ran out', () => {
    expect(read('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.37 GiB.').refusal).to.equal('out_of_memory');
  });

  it('keeps the first cause, and takes a negative rest for none', () => {
    expect(read('Available KV cache memory: -3.20 GiB', 'No available memory for the cache blocks', 'CUDA out of memory')).to.deep.include({
      refusal: 'no_kv_room',
    });
    expect(read('Available KV cache memory: -3.20 GiB').measures.kvBytes).to.equal(0);
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void read(`Model loading took ${text}`, `GPU KV cache size: ${text}`, text)));
  });
});
