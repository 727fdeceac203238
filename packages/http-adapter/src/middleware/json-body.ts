import { SparkError } from '@spark-control/core';
import type { Request, RequestHandler } from 'express';

/** Deeper bodies parse, but overflow the stack of whatever walks them afterwards. */
const MAX_DEPTH = 64;
const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.+-]+\+)?json\s*(?:;|$)/i;
const FOREIGN_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(?:;|$))/i;

const tooLarge = (limitBytes: number): SparkError =>
  new SparkError('PAYLOAD_TOO_LARGE', `The body is larger than the limit of ${limitBytes} bytes.`);

/** Refuses by its declared length what would be too large, before a byte of it is read. */
export function declaredSizeGuard(limitBytes: number): RequestHandler {
  return (request, _response, next) => {
    const declared = Number(request.headers['content-length'] ?? 0);
    next(declared > limitBytes ? tooLarge(limitBytes) : undefined);
  };
}

export const hasBody = (request: Request): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;

/**
 * Reads a JSON body; `undefined` when there is none. Express' own parser is not used because it reads an upload to its
 * end before it says that it is too large.
 *
 * @throws {SparkError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, MALFORMED_JSON, INVALID_REQUEST (nested too deep).
 */
export async function readJsonBody(request: Request, limitBytes: number): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const type = request.headers['content-type'] ?? '';
  if (!JSON_TYPE.test(type) || FOREIGN_CHARSET.test(type)) {
    throw new SparkError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8: send Content-Type application/json.');
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new SparkError('UNSUPPORTED_MEDIA_TYPE', 'Compressed bodies are not taken: send it without Content-Encoding.');
  }
  const bytes = await readBytes(request, limitBytes);
  return bytes.length === 0 ? undefined : parse(bytes);
}

function readBytes(request: Request, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limitBytes) {
        request.pause();
        settle(() => reject(tooLarge(limitBytes)));
      }
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const onLost = (): void => settle(() => reject(new SparkError('MALFORMED_JSON', 'The connection ended within the body.')));
    request.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost);
  });
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SparkError('MALFORMED_JSON', 'The body is not UTF-8.', { cause });
  }
  if (isDeeperThan(text, MAX_DEPTH)) {
    const issue = { path: '', code: 'too_deep', message: `nested more than ${MAX_DEPTH} levels deep` };
    throw new SparkError('INVALID_REQUEST', `The body is nested more than ${MAX_DEPTH} levels deep.`, { details: { issues: [issue] } });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SparkError('MALFORMED_JSON', `The body is not JSON${placeOf(cause)}.`, { cause });
  }
}

/** The parser's message quotes the body; only the place is passed on. */
function placeOf(error: unknown): string {
  const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
  return position === undefined ? '' : `: see character ${position}`;
}

function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i += 1;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (char === 0x7d || char === 0x5d) depth -= 1;
  }
  return false;
}
