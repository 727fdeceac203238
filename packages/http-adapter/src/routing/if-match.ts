import type { Request } from 'express';

/** The revision of `If-Match`, as this server's ETags carry it; `null` without one, and for `*`, which fits whatever is there. */
export function ifMatchOf(request: Request): string | null {
  const text = request.get('if-match')?.trim() ?? '';
  if (text === '' || text === '*') return null;
  // A proxy that compresses turns an ETag into a weak one; the revision is the same.
  return /^(?:W\/)?"([^"]*)"$/.exec(text)?.[1] ?? text;
}
