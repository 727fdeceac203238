import type { Request } from 'express';
import { invalidRequest } from '../routing/validator.ts';

const TAG = String.raw`(?:W\/)?"[^"]*"`;
const TAGS = new RegExp(`^${TAG}(?:\\s*,\\s*${TAG})*$`);
/** Fits no catalog: revisions count from 0. */
const NO_REVISION = -1;

/**
 * The revision of the catalog that a change was made from, as `If-Match` says; `null` without it, and for `*`, which fits whatever is
 * there. Of several the one that fits. A tag without quotes, as people type it, and a weak one, as proxies make them, count too.
 * @throws {SparkError} INVALID_REQUEST for what is no ETag at all.
 */
export function expectedRevision(request: Request, current: number): number | null {
  const header = request.get('if-match');
  if (header === undefined || header.trim() === '*') return null;
  const text = header.trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (!TAGS.test(text)) {
    throw invalidRequest([{ path: '/headers/if-match', code: 'format', message: 'has to be the ETag of an answer, such as "7", or *' }]);
  }
  const tags = [...text.matchAll(/"([^"]*)"/g)].map(([, tag = '']) => (/^\d{1,15}$/.test(tag) ? Number(tag) : NO_REVISION));
  return tags.find((tag) => tag === current) ?? tags[0] ?? NO_REVISION;
}
