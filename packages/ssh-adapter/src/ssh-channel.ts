import type { Client, ClientChannel } from 'ssh2';
import { joinSignals } from './joined-signal.ts';
import type { Connection } from './ssh-link.ts';

export type ChannelSink = Readonly<{ onStdout: (chunk: Buffer) => void; onStderr: (chunk: Buffer) => void }>;

/** What the server said at the end. `null`: it did not say (link lost, killed by a signal): the outcome is unknown. */
export type ChannelEnd = Readonly<{ exitCode: number | null }>;

/** The server has no free session for another channel, for now: sessions of ended commands close a little later. */
export class NoFreeSession extends Error {}

/**
 * Runs `sh -s` with `script` on standard input, which stays open: its end tells the script to end too.
 * Rejects with {@link NoFreeSession}, with `signal.reason` at once on abort, and resolves with an unknown outcome when the link goes.
 */
export function runChannel(connection: Connection, script: string, sink: ChannelSink, signal: AbortSignal): Promise<ChannelEnd> {
  const { client, lost } = connection;
  return new Promise((resolve, reject) => {
    let channel: ClientChannel | null = null;
    let exitCode: number | null = null;
    const { signal: stop, release } = joinSignals(signal, lost);
    const finish = (settle: () => void): void => {
      release();
      settle();
    };
    const onStop = (): void => {
      channel?.close();
      finish(() => (signal.aborted ? reject(signal.reason) : resolve({ exitCode: null })));
    };
    if (stop.aborted) return onStop();
    stop.addEventListener('abort', onStop, { once: true });
    open(client, (error, opened) => {
      if (error !== undefined)
        return finish(() => (lost.aborted ? resolve({ exitCode: null }) : reject(new NoFreeSession('no free session', { cause: error }))));
      channel = opened;
      // A listener of its own: an 'error' event without one would end the process.
      opened.on('error', () => {});
      if (stop.aborted) return opened.close();
      opened.on('data', sink.onStdout);
      opened.stderr.on('data', sink.onStderr);
      opened.on('exit', (code: number | null) => {
        exitCode = typeof code === 'number' ? code : null;
      });
      opened.on('close', () => finish(() => resolve({ exitCode })));
      opened.write(script);
    });
  });
}

function open(client: Client, done: (error: Error | undefined, channel: ClientChannel) => void): void {
  try {
    client.exec('sh -s', done);
  } catch (error) {
    done(error instanceof Error ? error : new Error('exec failed'), undefined as never);
  }
}
