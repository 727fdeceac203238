import { expect } from 'chai';
import { memoryFlags } from '../../src/index.ts';

const GIB = 2 ** 30;
const read = (...words: readonly string[]) => memoryFlags(['o/m', ...words]);

describe('memoryFlags', () => {
  it("has vLLM's defaults without flags", () => {
    expect(read()).to.deep.equal({
      ...{ utilization: 0.92, kvBytes: null, maxModelLen: null, maxNumSeqs: null, maxBatchedTokens: 8_192, kvDtype: 'auto' },
      ...{ isEager: false, offloadBytes: 0, loadFormat: 'auto', quantization: null, hasSpeculation: false },
    });
  });

  const spellings: readonly (readonly string[])[] = [
    ['--gpu-memory-utilization', '0.5'],
    ['--gpu-memory-utilization=0.5'],
    ['--gpu_memory_utilization=0.5'],
    ['--gpu-memory-utilization', '0.9', '--x', '--gpu-memory-utilization', '0.5'],
  ];
  for (const words of spellings) it(`reads ${words.join(' ')}`, () => expect(read(...words).utilization).to.equal(0.5));

  for (const word of ['x', '', '0', '-1', '1.5', 'NaN']) {
    it(`keeps the default for ${JSON.stringify(word)}`, () => expect(read('--gpu-memory-utilization', word).utilization).to.equal(0.92));
  }
  it('keeps the default when the value is missing', () => expect(read('--gpu-memory-utilization').utilization).to.equal(0.92));

  const lengths: Readonly<Record<string, number | 'auto' | null>> = {
    ...{ '32768': 32_768, '32k': 32_000, '32K': 32_768, '25.6k': 25_600, '1M': 2 ** 20, auto: 'auto', '-1': 'auto' },
    ...{ '0': null, x: null, '': null, '12x': null },
  };
  for (const [word, tokens] of Object.entries(lengths)) {
    it(`takes ${JSON.stringify(word)} for a length of ${tokens}`, () => {
      expect(read(`--max-model-len=${word}`).maxModelLen).to.equal(tokens);
      expect(read('--max-model-len', word).maxModelLen).to.equal(tokens);
    });
  }

  it('reads the others', () => {
    const words = '--kv-cache-memory-bytes 2G --max-num-seqs 16 --max-num-batched-tokens 4096 --kv-cache-dtype fp8 --enforce-eager';
    expect(
      read(...words.split(' '), '--cpu-offload-gb', '10', '--load-format=fastsafetensors', '-q', 'fp8', '--speculative-config', '{}'),
    ).to.deep.equal({
      ...{ utilization: 0.92, kvBytes: 2 * GIB, maxModelLen: null, maxNumSeqs: 16, maxBatchedTokens: 4_096, kvDtype: 'fp8' },
      ...{ isEager: true, offloadBytes: 10 * GIB, loadFormat: 'fastsafetensors', quantization: 'fp8', hasSpeculation: true },
    });
    expect(read('--enforce-eager', '--no-enforce-eager').isEager).to.equal(false);
    expect(read('--no-enforce-eager', '--enforce-eager').isEager).to.equal(true);
  });
});
