/** Why the work of an operation is broken off. */
type Why = 'cancelled' | 'stopping';

const BRAND = Symbol.for('@spark-control/operation-abort');

/** The reason of the signal of an operation's work. */
export class OperationAbort extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why === 'cancelled' ? 'the operation was cancelled' : 'the control plane stops');
    this.name = 'OperationAbort';
    this.why = why;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Whether the control plane stops, so that what runs on a host is to be left alone: the next process takes it up. Otherwise an aborted
 * signal says that somebody cancelled, and what runs on the host has to be ended.
 */
export const isStopping = ({ aborted, reason }: AbortSignal): boolean => aborted && isOperationAbort(reason) && reason.why === 'stopping';

/** Recognises one of any copy of this package (npm may install two). */
export const isOperationAbort = (value: unknown): value is OperationAbort =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
