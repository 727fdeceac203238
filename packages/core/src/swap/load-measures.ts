import type { MemoryMeasures, MemoryOutcome } from '../ports/memory-records.ts';
import { readLogLine } from './log-line.ts';

const GIB = 2 ** 30;

export const NO_MEASURES: MemoryMeasures = {
  weightsBytes: null,
  kvBytes: null,
  kvTokens: null,
  graphBytes: null,
  refusedFreeBytes: null,
  neededKvBytes: null,
  longestContext: null,
  lowestAvailableBytes: null,
};

/** What the lines of one load came to so far. */
export type LoadMeasures = Readonly<{ measures: MemoryMeasures; refusal: Exclude<MemoryOutcome, 'loaded' | 'starved'> | null }>;

export const noLoadMeasures: LoadMeasures = { measures: NO_MEASURES, refusal: null };

/** The largest of all ranks is what a host has to hold, the smallest what it has left. */
const MOST: readonly (readonly [field: keyof MemoryMeasures, pattern: RegExp])[] = [
  ['weightsBytes', /^(?:Model loading took|Loading model weights took) (\d[\d.]{0,9}) ?Gi?B/],
  ['graphBytes', /^Graph capturing finished in \d{1,6} secs?, took (-?\d[\d.]{0,9}) GiB/],
  ['neededKvBytes', /max seq len \(\d[\d,]{0,14}\), \((\d[\d.]{0,9}) GiB KV cache is needed/],
];
const LEAST: readonly (readonly [field: keyof MemoryMeasures, pattern: RegExp])[] = [
  ['kvBytes', /^Available KV cache memory: (-?\d[\d.]{0,9}) GiB/],
  ['kvBytes', /which is larger than the available KV cache memory \((-?\d[\d.]{0,9}) GiB\)/],
  ['refusedFreeBytes', /Free memory on device(?: \S{1,20})? \((\d[\d.]{0,9})\/\d[\d.]{0,9} GiB\) on startup is less than/],
];
const LEAST_TOKENS: readonly (readonly [field: keyof MemoryMeasures, pattern: RegExp])[] = [
  ['kvTokens', /^GPU KV cache size: (\d[\d,]{0,14}) tokens/],
  ['longestContext', /estimated maximum model length is (\d[\d,]{0,14})/],
];

const REFUSALS: readonly (readonly [outcome: NonNullable<LoadMeasures['refusal']>, pattern: RegExp])[] = [
  ['start_refused', /Free memory on device(?: \S{1,20})? \(\d[\d.]{0,9}\/\d[\d.]{0,9} GiB\) on startup is less than/],
  ['no_kv_room', /No available memory for the cache blocks|max seq len \(\d[\d,]{0,14}\), \(\d[\d.]{0,9} GiB KV cache is needed/],
  ['out_of_memory', /^(?:torch\.)?(?:cuda\.)?OutOfMemoryError|CUDA out of memory|CUDA error: out of memory|NV_ERR_NO_MEMORY/],
];

/** Every line that is looked for has one of these words; most lines have none. */
const WORTH_READING = /G(?:i)?B|tokens|model length|[Mm]emory|NV_ERR/;

/** Takes one line of the model server's log. A line that says nothing about memory returns the very same object. */
export function observeMeasures(state: LoadMeasures, line: string): LoadMeasures {
  if (!WORTH_READING.test(line)) return state;
  const { message } = readLogLine(line);
  let { measures } = state;
  const take = (rows: typeof MOST, unit: number, better: (a: number, b: number) => number): void => {
    for (const [field, pattern] of rows) {
      const found = pattern.exec(message)?.[1];
      const value = found === undefined ? Number.NaN : Number(found.replaceAll(',', ''));
      if (!Number.isFinite(value)) continue;
      const bytes = Math.max(0, Math.round(value * unit));
      measures = { ...measures, [field]: better(measures[field] ?? bytes, bytes) };
    }
  };
  take(MOST, GIB, Math.max);
  take(LEAST, GIB, Math.min);
  take(LEAST_TOKENS, 1, Math.min);
  const refusal = state.refusal ?? REFUSALS.find(([, pattern]) => pattern.test(message))?.[0] ?? null;
  return measures === state.measures && refusal === state.refusal ? state : { measures, refusal };
}

/** Takes what a host had available at some moment of the load. */
export function observeAvailable(state: LoadMeasures, bytes: number): LoadMeasures {
  const lowest = state.measures.lowestAvailableBytes;
  if (lowest !== null && lowest <= bytes) return state;
  return { ...state, measures: { ...state.measures, lowestAvailableBytes: bytes } };
}
