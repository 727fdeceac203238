/**
 * A controller that aborts with `parent`, until it is released. In place of `AbortSignal.any`, which on Node 20 keeps a little
 * of every call for as long as the parent lives; a watch that looks every two seconds would leak for ever.
 */
export function linkedAbort(parent: AbortSignal): Readonly<{ signal: AbortSignal; abort: (reason: unknown) => void; release: () => void }> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(parent.reason);
  if (parent.aborted) onAbort();
  else parent.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener('abort', onAbort),
  };
}
