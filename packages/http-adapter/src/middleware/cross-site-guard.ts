import { SparkError } from '@spark-control/core';
import type { Request, RequestHandler } from 'express';

export const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses unsafe requests that a page of another site had a browser send. Browsers send `Sec-Fetch-Site` only to
 * trustworthy URLs; on plain HTTP in a LAN it is `Origin` that tells. Programs send neither, and pass.
 */
export const crossSiteGuard: RequestHandler = (request, _response, next) => {
  const reason = SAFE_METHODS.includes(request.method) ? null : crossSiteReason(request);
  next(
    reason === null
      ? undefined
      : new SparkError('CROSS_SITE', `${reason} Call from the dashboard itself, or from a program without an Origin header.`),
  );
};

function crossSiteReason(request: Request): string | null {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined)
    return site === 'same-origin' || site === 'none' ? null : 'The browser says that the request comes from another site.';
  const { origin, host } = request.headers;
  if (origin === undefined) return null;
  return isSameHost(origin, host) ? null : 'The Origin of the request is another site.';
}

/** Compares name and port. `null`, which sandboxed frames send, is no URL and therefore another site. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
