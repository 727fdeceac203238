import type { Spec } from './linearizable.ts';

/**
 * One call of the lock and its answer. `mark` names one acquisition for good: it is the holder's name there. `lost`: no answer came.
 */
export type LockOp = Readonly<
  | {
      type: 'acquire';
      mark: string;
      answer: Readonly<{ kind: 'granted'; fence: number } | { kind: 'held'; by: string } | { kind: 'lost' }>;
    }
  | { type: 'renew'; mark: string; answer: 'renewed' | 'fenced_off' | 'lost' }
  | { type: 'release'; mark: string; answer: 'released' | 'not_found' | 'fenced_off' | 'lost' }
  | { type: 'break'; answer: Readonly<{ kind: 'broken'; mark: string } | { kind: 'not_held' } | { kind: 'lost' }> }
  | { type: 'show'; answer: Readonly<{ kind: 'free' } | { kind: 'held'; by: string; fence: number }> }
>;

/** `ended`: marks of the locks that are over, and how. */
type LockState = Readonly<{ live: string | null; fence: number; ended: Readonly<Record<string, 'released' | 'broken'>> }>;

/** What the lock is, to one who makes one call after the other. No lease expires here: the TTLs are long. */
export const lockSpec: Spec<LockState, LockOp> = {
  initial: { live: null, fence: 0, ended: {} },
  key: ({ live, fence, ended }) => `${live} ${fence} ${JSON.stringify(ended)}`,
  step(state, op) {
    switch (op.type) {
      case 'acquire':
        return acquire(state, op.mark, op.answer);
      case 'renew':
        if (op.answer === 'lost') return [state];
        return (op.answer === 'renewed') === (state.live === op.mark) ? [state] : [];
      case 'release':
        return release(state, op.mark, op.answer);
      case 'break':
        return breakLock(state, op.answer);
      case 'show':
        if (op.answer.kind === 'free') return state.live === null ? [state] : [];
        // The fence of a grant whose answer was lost is learnt here.
        return state.live === op.answer.by && op.answer.fence >= state.fence ? [{ ...state, fence: op.answer.fence }] : [];
      default:
        return op satisfies never;
    }
  },
};

function acquire(state: LockState, mark: string, answer: Extract<LockOp, { type: 'acquire' }>['answer']): readonly LockState[] {
  switch (answer.kind) {
    case 'granted':
      return state.live === null && answer.fence > state.fence ? [{ ...state, live: mark, fence: answer.fence }] : [];
    case 'held':
      return state.live === answer.by ? [state] : [];
    case 'lost':
      return state.live === null ? [{ ...state, live: mark }] : [state];
    default:
      return answer satisfies never;
  }
}

function release(state: LockState, mark: string, answer: Extract<LockOp, { type: 'release' }>['answer']): readonly LockState[] {
  const released: LockState = { ...state, live: null, ended: { ...state.ended, [mark]: 'released' } };
  switch (answer) {
    case 'released':
      return state.live === mark ? [released] : [];
    case 'lost':
      return state.live === mark ? [released] : [state];
    case 'not_found':
      return state.ended[mark] === 'released' ? [state] : [];
    case 'fenced_off':
      return state.ended[mark] === 'broken' ? [state] : [];
    default:
      return answer satisfies never;
  }
}

function breakLock(state: LockState, answer: Extract<LockOp, { type: 'break' }>['answer']): readonly LockState[] {
  const { live } = state;
  const broken = (mark: string): LockState => ({ live: null, fence: state.fence + 1, ended: { ...state.ended, [mark]: 'broken' } });
  switch (answer.kind) {
    case 'broken':
      return live === answer.mark ? [broken(answer.mark)] : [];
    case 'not_held':
      return live === null ? [state] : [];
    case 'lost':
      return live === null ? [state] : [broken(live)];
    default:
      return answer satisfies never;
  }
}
