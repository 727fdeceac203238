import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connectionTrouble } from '../connection-trouble.ts';
import { pinnedLookup, type Target } from './resolve-target.ts';

/** Of an answer no more is taken off the wire than this; what it says is never looked at. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** `retryAfter`: the header as it came. `reason`: a clause for people. */
export type PostResult = Readonly<
  { kind: 'answered'; status: number; retryAfter: string | undefined } | { kind: 'failed'; reason: string } | { kind: 'aborted' }
>;

/**
 * Posts `body` to the addresses of `target` and to no others, on a connection of its own, without following redirects. The
 * status decides: an answer whose body never ends, or ends badly, counts as answered. Never rejects.
 */
export function post({ url, addresses }: Target, headers: OutgoingHttpHeaders, body: string, signal: AbortSignal): Promise<PostResult> {
  return new Promise((resolve) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = request({
      method: 'POST',
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      path: url.pathname + url.search,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      // Not called when the host is an address, which then is the very one that was judged.
      lookup: pinnedLookup(addresses),
    });
    let answer: PostResult | null = null;
    const finish = (result: PostResult): void => {
      signal.removeEventListener('abort', abort);
      resolve(answer ?? result);
      outgoing.destroy();
    };
    const abort = (): void => finish({ kind: 'aborted' });
    signal.addEventListener('abort', abort, { once: true });
    outgoing.on('error', (error) => finish({ kind: 'failed', reason: connectionTrouble(error) }));
    outgoing.on('close', () => finish({ kind: 'failed', reason: connectionTrouble({ code: 'ECONNRESET' }) }));
    outgoing.once('upgrade', (response, socket) => {
      socket.destroy();
      finish(resultOf(response));
    });
    outgoing.once('response', (response) => {
      const result = resultOf(response);
      answer = result;
      discard(response, () => finish(result));
    });
    if (signal.aborted) abort();
    else outgoing.end(body);
  });
}

const resultOf = ({ statusCode = 0, headers }: IncomingMessage): PostResult => ({
  kind: 'answered',
  status: statusCode,
  retryAfter: headers['retry-after'],
});

/** Reads and forgets. Calls `done` when nothing more comes, or too much has. */
function discard(response: IncomingMessage, done: () => void): void {
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) done();
  });
  for (const event of ['end', 'error', 'close']) response.once(event, done);
}
