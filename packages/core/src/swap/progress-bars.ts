/** What is counted: shards of the weights, kernels warmed up, graphs captured, files fetched. */
export type BarKind = 'download' | 'weights' | 'warm_up' | 'graphs' | 'graph_shapes';
export type BarReading = Readonly<{ kind: BarKind; done: number; total: number }>;

/** Where the bar of one rank stands. `pass` counts from 1: a draft model's weights or a second graph mode start a new one. */
export type RankBar = Readonly<{ rank: string; pass: number; done: number; total: number; isFinished: boolean }>;

/** More ranks than this are no cluster of ours; a log that invents them must not grow the state. */
const MAX_RANKS = 64;
const MAX_PASSES = 16;

// `desc:  22% Completed | 11/49 [..`, and `desc:  47%|###  | 594/1261 [..`. Description and gauge hold no `|` and no `%`.
const BAR = /^([^|%]{1,160}): {1,4}\d{1,3}% ?(?:Completed ?\||\|[^|]{0,400}\|) {0,4}(\d{1,9})\/(\d{1,9})(?!\d)/;

const KINDS: readonly (readonly [RegExp, BarKind])[] = [
  [/^Loading .{0,60}(?:shards|[Ll]oader|[Ss]treamer|tensors)/, 'weights'],
  [/^Capturing CUDA graph shapes/, 'graph_shapes'],
  [/^Capturing CUDA graphs?\b/, 'graphs'],
  [/^.{0,40}[Ww]arm-?up\b/, 'warm_up'],
  [/^(?:Fetching \d{1,6} files|Downloading .{0,60}files)/, 'download'],
];

/** Reads a progress bar of tqdm, in any of the three forms that vLLM gives it; `null` when `message` is none that matters. */
export function readBar(message: string): BarReading | null {
  const match = BAR.exec(message);
  if (match === null) return null;
  const [, description = '', done = '', total = ''] = match;
  const kind = KINDS.find(([pattern]) => pattern.test(description))?.[1];
  if (kind === undefined || Number(total) === 0) return null;
  return { kind, done: Math.min(Number(done), Number(total)), total: Number(total) };
}

/** Records that `rank` stands at `done` of `total`. */
export function moveBar(bars: readonly RankBar[], rank: string, done: number, total: number): readonly RankBar[] {
  const before = bars.find((bar) => bar.rank === rank);
  if (before === undefined) return bars.length < MAX_RANKS ? [...bars, { rank, pass: 1, done, total, isFinished: false }] : bars;
  if (before.isFinished) return bars; // the log is being read again after a lost connection
  if (before.done === done && before.total === total) return bars;
  const isNewPass = before.total !== total || (before.done === before.total && done < total);
  const pass = isNewPass ? Math.min(before.pass + 1, MAX_PASSES) : before.pass;
  return bars.map((bar) => (bar.rank === rank ? { ...bar, pass, done, total } : bar));
}

/** Records that `rank` is through with its bar (`isFinished: false`: with this pass), whether or not it ever drew one. */
export function endBar(bars: readonly RankBar[], rank: string, isFinished: boolean): readonly RankBar[] {
  const before = bars.find((bar) => bar.rank === rank);
  if (before === undefined) return bars.length < MAX_RANKS ? [...bars, { rank, pass: 1, done: 0, total: 0, isFinished }] : bars;
  if (before.done === before.total && (before.isFinished || !isFinished)) return bars;
  return bars.map((bar) => (bar.rank === rank ? { ...bar, done: bar.total, isFinished: bar.isFinished || isFinished } : bar));
}

/**
 * The slowest rank, and how far it is: 0..1. How many passes will follow is not known while one runs, so the first is worth
 * `firstShare`, the next the same share of what is left, and so on; 1 is reached only when a rank said that it is finished.
 */
export function slowest(bars: readonly RankBar[], firstShare: number): Readonly<{ share: number; bar: RankBar }> | null {
  const isOver = bars.some((bar) => bar.isFinished);
  let least: { share: number; bar: RankBar } | null = null;
  for (const bar of bars) {
    const share = shareOf(bar, firstShare, isOver);
    if (least === null || share < least.share) least = { share, bar };
  }
  return least;
}

function shareOf(bar: RankBar, firstShare: number, isOver: boolean): number {
  const ratio = bar.total === 0 ? 1 : bar.done / bar.total;
  // Some ranks never report their end: a full bar counts as one as soon as any rank is finished.
  if (bar.isFinished || (isOver && ratio === 1)) return 1;
  const left = (1 - firstShare) ** (bar.pass - 1);
  return 1 - left + left * firstShare * ratio;
}
