import { type Clock, type Host, isSparkError, type Logger, SparkError } from '@spark-control/core';
import type { Client } from 'ssh2';
import { joinSignals } from './joined-signal.ts';
import { connectOnce } from './ssh-connect.ts';
import { readIdentity } from './ssh-identity.ts';

/** Seconds between attempts after 1, 2, ... failures. Faster ones make OpenSSH 9.8 (PerSourcePenalties) shut us out. */
const BACK_OFF_SECONDS = [1, 2, 5, 15, 30, 60];
const MIN_INTERVAL_MS = 1000;

export type SshLinkOptions = Readonly<{
  host: Host;
  /** The pinned host key, asked at every attempt to connect. Default: that of `host`. */
  pin?: () => string | null;
  clock: Clock;
  logger: Logger;
  /** 0..1, for the jitter of the back-off. */
  random: () => number;
  /** Value of SSH_AUTH_SOCK; used by hosts without a key file. */
  agentSocket: string | null;
  /** From the start of a connection to the end of the login. Default 10 s. */
  readyTimeoutMs?: number;
  /** Time between keep-alives; three unanswered ones end the connection. Default 5 s. */
  keepaliveMs?: number;
}>;

/** A live connection. `lost` aborts, with the error to report, when it ends. */
export type Connection = Readonly<{ client: Client; lost: AbortSignal }>;

/**
 * Keeps the one connection to a host. Connects when asked, at most once a second, more slowly after failures, and not at all
 * after a refusal that only a person can lift (host key, login): see {@link SshLink.forgetRefusal}.
 */
export class SshLink {
  readonly #options: SshLinkOptions;
  readonly #closing = new AbortController();
  #connection: Connection | null = null;
  #connecting: Promise<Connection> | null = null;
  #refusal: SparkError | null = null;
  #lastError: SparkError | null = null;
  #failures = 0;
  /** What is wrong with the key, as it was logged. */
  #unreadableKey: string | null = null;
  /** Monotonic time before which no attempt is made. */
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(options: SshLinkOptions) {
    this.#options = options;
  }

  /** The connection, made if need be. During back-off: waits when `wait`, else rejects with HOST_UNREACHABLE and `retryAfterSeconds`. */
  async acquire(wait: boolean, signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (this.#connection !== null) return this.#connection;
      if (this.#refusal !== null) throw this.#refusal;
      const delayMs = this.#connecting === null ? this.#retryAt - this.#options.clock.monotonic() : 0;
      if (delayMs > 0) {
        if (!wait) throw this.#notYet(delayMs);
        await this.#sleep(delayMs, signal);
        continue;
      }
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = null;
      });
      try {
        return await orAborted(this.#connecting, signal);
      } catch (error) {
        const isWorthWaiting = wait && isSparkError(error) && error.code === 'HOST_UNREACHABLE' && !signal.aborted;
        if (!isWorthWaiting) throw error;
      }
    }
  }

  /** Lets the next call try again at once after a refusal, for when something was changed on the host's side or about its pin. */
  forgetRefusal(): void {
    this.#refusal = null;
    this.#failures = 0;
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.#closing.abort(new SparkError('HOST_UNREACHABLE', `The connection to ${this.#options.host.name} was closed.`));
    this.#connection?.client.destroy();
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const either = joinSignals(signal, this.#closing.signal);
    try {
      await this.#options.clock.sleep(ms, either.signal);
    } finally {
      either.release();
    }
  }

  async #connect(): Promise<Connection> {
    const { host, pin = () => host.fingerprint, clock, logger, agentSocket, readyTimeoutMs = 10_000, keepaliveMs = 5000 } = this.#options;
    // A key that cannot be read costs the host nothing: it is looked at again on the next call.
    const identity = await readIdentity(host, agentSocket).catch((error: unknown) => {
      throw this.#unreadable(error);
    });
    this.#unreadableKey = null;
    this.#retryAt = clock.monotonic() + MIN_INTERVAL_MS;
    try {
      const client = await connectOnce(host, pin(), identity, { readyTimeoutMs, keepaliveMs }, this.#closing.signal);
      this.#failures = 0;
      this.#lastError = null;
      logger.info('connected', { host: host.key });
      return this.#keep(client);
    } catch (error) {
      if (this.#closing.signal.aborted) throw error;
      throw this.#failed(error);
    }
  }

  #keep(client: Client): Connection {
    const { host, logger } = this.#options;
    const lost = new AbortController();
    const onEnd = (cause?: unknown): void => {
      if (lost.signal.aborted) return;
      logger.warn('connection lost', { host: host.key });
      this.#connection = null;
      client.destroy();
      lost.abort(new SparkError('HOST_UNREACHABLE', `The connection to ${host.name} was lost.`, { cause, details: { host: host.key } }));
    };
    client.on('error', onEnd);
    client.on('close', () => onEnd());
    this.#connection = { client, lost: lost.signal };
    return this.#connection;
  }

  /** Logged once, though it is met at every look. */
  #unreadable(error: unknown): unknown {
    if (!isSparkError(error) || error.message === this.#unreadableKey) return error;
    this.#unreadableKey = error.message;
    this.#options.logger.warn('cannot connect', { host: this.#options.host.key, code: error.code, reason: error.message });
    return error;
  }

  #failed(error: unknown): SparkError {
    const { host, clock, logger, random } = this.#options;
    if (!isSparkError(error)) return new SparkError('INTERNAL', `Connecting to ${host.name} failed unexpectedly.`, { cause: error });
    logger.warn('cannot connect', { host: host.key, code: error.code, reason: error.message });
    if (error.code !== 'HOST_UNREACHABLE') {
      this.#refusal = error;
      return error;
    }
    const seconds = BACK_OFF_SECONDS[Math.min(this.#failures, BACK_OFF_SECONDS.length - 1)] ?? 60;
    this.#failures += 1;
    this.#retryAt = clock.monotonic() + seconds * 1000 * (1 + random() / 4);
    this.#lastError = error;
    return error;
  }

  #notYet(delayMs: number): SparkError {
    const retryAfterSeconds = Math.ceil(delayMs / 1000);
    const { host } = this.#options;
    const why = this.#lastError?.message ?? `The connection to ${host.name} was lost a moment ago.`;
    return new SparkError('HOST_UNREACHABLE', `${why} Next attempt in ${retryAfterSeconds} s.`, {
      details: { host: host.key, retryAfterSeconds },
    });
  }
}

/** Settles with `promise`, or rejects as soon as `signal` aborts. The promise goes on for others that wait for it. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
