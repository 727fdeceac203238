/** How something is, in one of six ways. Each has a shape and a word, so that colour is never alone. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'none' | 'unknown';

export type Mark = Readonly<{ tone: Tone; shape: string; word: string }>;

const SHAPES: Readonly<Record<Tone, string>> = { ok: '●', busy: '◐', warn: '▲', bad: '✕', none: '○', unknown: '?' };

export const mark = (tone: Tone, word: string): Mark => ({ tone, shape: SHAPES[tone], word });

const PHASE_WORDS: Readonly<Record<string, string>> = {
  queued: 'queued',
  validating: 'checking',
  draining: 'draining',
  stopping: 'stopping',
  launching: 'launching',
  loading: 'loading',
  warming: 'warming up',
  rolling_back: 'rolling back',
  ready: 'ready',
  rolled_back: 'rolled back',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The word for a phase; one that this page does not know yet is shown as it is. */
export const phaseWord = (phase: string): string => PHASE_WORDS[phase] ?? phase.replaceAll('_', ' ');

export function phaseMark(swap: Readonly<{ phase: string; settled: boolean; outcome: string | null }>): Mark {
  if (!swap.settled) return mark(swap.phase === 'rolling_back' ? 'warn' : 'busy', phaseWord(swap.phase));
  const outcome = swap.outcome ?? swap.phase;
  if (outcome === 'ready') return mark('ok', 'ready');
  if (outcome === 'cancelled') return mark('none', 'cancelled');
  if (outcome === 'rolled_back') return mark('warn', 'rolled back');
  if (outcome === 'failed') return mark('bad', 'failed');
  return mark('unknown', phaseWord(outcome));
}
