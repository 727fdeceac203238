import { networkInterfaces } from 'node:os';
import { type Clock, SparkError } from '@spark-control/core';
import type { RequestHandler } from 'express';

const HOST_HEADER = /^(\[[0-9a-f:.%]+\]|[^\s:@/\\?#[\]]+)(?::\d{1,5})?$/i;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::', ''];
/** Probes come by whatever name their checker uses, and learn nothing from these two. */
const EXEMPT_PATHS: readonly string[] = ['/healthz', '/metrics'];
const INTERFACES_MAX_AGE_MS = 10_000;

/** The name in a `Host` header: lower case, without port, brackets and final dot; `null` when it is none. */
export function hostNameOf(header: string | undefined): string | null {
  const name = header === undefined ? undefined : HOST_HEADER.exec(header.trim())?.[1];
  if (name === undefined) return null;
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

/** Addresses on which a server listens that was told `host`. */
export function listeningAddresses(host: string): readonly string[] {
  if (!WILDCARDS.includes(host)) return [host.toLowerCase()];
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address.toLowerCase()));
}

/**
 * Refuses names that are not this server's. A page of another site can point its own name at this address (DNS
 * rebinding) and then passes every check of origin; it cannot hide the name.
 */
export function hostGuard(listenHost: string, allowedHosts: readonly string[], clock: Clock): RequestHandler {
  const allowed = allowedHosts.map((name) => name.trim().toLowerCase().replace(/\.$/, '')).filter((name) => name !== '');
  let addresses: readonly string[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const isListening = (name: string): boolean => {
    if (clock.monotonic() - readAt > INTERFACES_MAX_AGE_MS) {
      addresses = listeningAddresses(listenHost);
      readAt = clock.monotonic();
    }
    return addresses.includes(name);
  };
  const isOurs = (name: string): boolean =>
    LOOPBACK.test(name) || /.\.local$/.test(name) || allowed.some((pattern) => matches(pattern, name)) || isListening(name);

  return (request, _response, next) => {
    const name = hostNameOf(request.headers.host);
    if (EXEMPT_PATHS.includes(request.path) || (name !== null && isOurs(name))) return next();
    const shown = name === null ? 'A request without a readable host name' : `The name "${name.slice(0, 100)}"`;
    next(
      new SparkError('HOST_NOT_ALLOWED', `${shown} is not served here. Add the name to ALLOWED_HOSTS (separated by commas) and restart.`),
    );
  };
}

/** `*.lan` stands for every name below `lan`. */
function matches(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') ? name.length > pattern.length - 1 && name.endsWith(pattern.slice(1)) : name === pattern;
}
