import { type Agent, type IncomingMessage, request } from 'node:http';
import { SparkError } from '@spark-control/core';
import { connectionTrouble, errorCodeOf } from '../connection-trouble.ts';

export type HttpCall = Readonly<{
  method: 'GET' | 'POST';
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  deadlineMs: number;
  /** A longer answer is an error, not a short one. */
  maxBytes: number;
}>;

export type HttpAnswer = Readonly<{ status: number; text: string }>;

/**
 * One HTTP exchange within its own deadline.
 *
 * @throws `signal.reason` once `signal` aborts; {@link SparkError} UPSTREAM_TIMEOUT after the deadline, UPSTREAM_FAILED for
 * trouble on the way.
 */
export async function call(agent: Agent, { method, url, body, deadlineMs, maxBytes }: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const path = new URL(url).pathname;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const stop = (): void => deadline.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    return await exchange(agent, method, url, text, maxBytes, deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted)
      throw new SparkError('UPSTREAM_TIMEOUT', `The model server did not answer ${method} ${path} within ${deadlineMs / 1_000} s.`, {
        cause: error,
      });
    if (error instanceof SparkError) throw error;
    throw new SparkError('UPSTREAM_FAILED', `The model server did not answer ${method} ${path}: ${connectionTrouble(error)}.`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function exchange(
  agent: Agent,
  method: string,
  url: string,
  body: string | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  for (let isRetry = false; ; isRetry = true) {
    const sent = send(agent, method, url, body, signal);
    try {
      const response = await sent.response;
      return { status: response.statusCode ?? 0, text: await textOf(response, maxBytes) };
    } catch (error) {
      // The server may close an idle connection just as it is used again: nothing was processed then.
      const wasStale = sent.isReused() && errorCodeOf(error) === 'ECONNRESET' && method === 'GET';
      if (isRetry || !wasStale || signal.aborted) throw error;
    }
  }
}

function send(agent: Agent, method: string, url: string, body: string | null, signal: AbortSignal) {
  const headers = body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const outgoing = request(url, { agent, method, headers, signal });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  outgoing.end(body ?? undefined);
  return { response, isReused: () => outgoing.reusedSocket };
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new SparkError('UPSTREAM_FAILED', `The model server's answer is longer than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
