import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SparkControl } from './create-spark-control.ts';

/** Open connections are given this long to finish once the server stops. */
const GRACE_MS = 5_000;
const SWEEP_MS = 50;

/** Listens with limits that a slow or hostile client cannot stretch. Rejects when the address is taken. */
export function listen(control: SparkControl): Promise<Server> {
  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 },
    control.app,
  );
  server.keepAliveTimeout = 65_000; // longer than common proxies keep theirs, so that they do not meet a closed one
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(control.settings.port, control.settings.host, () => {
      server.off('error', reject);
      const { address, port } = server.address() as AddressInfo;
      control.listensOn(address, port);
      resolve(server);
    });
  });
}

/** Where a person finds it. */
export function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  const isAnywhere = address === '0.0.0.0' || address === '::';
  const host = isAnywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

/** Streams first, so that clients reconnect elsewhere; then requests in flight; then the rest. */
export async function stop(server: Server, control: SparkControl): Promise<void> {
  control.closeStreams();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection falls idle only after its last answer, so once is not enough.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
  await control.close();
}
