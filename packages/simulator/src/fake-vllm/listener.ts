import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** Binds and lets go at once: whether a later listen can succeed. vLLM binds long before it listens. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  if (port === 0) return true;
  const probe = createServer();
  try {
    probe.listen({ port, host, exclusive: true });
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (probe.listening) await new Promise((resolve) => probe.close(resolve));
  }
}

/** A server on one port that can be taken off the network and put back. */
export class Listener {
  readonly #handler: RequestListener;
  readonly #host: string;
  #server: Server | null = null;
  #port: number;

  constructor(handler: RequestListener, port: number, host: string) {
    this.#handler = handler;
    this.#port = port;
    this.#host = host;
  }

  /** @returns the port, which is chosen by the system at the first call when 0 was asked for. */
  async open(): Promise<number> {
    const server = createServer({ keepAliveTimeout: 5000 }, this.#handler);
    server.listen({ port: this.#port, host: this.#host, exclusive: true });
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    return this.#port;
  }

  /** Stops taking connections and breaks those that are open. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}
