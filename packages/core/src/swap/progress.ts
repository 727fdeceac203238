import { readLogLine } from './log-line.ts';
import { type BarReading, endBar, moveBar, type RankBar, readBar, slowest } from './progress-bars.ts';
import { fractionAt, isPullLine, LOAD_STAGES, type LoadStage, readEnd, readMark, type StageEnd } from './progress-marks.ts';
import type { Progress } from './swap.ts';

/**
 * How far a load is, as far as its log says. `fraction` and `stage` never fall; `label` is for people ("weights 9/14").
 * The rest is the parser's memory.
 */
export type LoadProgress = Readonly<{
  stage: LoadStage;
  /** 0..1; 1 when the server said that it is up, which is not yet *ready*. */
  fraction: number;
  label: string;
  /** An image pull was seen and the engine has not started yet: the launch may take as long as that goes on. */
  isPulling: boolean;
  /** How far the lines themselves have come; below `fraction` while a log is read again. */
  reached: number;
  weights: readonly RankBar[];
  graphs: readonly RankBar[];
}>;

/** Share of a stage that its first pass is worth, see {@link slowest}: a draft model is small, a second graph mode is not. */
const WEIGHTS_FIRST_PASS = 0.9;
const GRAPHS_FIRST_PASS = 0.5;
/** Of the `kv` stage when the kernels begin to warm up. */
const WARM_UP_FROM = 0.5;

/**
 * The state before the first line. `resumeFrom`: the progress in the journal when a control plane takes over a load whose
 * log it reads from the start again.
 */
export function initialLoadProgress(options: Readonly<{ resumeFrom?: Progress }> = {}): LoadProgress {
  const { fraction, label } = options.resumeFrom ?? { fraction: 0, label: 'starting' };
  const known = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  return { stage: 'dispatch', fraction: known, label, isPulling: false, reached: 0, weights: [], graphs: [] };
}

/**
 * Takes one line of the launcher's or the model server's output, as {@link LineSplitter} gives it. Total: any text is taken,
 * and what means nothing returns the very same object. `source` tells hosts apart whose ranks may bear the same name.
 */
export function observeLine(state: LoadProgress, line: string, source = ''): LoadProgress {
  const { process, message } = readLogLine(line);
  const rank = source === '' ? process : `${source} ${process}`;
  const bar = readBar(message);
  if (bar !== null) return onBar(state, bar, rank);
  const end = readEnd(message);
  if (end !== null) return onEnd(state, end, rank);
  const mark = readMark(message);
  if (mark !== null) return reach(state, mark.stage, mark.share, mark.label);
  return state.stage === 'dispatch' && isPullLine(message) ? pulling(state) : state;
}

/** Compiling, JIT and warm-up may be silent for a quarter of an hour and be fine; the other stages may not. */
export const mayBeSilent = (stage: LoadStage): boolean => stage === 'compile' || stage === 'kv';

function onBar(state: LoadProgress, { kind, done, total }: BarReading, rank: string): LoadProgress {
  switch (kind) {
    case 'download':
      return reach(state, 'weights', 0, `downloading files ${done}/${total}`);
    case 'warm_up':
      return reach(state, 'kv', WARM_UP_FROM + (1 - WARM_UP_FROM) * (done / total), `warming up kernels ${done}/${total}`);
    case 'weights':
      return atWeights(state, moveBar(state.weights, rank, done, total));
    case 'graphs':
      return atGraphs(state, moveBar(state.graphs, rank, done, total), GRAPHS_FIRST_PASS);
    case 'graph_shapes':
      return atGraphs(state, moveBar(state.graphs, rank, done, total), 1);
  }
}

function onEnd(state: LoadProgress, end: StageEnd, rank: string): LoadProgress {
  switch (end) {
    case 'weights_pass':
      return atWeights(state, endBar(state.weights, rank, false));
    case 'weights':
      return atWeights(state, endBar(state.weights, rank, true));
    case 'graphs':
      return atGraphs(state, endBar(state.graphs, rank, true), GRAPHS_FIRST_PASS);
  }
}

function atWeights(before: LoadProgress, weights: readonly RankBar[]): LoadProgress {
  const least = slowest(weights, WEIGHTS_FIRST_PASS);
  if (weights === before.weights || least === null) return before;
  const state = { ...before, weights };
  // From here on nothing may be printed for minutes, even before the first line about compiling.
  if (least.share === 1) return reach(state, 'compile', 0, 'weights loaded');
  return reach(state, 'weights', least.share, least.bar.total === 0 ? 'weights read' : `weights ${counted(least.bar)}`);
}

function atGraphs(before: LoadProgress, graphs: readonly RankBar[], firstShare: number): LoadProgress {
  const least = slowest(graphs, firstShare);
  if (graphs === before.graphs || least === null) return before;
  const isUncounted = least.share === 1 || least.bar.total === 0;
  return reach({ ...before, graphs }, 'graphs', least.share, isUncounted ? 'graphs captured' : `capturing graphs ${counted(least.bar)}`);
}

const counted = ({ done, total, pass }: RankBar): string => `${done}/${total}${pass > 1 ? ` (pass ${pass})` : ''}`;

/** Moves on to `share` of `stage`; a line of an earlier place, read late or again, changes neither stage nor label. */
function reach(state: LoadProgress, stage: LoadStage, share: number, label: string): LoadProgress {
  const reached = fractionAt(stage, share);
  const isBehind = LOAD_STAGES.indexOf(stage) < LOAD_STAGES.indexOf(state.stage) || (stage === state.stage && reached < state.reached);
  if (isBehind) return state;
  if (stage === state.stage && label === state.label && reached === state.reached) return state;
  const isPulling = state.isPulling && stage === 'dispatch';
  return { ...state, stage, label, reached, isPulling, fraction: Math.max(state.fraction, reached) };
}

const pulling = (state: LoadProgress): LoadProgress =>
  state.isPulling ? state : { ...state, isPulling: true, label: 'pulling the image' };
