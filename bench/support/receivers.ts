import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** What a receiver does with a delivery, by its path. */
const BEHAVIOURS: Readonly<Record<string, (response: ServerResponse, count: number) => void>> = {
  good: (response) => void response.writeHead(204).end(),
  hangs: () => undefined,
  resets: (response) => void response.socket?.destroy(),
  fails: (response) => void response.writeHead(500).end('no'),
  busy: (response) => void response.writeHead(429, { 'retry-after': '3' }).end(),
  gone: (response) => void response.writeHead(410).end(),
  slow: (response) => void setTimeout(() => response.writeHead(204).end(), 1_000).unref(),
};

export const KINDS: readonly string[] = Object.keys(BEHAVIOURS);

/** Receivers on loopback, each with its own trouble. `good` checks signatures with an implementation that is not ours. */
export class Receivers {
  /** `sequence` of what the good one got, in the order in which it came; negative when the signature was wrong. */
  readonly good: number[] = [];
  readonly #server: Server;
  #secret = '';
  #wake: () => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receivers> {
    const server = createServer();
    const receivers = new Receivers(server);
    server.on('request', (request, response) => {
      const kind = (request.url ?? '').slice(1);
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      request.once('end', () => {
        if (kind === 'good') receivers.#take(body, request.headers as Record<string, string>);
        BEHAVIOURS[kind]?.(response, 0);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receivers;
  }

  url(kind: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${kind}`;
  }

  trust(secret: string): void {
    this.#secret = secret;
  }

  /** Resolves when the good one has got so many. */
  async got(count: number): Promise<void> {
    while (this.good.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(body: string, headers: Record<string, string>): void {
    const { sequence } = JSON.parse(body) as { sequence: number };
    try {
      new Webhook(this.#secret).verify(body, headers);
      this.good.push(sequence);
    } catch {
      this.good.push(-sequence);
    }
    this.#wake();
  }
}
