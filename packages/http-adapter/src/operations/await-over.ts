import type { Clock, Operation, OperationDesk, OperationId } from '@spark-control/core';

/** The operation once it is over, or as it is after `waitMs` or when `signal` aborts. Rejects OPERATION_NOT_FOUND. */
export async function awaitOver(
  operations: OperationDesk,
  clock: Clock,
  id: OperationId,
  waitMs: number,
  signal: AbortSignal,
): Promise<Operation> {
  const waiting = new AbortController();
  const end = (): void => waiting.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  void clock.sleep(waitMs, waiting.signal).then(end, end);
  try {
    return await operations.settled(id, waiting.signal);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
