import type { Request } from 'express';

/** Aborts when the client has gone, since nobody reads the answer any more, or when the server is about to stop. */
export function untilGone(request: Request, closing: AbortSignal): AbortSignal {
  const over = new AbortController();
  const end = (): void => over.abort();
  // Not by AbortSignal.any: of every signal derived from it, one that lives as long as the server keeps some bytes.
  closing.addEventListener('abort', end, { once: true });
  request.res?.once('close', () => {
    closing.removeEventListener('abort', end);
    end();
  });
  if (closing.aborted || hasGone(request)) end();
  return over.signal;
}

/** Whether the connection was lost before the answer was. */
export const hasGone = (request: Request): boolean => request.res?.closed === true || request.socket.destroyed;
