import type { WireOperation, WireSwap } from '@spark-control/schema';
import { formatDuration } from './duration.ts';
import type { Output, Painter } from './output.ts';
import { plainDeep } from './text.ts';

const BAR_WIDTH = 24;
const LINE_EACH_FRACTION = 0.1;
const LINE_EACH_SECONDS = 60;

/** How far something is. `fraction` 0..1, `null`: nobody can tell. */
type Progress = Readonly<{ phase: string; label: string; fraction: number | null; elapsed: number; eta: number | null }>;

/** Shows how work goes: one line that changes on a terminal, elsewhere a line for each step forward. */
export class ProgressView {
  readonly #out: Output;
  #last: Progress | null = null;

  constructor(out: Output) {
    this.#out = out;
  }

  show(given: WireSwap): void {
    if (given.settled) return;
    const { phase, progress } = plainDeep(given);
    const { label, fraction, elapsed_seconds: elapsed, eta_seconds: eta } = progress;
    this.#show({ phase, label, fraction, elapsed, eta });
  }

  showOperation(given: WireOperation): void {
    if (given.settled) return;
    const { kind, progress } = plainDeep(given);
    const { label, fraction, elapsed_seconds: elapsed, eta_seconds: eta, bytes_per_second: rate } = progress;
    const speed = rate === null || rate <= 0 ? '' : `${label === '' ? '' : '  '}${(rate / 1024 ** 2).toFixed(0)} MiB/s`;
    this.#show({ phase: kind.replaceAll('_', ' '), label: `${label}${speed}`, fraction, elapsed, eta });
  }

  end(): void {
    this.#out.endLive();
  }

  #show(progress: Progress): void {
    if (this.#out.isLive) this.#out.live((paint, columns) => liveLine(progress, paint, columns));
    else if (this.#isStep(progress)) this.#out.note(plainLine(progress));
  }

  #isStep(next: Progress): boolean {
    const last = this.#last;
    const isStep =
      last === null ||
      last.phase !== next.phase ||
      (next.fraction ?? 0) >= (last.fraction ?? 0) + LINE_EACH_FRACTION ||
      next.elapsed >= last.elapsed + LINE_EACH_SECONDS;
    if (isStep) this.#last = next;
    return isStep;
  }
}

const within = (fraction: number): number => Math.min(1, Math.max(0, fraction));
const percent = (fraction: number | null): string => (fraction === null ? '?' : `${Math.floor(within(fraction) * 100)}%`);

function plainLine({ phase, label, fraction, elapsed, eta }: Progress): string {
  return `${phase}${label === '' ? '' : ` ${label}`}, ${percent(fraction)}, ${formatDuration(elapsed)}${etaOf(eta)}`;
}

function liveLine({ phase, label, fraction, elapsed, eta }: Progress, paint: Painter, columns: number): string {
  const done = Math.round(within(fraction ?? 0) * BAR_WIDTH);
  const bar = '#'.repeat(done) + '.'.repeat(BAR_WIDTH - done);
  const text = `${phase.padEnd(12)} [${bar}] ${percent(fraction).padStart(4)}  ${label}  ${formatDuration(elapsed)}${etaOf(eta)}`;
  // One column is left free: a full line would wrap, and the next one would be drawn below it.
  const cut = [...text].slice(0, Math.max(10, columns - 1)).join('');
  return cut.replace(phase, paint('bold', phase));
}

const etaOf = (seconds: number | null): string => (seconds === null ? '' : `, about ${formatDuration(seconds)} left`);
