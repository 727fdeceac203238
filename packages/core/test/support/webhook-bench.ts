import {
  type Clock,
  type ConfigurableWebhookDesk,
  type CoreEvent,
  createWebhookDesk,
  type Delivery,
  type DeliveryAttempt,
  type Logger,
  type Notice,
  type WebhookEndpoint,
  type WebhookSender,
} from '../../src/index.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { MemoryWebhooks } from './memory-webhooks.ts';
import { anEndpoint, webhookAudit } from './webhook-samples.ts';

export type Answer = Readonly<{ status: number | null; afterMs?: number; retryAfterMs?: number }>;
/** How a receiver answers a try; `nth` counts the tries of one delivery from 1, `at` is ms of monotonic time. */
export type Receiver = (delivery: Delivery, nth: number, at: number) => Answer;

/** One try as the receivers saw it. Times are monotonic. `answer: null`: it was cut off. */
export type Call = {
  readonly webhook: string;
  readonly id: string;
  readonly sequence: number;
  readonly nth: number;
  readonly secrets: readonly string[];
  readonly startedAt: number;
  endedAt: number | null;
  answer: Answer | null;
};

/** A process that has died: whatever it still calls never answers. */
type Life = { isDead: boolean };

function whileAlive<T extends object>(port: T, life: Life): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => (life.isDead ? new Promise(() => undefined) : Reflect.apply(member, target, args));
    },
  });
}

/** A desk over a store in memory, a clock that stands still, and receivers that answer as told. */
export class WebhookBench {
  readonly clock = new FakeClock();
  readonly store: MemoryWebhooks;
  readonly receivers = new Map<string, Receiver>();
  readonly calls: Call[] = [];
  readonly warnings: { message: string; fields: unknown }[] = [];
  objection: string | null = null;
  sendsAtOnce = 0;
  desk: ConfigurableWebhookDesk;
  readonly #tickMs: number;
  readonly #yieldMs: number;
  readonly #tries = new Map<string, number>();
  #running = 0;
  #minted = 0;
  #random = 7;
  #life: Life = { isDead: false };
  #listeners = new Set<(event: CoreEvent) => void>();

  constructor(options: Readonly<{ tickMs?: number; yieldMs?: number; cap?: number }> = {}) {
    this.#yieldMs = options.yieldMs ?? 0;
    this.#tickMs = options.tickMs ?? 1_000;
    this.store = new MemoryWebhooks(options.cap === undefined ? {} : { cap: options.cap });
    this.desk = this.#make();
  }

  /** Saves an endpoint straight into the store: call before `start`. */
  async given(name: string, receiver: Receiver, over: Partial<WebhookEndpoint> = {}): Promise<WebhookEndpoint> {
    const endpoint = anEndpoint(name, over);
    this.receivers.set(endpoint.id, receiver);
    await this.store.save(endpoint, { value: `whsec_${name}`, oldUntil: 0 }, webhookAudit(endpoint.id));
    return endpoint;
  }

  async start(): Promise<this> {
    await this.desk.start();
    await settle();
    return this;
  }

  /** Commits as a journal does, and tells of it as the core does. */
  commit(...notices: readonly Notice[]): void {
    this.store.append(notices);
    this.announce();
  }

  announce(): void {
    for (const listener of this.#listeners) listener({ kind: 'model', id: 1 } as CoreEvent);
  }

  /** Ends the process there and then and starts another on the same store. */
  async crash(): Promise<void> {
    this.#life.isDead = true;
    this.#life = { isDead: false };
    this.#listeners = new Set();
    this.#running = 0;
    this.desk = this.#make();
    await this.start();
  }

  /** Stops in good order and starts another process on the same store. */
  async restart(): Promise<void> {
    await this.clock.drive(this.desk.close());
    this.desk = this.#make();
    await this.start();
  }

  async all(webhook: WebhookEndpoint): Promise<readonly Delivery[]> {
    return (await this.store.deliveries({ webhook: webhook.id, limit: 1_000_000 })).toReversed();
  }

  callsOf(webhook: WebhookEndpoint): readonly Call[] {
    return this.calls.filter((call) => call.webhook === webhook.id);
  }

  async close(): Promise<void> {
    await this.clock.drive(this.desk.close());
  }

  #make(): ConfigurableWebhookDesk {
    const life = this.#life;
    const sender: WebhookSender = {
      send: (endpoint, secrets, delivery, signal) => this.#receive(endpoint, secrets, delivery, signal),
      objection: async () => this.objection,
    };
    const clock: Clock = whileAlive(this.clock, life);
    const warn = (message: string, fields?: unknown): number => this.warnings.push({ message, fields });
    const logger: Logger = { debug() {}, info() {}, warn, error: warn };
    return createWebhookDesk({
      store: whileAlive(this.store, life),
      outbox: whileAlive(this.store, life),
      sender: whileAlive(sender, life),
      // The time itself can be read by the dead: it is a promise only where one is awaited.
      clock: { ...clock, now: () => this.clock.now(), monotonic: () => this.clock.monotonic(), sleep: clock.sleep, timeBase: 'bench' },
      ids: { next: (prefix) => `${prefix}_made${++this.#minted}` },
      tokens: { mint: (prefix) => `${prefix}_minted${++this.#minted}`, digest: (token) => token },
      logger,
      random: () => this.random(),
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      tickMs: this.#tickMs,
      yieldMs: this.#yieldMs,
    });
  }

  /** The same numbers in each run (a linear congruential generator). */
  random(): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#random / 2 ** 31;
  }

  async #receive(endpoint: WebhookEndpoint, secrets: readonly string[], delivery: Delivery, signal: AbortSignal): Promise<DeliveryAttempt> {
    const life = this.#life;
    const at = this.clock.now();
    const startedAt = this.clock.monotonic();
    const nth = (this.#tries.get(delivery.id) ?? 0) + 1;
    this.#tries.set(delivery.id, nth);
    const { id, notice } = delivery;
    const call: Call = { webhook: endpoint.id, id, sequence: notice.sequence, nth, secrets, startedAt, endedAt: null, answer: null };
    this.calls.push(call);
    this.#running += 1;
    this.sendsAtOnce = Math.max(this.sendsAtOnce, this.#running);
    try {
      const answer: Answer = this.receivers.get(endpoint.id)?.(delivery, nth, startedAt) ?? { status: 200 };
      await this.clock.sleep(answer.afterMs ?? 5, signal);
      // What a receiver answers to a process that died meanwhile, nobody hears.
      if (life.isDead) return await new Promise(() => undefined);
      call.answer = answer;
      call.endedAt = this.clock.monotonic();
      const { status, retryAfterMs = null } = answer;
      const isGood = status !== null && status >= 200 && status < 300;
      return { at, durationMs: call.endedAt - startedAt, status, error: isGood ? null : 'it failed', retryAfterMs };
    } finally {
      if (!life.isDead) this.#running -= 1;
    }
  }
}
