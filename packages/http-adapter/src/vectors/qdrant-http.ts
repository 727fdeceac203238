import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { SparkError } from '@spark-control/core';
import { connectionTrouble, errorCodeOf } from '../connection-trouble.ts';

export type QdrantCall = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  /** Goes in the header `api-key`, and nowhere else. */
  key: string | null;
  /** Sent as JSON. */
  body?: unknown;
  deadlineMs: number;
}>;

/** `text` is at most {@link MAX_ANSWER_BYTES} long. */
export type QdrantAnswer = Readonly<{ status: number; text: string }>;

/** What writes the body of a request itself; it settles when all is written, or with the trouble. */
export type BodyWriter = (outgoing: ReturnType<typeof requestHttp>) => Promise<void>;

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** A store that copies for an hour says nothing meanwhile; a dead one must be told from it. */
const PROBE_EVERY_MS = 15_000;

/**
 * One exchange on a connection of its own, which a POST may need: on a kept one it could be lost without being processed, and nobody could tell.
 *
 * @throws `signal.reason` once `signal` aborts; {@link SparkError} UPSTREAM_TIMEOUT, UPSTREAM_FAILED.
 */
export function exchange(call: QdrantCall, signal: AbortSignal): Promise<QdrantAnswer> {
  const text = call.body === undefined ? null : JSON.stringify(call.body);
  const headers = text === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  return within(call, signal, async (deadline) => {
    const outgoing = send(call, headers, deadline);
    const response = responseOf(outgoing);
    outgoing.end(text ?? undefined);
    return read(await response);
  });
}

/** Like {@link exchange}, with a body that `write` sends. */
export function upload(
  call: QdrantCall,
  headers: Readonly<Record<string, string>>,
  write: BodyWriter,
  signal: AbortSignal,
): Promise<QdrantAnswer> {
  return within(call, signal, async (deadline) => {
    const outgoing = send(call, headers, deadline);
    const response = responseOf(outgoing);
    // Trouble with writing ends the request with an error, which is that of `response`; but a store that refuses early has
    // answered by then, and its words count more than the broken pipe.
    write(outgoing).catch(() => undefined);
    const answer = await read(await response);
    outgoing.destroy();
    return answer;
  });
}

/** The answer as a stream, for what is too large to keep. The caller reads it to its end or destroys it. */
export function download(call: QdrantCall, signal: AbortSignal): Promise<IncomingMessage> {
  return within(call, signal, (deadline) => {
    const outgoing = send(call, {}, deadline);
    const response = responseOf(outgoing);
    outgoing.end();
    return response;
  });
}

/** The whole of an answer. */
export async function read(response: IncomingMessage): Promise<QdrantAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new SparkError('UPSTREAM_FAILED', `Qdrant's answer is longer than ${MAX_ANSWER_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

async function within<T>(
  { method, url, deadlineMs }: QdrantCall,
  signal: AbortSignal,
  run: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const stop = (): void => deadline.abort();
  signal.addEventListener('abort', stop, { once: true });
  const asked = `${method} ${new URL(url).pathname}`;
  try {
    return await run(deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted) {
      throw new SparkError('UPSTREAM_TIMEOUT', `Qdrant did not answer ${asked} within ${deadlineMs / 1_000} s.`, { cause: error });
    }
    if (error instanceof SparkError) throw error;
    if (errorCodeOf(error) === 'ERR_INVALID_CHAR') {
      throw new SparkError(
        'UPSTREAM_FAILED',
        'The API key of Qdrant holds a character that no header can hold; look for a line break in it.',
      );
    }
    throw new SparkError('UPSTREAM_FAILED', `Qdrant did not answer ${asked}: ${connectionTrouble(error)}.`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function send({ method, url, key }: QdrantCall, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const outgoing = request(url, {
    method,
    agent: false,
    headers: { accept: 'application/json', ...headers, ...(key === null ? {} : { 'api-key': key }) },
    signal,
  });
  outgoing.once('socket', (socket) => socket.setKeepAlive(true, PROBE_EVERY_MS));
  return outgoing;
}

function responseOf(outgoing: ReturnType<typeof requestHttp>): Promise<IncomingMessage> {
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  response.catch(() => undefined);
  return response;
}
