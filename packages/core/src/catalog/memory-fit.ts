import type { DemandInput } from './memory-demand.ts';
import { type FitFigures, type FitHost, fitFigures } from './memory-fit-figures.ts';
import { type FitReason, fitReasons } from './memory-fit-reasons.ts';

/** Whether a model fits on one host: the sums, what stands against it (the worst first), and the verdict. */
export type MemoryFit = FitFigures & Readonly<{ verdict: 'pass' | 'warn' | 'fail'; reasons: readonly FitReason[] }>;

/**
 * Judges one model on one host. Pure. It fails only what is certain: weights that exceed the whole memory, or a start of this very
 * plan that was seen to fail for memory on this host as it still is. Whatever is estimated warns: a model that does start is worth
 * more than one that was refused by a guess.
 */
export function memoryFit(input: DemandInput, host: FitHost): MemoryFit {
  const figures = fitFigures(input, host);
  const reasons = fitReasons(figures, input, host);
  const verdict = reasons.some(({ status }) => status === 'fail') ? 'fail' : reasons.length > 0 ? 'warn' : 'pass';
  return { ...figures, reasons, verdict };
}
