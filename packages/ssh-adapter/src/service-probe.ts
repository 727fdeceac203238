import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';

const DEADLINE_MS = 5_000;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name server did not answer',
  ETIMEDOUT: 'the host did not answer',
};

export type ProbeResult = Readonly<{ ok: boolean; detail: string }>;

/** Asks a service once whether it is well: any status of 2xx is. Rejects only when `signal` aborts. */
export async function probeService(url: string, signal: AbortSignal, deadlineMs = DEADLINE_MS): Promise<ProbeResult> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const stop = (): void => deadline.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const status = await statusOf(url, deadline.signal);
    return status >= 200 && status < 300 ? { ok: true, detail: 'It answers.' } : { ok: false, detail: `It answers with status ${status}.` };
  } catch (error) {
    signal.throwIfAborted();
    const reason = deadline.signal.aborted ? `there was nothing within ${deadlineMs / 1_000} s` : reasonOf(error);
    return { ok: false, detail: `It does not answer: ${reason}.` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Without an agent, so that no idle connection is left to close; the body is of no interest. */
async function statusOf(url: string, signal: AbortSignal): Promise<number> {
  const send = url.startsWith('https:') ? secureRequest : plainRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    send(url, { agent: false, signal, headers: { connection: 'close' } }, resolve)
      .on('error', reject)
      .end();
  });
  response.on('error', () => undefined).destroy();
  return response.statusCode ?? 0;
}

/** Without the library's own text, which names addresses and internals. */
function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code.startsWith('HPE_')) return 'what answers there is no HTTP server';
  return REASONS[code] ?? 'the connection failed';
}
