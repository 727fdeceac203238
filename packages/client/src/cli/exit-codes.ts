import type { WireSwap } from '@spark-control/schema';

/** What sparkctl ends with; docs/sparkctl.md explains each. Scripts rely on them: never renumber. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  locked: 3,
  busy: 4,
  timedOut: 5,
  rolledBack: 6,
  unreachable: 7,
  unauthorised: 8,
  leaseLost: 9,
  cancelled: 10,
  notFound: 11,
  refused: 12,
} as const;

/** Added by `with-lock` to its own codes, so that they never look like those of the command it runs. */
export const WITH_LOCK_OFFSET = 100;

const BY_CODE: Readonly<Record<string, number>> = {
  LOCKED: EXIT.locked,
  LOCK_HELD: EXIT.locked,
  SWAP_IN_PROGRESS: EXIT.busy,
  SWAP_ROLLING_BACK: EXIT.busy,
  MODEL_IN_USE: EXIT.busy,
  OPERATION_IN_PROGRESS: EXIT.busy,
  QUEUE_FULL: EXIT.busy,
  RATE_LIMITED: EXIT.busy,
  QUEUE_TIMEOUT: EXIT.timedOut,
  LOCK_EXPIRED: EXIT.leaseLost,
  FENCED_OFF: EXIT.leaseLost,
  CANCELLED: EXIT.cancelled,
  SUPERSEDED: EXIT.cancelled,
  PREFLIGHT_FAILED: EXIT.refused,
  DOES_NOT_FIT: EXIT.refused,
  UNSAFE_ARGUMENT: EXIT.refused,
  UNMANAGED_MODEL: EXIT.refused,
  NOT_ENOUGH_DISK: EXIT.refused,
  INVALID_REQUEST: EXIT.usage,
  INVALID_CATALOG: EXIT.usage,
  INVALID_SETTINGS: EXIT.usage,
  LOCK_ID_REQUIRED: EXIT.usage,
};

const BY_STATUS: Readonly<Record<number, number>> = {
  401: EXIT.unauthorised,
  403: EXIT.unauthorised,
  404: EXIT.notFound,
  423: EXIT.locked,
};

/** Of an answer that is a refusal or an error. A 404 without a code of ours is some other server's. */
export function exitCodeOfAnswer(status: number, code: string, isProblem: boolean): number {
  return BY_CODE[code] ?? (status === 404 && !isProblem ? EXIT.failure : BY_STATUS[status]) ?? EXIT.failure;
}

/** Of work that failed for a reason with a code of its own; `null` for others. */
export const exitCodeOfCause = (code: string | undefined): number | null => BY_CODE[code ?? ''] ?? null;

/** Of a settled swap. One that failed before anything was touched counts as refused, if that is why. */
export function exitCodeOfSwap({ outcome, cause }: WireSwap): number {
  switch (outcome) {
    case 'ready':
      return EXIT.ok;
    case 'rolled_back':
      return EXIT.rolledBack;
    case 'cancelled':
      return BY_CODE[cause?.code ?? ''] ?? EXIT.cancelled;
    case 'failed':
      return BY_CODE[cause?.code ?? ''] ?? EXIT.failure;
    case null:
      return EXIT.failure;
    default: // an outcome of a newer server is no success that we know of
      outcome satisfies never;
      return EXIT.failure;
  }
}
