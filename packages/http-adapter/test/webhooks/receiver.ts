import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';

export type Received = Readonly<{ method: string; path: string; headers: IncomingHttpHeaders; body: string }>;

export type Receiver = Readonly<{
  port: number;
  url: string;
  received: Received[];
  /** Resolves as soon as `count` requests have come in whole. */
  until(count: number): Promise<void>;
  close(): Promise<void>;
}>;

/** A real server on a loopback address that answers as `answer` says, or not at all. */
export async function startReceiver(
  answer: (response: ServerResponse, request: IncomingMessage) => void = (response) => void response.end(),
  { host = '127.0.0.1', port = 0 } = {},
): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: { count: number; wake: () => void }[] = [];
  const server: Server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      answer(response, request);
      for (const { count, wake } of waiting) if (received.length >= count) wake();
    });
  });
  const found = await listen(server, host, port);
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => (received.length >= count ? resolve() : waiting.push({ count, wake: resolve })));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: found, url: `http://${host}:${found}/hook`, received, until, close };
}

/** A server that does not speak HTTP: `talk` gets each connection. */
export async function startTcp(talk: (socket: Socket) => void): Promise<Readonly<{ url: string; close(): Promise<void> }>> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  const port = await listen(server, '127.0.0.1', 0);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/hook`, close };
}

async function listen(server: TcpServer, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server, '127.0.0.1', 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
