import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy before one port, which can lose the connection the way networks do. It listens on a free port of 127.0.0.1, unless told otherwise.
 *
 * - `cut`: every connection ends at once; new ones pass.
 * - `freeze`: connections stay open and nothing passes in either direction, new ones are taken and get no answer (cable out,
 *   host hung). `thaw` lets everything on, in order, nothing lost.
 * - `refuse`: nobody listens any more (sshd down). `accept` opens the same port again.
 */
export type LinkProxy = Readonly<{
  port: number;
  cut(): void;
  freeze(): void;
  thaw(): void;
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** `performance.now()` of every connection taken so far. */
  connections(): readonly number[];
  /** Connections open now. */
  open(): number;
  stop(): Promise<void>;
}>;

type Place = Readonly<{ host: string; port: number }>;

export async function startProxy(target: Place, listenOn: Place = { host: '127.0.0.1', port: 0 }): Promise<LinkProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const taken: number[] = [];
  let isFrozen = false;

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    taken.push(performance.now());
    const upstream = createConnection({ ...target, allowHalfOpen: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const drop = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', drop).on('close', drop);
    }
    if (!isFrozen) join(pair);
  });
  await listen(server, listenOn);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      // Not resetAndDestroy: after it Node 20 can spin for ever in the cleanup at its exit.
      client.destroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  const refuse = async (): Promise<void> => {
    const closed = server.listening ? new Promise<void>((resolve) => server.close(() => resolve())) : Promise.resolve();
    cut();
    await closed;
  };
  return {
    port,
    cut,
    freeze() {
      isFrozen = true;
      for (const pair of pairs) part(pair);
    },
    thaw() {
      isFrozen = false;
      for (const pair of pairs) join(pair);
    },
    refuse,
    accept: () => (server.listening ? Promise.resolve() : listen(server, { ...listenOn, port })),
    connections: () => taken,
    open: () => pairs.size,
    stop: refuse,
  };
}

function join([client, upstream]: readonly [Socket, Socket]): void {
  client.pipe(upstream);
  upstream.pipe(client);
}

function part([client, upstream]: readonly [Socket, Socket]): void {
  client.unpipe(upstream).pause();
  upstream.unpipe(client).pause();
}

function listen(server: Server, { host, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
