import { type Agent, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { SparkError } from '@spark-control/core';
import { connectionTrouble, errorCodeOf } from '../connection-trouble.ts';

export type HttpCall = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  content?: Readonly<{ type: string; bytes: Uint8Array }>;
  /** May hold a secret: they are in no message. */
  headers?: Readonly<Record<string, string>>;
  deadlineMs: number;
  /** A longer answer is an error, not a short one. 0: only the status is wanted, the body is not read. */
  maxBytes: number;
  /** Who is asked, as a message begins. Default: the model server. */
  who?: string;
}>;

/** `bytes`: how long the body was. `type`: its media type, in small letters and without parameters. */
export type HttpAnswer = Readonly<{ status: number; text: string; bytes: number; type: string }>;

/**
 * One HTTP exchange within its own deadline. `agent: false`: on a connection of its own, which is closed after it.
 *
 * @throws `signal.reason` once `signal` aborts; {@link SparkError} UPSTREAM_TIMEOUT after the deadline, UPSTREAM_FAILED for
 * trouble on the way.
 */
export async function call(agent: Agent | false, asked: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const { method, url, deadlineMs, who = 'The model server' } = asked;
  const path = new URL(url).pathname;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const stop = (): void => deadline.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await exchange(agent, asked, deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted)
      throw new SparkError('UPSTREAM_TIMEOUT', `${who} did not answer ${method} ${path} within ${deadlineMs / 1_000} s.`, {
        cause: error,
      });
    if (error instanceof SparkError) throw error;
    throw new SparkError('UPSTREAM_FAILED', `${who} did not answer ${method} ${path}: ${connectionTrouble(error)}.`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function exchange(agent: Agent | false, asked: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  for (let isRetry = false; ; isRetry = true) {
    const sent = send(agent, asked, signal);
    try {
      const response = await sent.response;
      const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
      const body = await bodyOf(response, asked);
      return { status: response.statusCode ?? 0, text: body.toString('utf8'), bytes: body.length, type };
    } catch (error) {
      // The server may close an idle connection just as it is used again: nothing was processed then.
      const wasStale = sent.isReused() && errorCodeOf(error) === 'ECONNRESET' && asked.method === 'GET';
      if (isRetry || !wasStale || signal.aborted) throw error;
    }
  }
}

function send(agent: Agent | false, asked: HttpCall, signal: AbortSignal) {
  const { method, url } = asked;
  const content = contentOf(asked);
  const described = content === null ? {} : { 'content-type': content.type, 'content-length': content.bytes.length };
  const request = url.startsWith('https:') ? secureRequest : plainRequest;
  const headers = { ...asked.headers, ...described, ...(agent === false && { connection: 'close' }) };
  const outgoing = request(url, { agent, method, headers, signal });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  outgoing.end(content?.bytes);
  return { response, isReused: () => outgoing.reusedSocket };
}

function contentOf({ body, content }: HttpCall): NonNullable<HttpCall['content']> | null {
  if (content !== undefined) return content;
  return body === undefined ? null : { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) };
}

async function bodyOf(response: IncomingMessage, { maxBytes, who = 'The model server' }: HttpCall): Promise<Buffer> {
  if (maxBytes === 0) {
    response.on('error', () => undefined).destroy();
    return Buffer.alloc(0);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new SparkError('UPSTREAM_FAILED', `${who} sent more than ${maxBytes} bytes in answer.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
