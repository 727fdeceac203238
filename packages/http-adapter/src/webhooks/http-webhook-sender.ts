import type { Clock, Delivery, DeliveryAttempt, Logger, WebhookEndpoint, WebhookSender } from '@spark-control/core';
import { payloadOf } from './payload.ts';
import { type PostResult, post } from './post.ts';
import { type Judgement, judgeTarget, type Resolve, systemResolve } from './resolve-target.ts';
import { parseRetryAfter } from './retry-after.ts';
import { signatureOf } from './signature.ts';
import type { Listener } from './target-policy.ts';

const TIMEOUT_MS = 15_000;

export type HttpWebhookSenderDeps = Readonly<{
  clock: Clock;
  logger: Logger;
  /** For `User-Agent`. */
  version: string;
  /** What this process listens on now; these are never called. */
  listeners: () => readonly Listener[];
  /** Default: as the machine resolves names. */
  resolve?: Resolve;
  /** For one try from the lookup of the name to the end of the answer. Default 15 s. */
  timeoutMs?: number;
}>;

/** {@link WebhookSender} by Standard Webhooks 1.0, under the rules of the target policy. */
export class HttpWebhookSender implements WebhookSender {
  readonly #deps: HttpWebhookSenderDeps;
  readonly #timeoutMs: number;

  constructor(deps: HttpWebhookSenderDeps) {
    this.#deps = deps;
    this.#timeoutMs = deps.timeoutMs ?? TIMEOUT_MS;
  }

  async send(endpoint: WebhookEndpoint, secrets: readonly string[], delivery: Delivery, signal: AbortSignal): Promise<DeliveryAttempt> {
    signal.throwIfAborted();
    const { clock } = this.#deps;
    const at = clock.now();
    const startedAt = clock.monotonic();
    const result = await this.#withinLimit(signal, (limited) =>
      this.#try(endpoint, secrets, delivery, at, limited).catch((error: unknown) => this.#defect(delivery, error)),
    );
    const durationMs = Math.max(0, Math.round(clock.monotonic() - startedAt));
    if (result.kind !== 'answered') {
      // Not after an answer: what has arrived should not be sent again.
      signal.throwIfAborted();
      return { at, durationMs, status: null, error: result.kind === 'failed' ? result.reason : this.#tooLate(), retryAfterMs: null };
    }
    const { status } = result;
    const error = errorOf(status);
    const retryAfterMs = error === null ? null : parseRetryAfter(result.retryAfter, at + durationMs);
    return { at, durationMs, status, error, retryAfterMs: retryAfterMs === null ? null : durationMs + retryAfterMs };
  }

  async objection(url: string, allowLoopback: boolean, signal: AbortSignal): Promise<string | null> {
    signal.throwIfAborted();
    const judgement = await this.#withinLimit(signal, (limited) => this.#judge(url, allowLoopback, limited));
    signal.throwIfAborted();
    switch (judgement.kind) {
      case 'allowed':
        return null;
      case 'refused':
        return judgement.objection;
      case 'aborted':
        return 'names a host that could not be looked up in time';
      default:
        return judgement satisfies never;
    }
  }

  async #try(
    { url, allowLoopback }: WebhookEndpoint,
    secrets: readonly string[],
    delivery: Delivery,
    at: number,
    signal: AbortSignal,
  ): Promise<PostResult> {
    const judgement = await this.#judge(url, allowLoopback, signal);
    if (judgement.kind === 'refused') return { kind: 'failed', reason: `The URL ${judgement.objection}.` };
    if (judgement.kind === 'aborted') return judgement;
    const body = JSON.stringify(payloadOf(delivery.notice));
    const unixSeconds = Math.floor(at / 1_000);
    const signature = signatureOf(secrets, delivery.id, unixSeconds, body);
    if (signature === null) return { kind: 'failed', reason: 'There is no secret to sign with; rotate it.' };
    const headers = {
      'content-type': 'application/json',
      'user-agent': `spark-control/${this.#deps.version}`,
      'webhook-id': delivery.id,
      'webhook-timestamp': String(unixSeconds),
      'webhook-signature': signature,
    };
    const result = await post(judgement, headers, body, signal);
    return result.kind === 'failed' ? { kind: 'failed', reason: `It did not arrive: ${result.reason}.` } : result;
  }

  async #judge(url: string, allowLoopback: boolean, signal: AbortSignal): Promise<Judgement | Readonly<{ kind: 'aborted' }>> {
    const { resolve = systemResolve, listeners } = this.#deps;
    try {
      return await judgeTarget(url, allowLoopback, { resolve, listeners }, signal);
    } catch (error) {
      if (signal.aborted) return { kind: 'aborted' };
      throw error;
    }
  }

  /** Runs `work` with a signal that also aborts when the time of one try is over. */
  async #withinLimit<T>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const isDone = new AbortController();
    const stop = (): void => limit.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.#deps.clock.sleep(this.#timeoutMs, isDone.signal).then(stop, () => undefined);
    try {
      return await work(limit.signal);
    } finally {
      isDone.abort();
      signal.removeEventListener('abort', stop);
    }
  }

  /** One notice that cannot be rendered must not stop the queue behind it. */
  #defect({ id }: Delivery, error: unknown): PostResult {
    this.#deps.logger.error('a delivery met a defect', { delivery: id, stack: error instanceof Error ? error.stack : String(error) });
    return { kind: 'failed', reason: 'It could not be sent because of a defect; the log has the details.' };
  }

  #tooLate(): string {
    return `There was no answer within ${this.#timeoutMs / 1_000} s.`;
  }
}

/** Only 2xx is a success. */
function errorOf(status: number): string | null {
  if (status >= 200 && status <= 299) return null;
  if (status >= 300 && status <= 399) return `It answered ${status}, a redirect; those are not followed.`;
  return status === 410 ? 'It answered 410: the endpoint is gone.' : `It answered ${status}.`;
}
