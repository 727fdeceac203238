import { type Clock, SparkError } from '@spark-control/core';
import PQueue from 'p-queue';
import { CappedText } from './capped-text.ts';
import { joinSignals } from './joined-signal.ts';
import type { RemoteShell, RunOptions, ShellResult } from './remote-shell.ts';
import { afterBegin, wrapScript } from './script-text.ts';
import { type ChannelEnd, type ChannelSink, NoFreeSession, runChannel } from './ssh-channel.ts';
import { SshLink, type SshLinkOptions } from './ssh-link.ts';

/** sshd allows ten sessions per connection; two stay free for sessions that are still closing. */
const MAX_CHANNELS = 8;
/** Streams last for hours: they must leave room for commands. */
const MAX_STREAMS = 4;
const SESSION_RETRY_MS = [50, 100, 200, 400, 800];

export type SshShellOptions = SshLinkOptions;

/** {@link RemoteShell} over one SSH connection that all callers share. */
export class SshShell implements RemoteShell {
  readonly host: string;
  readonly #link: SshLink;
  readonly #clock: Clock;
  readonly #channels = new PQueue({ concurrency: MAX_CHANNELS });
  readonly #streams = new PQueue({ concurrency: MAX_STREAMS });

  constructor(options: SshShellOptions) {
    this.host = options.host.name;
    this.#clock = options.clock;
    this.#link = new SshLink(options);
  }

  async run(script: string, options: RunOptions): Promise<ShellResult> {
    const { timeoutMs, maxOutputBytes = 4 * 1024 * 1024, wait = false, signal } = options;
    const stdout = new CappedText(maxOutputBytes);
    const stderr = new CappedText(maxOutputBytes);
    const sink = { onStdout: (chunk: Buffer) => stdout.add(chunk), onStderr: (chunk: Buffer) => stderr.add(chunk) };
    const end = await this.#withDeadline(timeoutMs, signal, (limited) => this.#execute(this.#channels, script, sink, wait, limited));
    const truncated = stdout.isTruncated || stderr.isTruncated;
    const output = afterBegin(stdout.text());
    if (output === null && end.exitCode !== null) throw this.#neverBegan(end.exitCode, stderr.text());
    return { exitCode: end.exitCode, stdout: output ?? '', stderr: stderr.text(), truncated };
  }

  async stream(script: string, onChunk: (chunk: Buffer) => void, signal: AbortSignal): Promise<ChannelEnd> {
    const begin = new BeginFilter(onChunk);
    const sink = { onStdout: (chunk: Buffer) => begin.add(chunk), onStderr: (chunk: Buffer) => begin.addRaw(chunk) };
    const { signal: own, release } = joinSignals(signal);
    try {
      return await this.#streams.add(() => this.#execute(this.#channels, script, sink, false, own), { signal: own });
    } catch (error) {
      if (signal.aborted) return { exitCode: null };
      throw error;
    } finally {
      release();
    }
  }

  /** Tries again after a refused login or host key, for when the host was changed. */
  forgetRefusal(): void {
    this.#link.forgetRefusal();
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  #execute(queue: PQueue, script: string, sink: ChannelSink, wait: boolean, signal: AbortSignal): Promise<ChannelEnd> {
    return queue.add(
      async () => {
        for (const retryMs of SESSION_RETRY_MS) {
          const connection = await this.#link.acquire(wait, signal);
          try {
            return await runChannel(connection, wrapScript(script), sink, signal);
          } catch (error) {
            if (!(error instanceof NoFreeSession)) throw error;
            await this.#clock.sleep(retryMs, signal);
          }
        }
        throw new SparkError('HOST_UNREACHABLE', `${this.host} opens no further session; something keeps all of them busy.`);
      },
      { signal },
    );
  }

  async #withDeadline(timeoutMs: number, signal: AbortSignal, work: (limited: AbortSignal) => Promise<ChannelEnd>): Promise<ChannelEnd> {
    const done = new AbortController();
    const late = new AbortController();
    this.#clock.sleep(timeoutMs, done.signal).then(
      () => late.abort(new SparkError('HOST_UNREACHABLE', `${this.host} did not answer within ${Math.round(timeoutMs / 1000)} s.`)),
      () => {},
    );
    const either = joinSignals(signal, late.signal);
    try {
      return await work(either.signal);
    } finally {
      either.release();
      done.abort();
    }
  }

  #neverBegan(exitCode: number, stderr: string): SparkError {
    const message = `${this.host} did not run our command: the login shell of the user ended with ${exitCode} before it. Check that the user may log in and run "sh".`;
    return new SparkError('RUNTIME_REJECTED', message, { details: { logTail: stderr.split('\n').slice(-5) } });
  }
}

/** Passes a stream on from the mark on that {@link wrapScript} prints. */
class BeginFilter {
  readonly #pass: (chunk: Buffer) => void;
  #held: Buffer | null = Buffer.alloc(0);

  constructor(pass: (chunk: Buffer) => void) {
    this.#pass = pass;
  }

  add(chunk: Buffer): void {
    if (this.#held === null) {
      this.#pass(chunk);
      return;
    }
    const held = Buffer.concat([this.#held, chunk]);
    const rest = afterBegin(held.toString('latin1'));
    this.#held = rest === null ? held.subarray(-65_536) : null;
    if (rest !== null && rest !== '') this.#pass(Buffer.from(rest, 'latin1'));
  }

  addRaw(chunk: Buffer): void {
    if (this.#held === null) this.#pass(chunk);
  }
}
