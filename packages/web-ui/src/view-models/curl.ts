import type { SwapBody } from '../wire.ts';

/** A word for a POSIX shell: inside single quotes everything but the quote itself stands for itself. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The call that the dashboard makes, for a terminal or a cron job. */
export function curlOf(origin: string, path: string, body: unknown, method: 'POST' | 'PUT' = 'POST'): string {
  const lines = [
    `curl -X ${method} ${shellWord(origin + path)}`,
    `-H ${shellWord('content-type: application/json')}`,
    `-d ${shellWord(JSON.stringify(body))}`,
  ];
  return lines.join(' \\\n  ');
}

export type SwapForm = Readonly<{
  drainSeconds: number;
  rollback: boolean;
  replaceUnmanaged: boolean;
  forceRestart: boolean;
  queue: boolean;
  /** How long it may wait in the queue; `null`: as long as the server's default says. */
  queueMinutes: number | null;
  reason: string;
}>;

/** The body of a swap request. Only what differs from the server's defaults is sent, so that the curl stays short. */
export function swapBody(model: string | null, cluster: string, form: SwapForm): SwapBody {
  return {
    model,
    cluster,
    ...(form.drainSeconds !== 30 && { drain_seconds: form.drainSeconds }),
    ...(!form.rollback && { rollback: false }),
    ...(form.replaceUnmanaged && { replace_unmanaged: true }),
    ...(form.forceRestart && { force_restart: true }),
    ...(form.queue && { on_busy: 'queue' as const }),
    ...(form.queue && form.queueMinutes !== null && { queue_seconds: form.queueMinutes * 60 }),
    ...(form.reason !== '' && { reason: form.reason }),
  };
}
