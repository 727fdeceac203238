import type { Request } from 'express';

/** Who asks, as far as is known without keys: `anonymous@` and the address the connection comes from. */
export function callerOf(request: Request): string {
  return `anonymous@${addressOf(request)}`;
}

/** The address of the connection. An IPv4 client on an IPv6 socket gets its IPv4 address back. */
export function addressOf(request: Request): string {
  return (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
