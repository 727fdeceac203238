import type { WireSwap } from '@spark-control/schema';
import { formatDuration } from './duration.ts';
import type { Output, Painter } from './output.ts';
import { plainDeep } from './text.ts';

const BAR_WIDTH = 24;
const LINE_EACH_FRACTION = 0.1;
const LINE_EACH_SECONDS = 60;

/** Shows how a swap goes: one line that changes on a terminal, elsewhere a line for each step forward. */
export class ProgressView {
  readonly #out: Output;
  #last: Readonly<{ phase: string; fraction: number; elapsed: number }> | null = null;

  constructor(out: Output) {
    this.#out = out;
  }

  show(given: WireSwap): void {
    if (given.settled) return;
    const swap = plainDeep(given);
    if (this.#out.isLive) this.#out.live((paint, columns) => liveLine(swap, paint, columns));
    else if (this.#isStep(swap)) this.#out.note(plainLine(swap));
  }

  end(): void {
    this.#out.endLive();
  }

  #isStep({ phase, progress: { fraction, elapsed_seconds: elapsed } }: WireSwap): boolean {
    const last = this.#last;
    const isStep =
      last === null ||
      last.phase !== phase ||
      fraction >= last.fraction + LINE_EACH_FRACTION ||
      elapsed >= last.elapsed + LINE_EACH_SECONDS;
    if (isStep) this.#last = { phase, fraction, elapsed };
    return isStep;
  }
}

const percent = (fraction: number): string => `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)}%`;

function plainLine({ phase, progress }: WireSwap): string {
  const label = progress.label === '' ? '' : ` ${progress.label}`;
  return `${phase}${label}, ${percent(progress.fraction)}, ${formatDuration(progress.elapsed_seconds)}${etaOf(progress.eta_seconds)}`;
}

function liveLine({ phase, progress }: WireSwap, paint: Painter, columns: number): string {
  const done = Math.round(Math.min(1, Math.max(0, progress.fraction)) * BAR_WIDTH);
  const bar = '#'.repeat(done) + '.'.repeat(BAR_WIDTH - done);
  const tail = `${formatDuration(progress.elapsed_seconds)}${etaOf(progress.eta_seconds)}`;
  const text = `${phase.padEnd(12)} [${bar}] ${percent(progress.fraction).padStart(4)}  ${progress.label}  ${tail}`;
  // One column is left free: a full line would wrap, and the next one would be drawn below it.
  const cut = [...text].slice(0, Math.max(10, columns - 1)).join('');
  return cut.replace(phase, paint('bold', phase));
}

const etaOf = (seconds: number | null): string => (seconds === null ? '' : `, about ${formatDuration(seconds)} left`);
