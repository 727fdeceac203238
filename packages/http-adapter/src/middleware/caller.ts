import type { Actor } from '@spark-control/core';
import type { Request } from 'express';
import { requestIdOf } from './request-id.ts';

/** Who asks, as far as is known without keys: `anonymous@` and the address the connection comes from. */
export function callerOf(request: Request): string {
  return `anonymous@${addressOf(request)}`;
}

/** Who asks, for the audit trail. */
export const actorOf = (request: Request): Actor => ({
  name: callerOf(request),
  address: addressOf(request),
  requestId: requestIdOf(request),
});

/** The address of the connection. An IPv4 client on an IPv6 socket gets its IPv4 address back. */
export function addressOf(request: Request): string {
  return (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
