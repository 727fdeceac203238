import {
  type AuditEntry,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryId,
  type DeliveryQuery,
  deliveryId,
  ENDING_NOTICES,
  type Notice,
  SparkError,
  type WebhookEndpoint,
  type WebhookId,
  type WebhookOutbox,
  type WebhookStore,
} from '../../src/index.ts';
import { MemoryAudit } from './memory-audit.ts';

type SecretRow = Readonly<{ value: string; validUntil: number | null }>;

/** Values pass through JSON as they do in a real store, so that a test never shares an object with the store. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const worthOf = ({ notice }: Delivery): number => (ENDING_NOTICES.some((type) => type === notice.type) ? 1 : 0);
const bySequence = (a: Delivery, b: Delivery): number => a.notice.sequence - b.notice.sequence;

/** Endpoints and their outbox in memory. What dies with a process is the desk, not this: it stands for the disk. */
export class MemoryWebhooks implements WebhookStore, WebhookOutbox {
  /** While true every write rejects STORE_UNAVAILABLE, as on a full disk. */
  isUnavailable = false;
  readonly audit = new MemoryAudit();
  readonly #cap: number;
  readonly #endpoints = new Map<WebhookId, WebhookEndpoint>();
  readonly #secrets = new Map<WebhookId, readonly SecretRow[]>();
  readonly #deliveries = new Map<DeliveryId, Delivery>();
  readonly #attempts = new Map<DeliveryId, readonly DeliveryAttempt[]>();
  #sequence = 0;

  constructor(options: Readonly<{ cap?: number }> = {}) {
    this.#cap = options.cap ?? 10_000;
  }

  /** What a journal does with the notices of an entry. */
  append(notices: readonly Notice[]): void {
    this.#admit();
    for (const notice of notices) {
      const takers = [...this.#endpoints.values()].filter(({ enabled, events }) => enabled && events.some((type) => type === notice.type));
      if (takers.length > 0) this.#put(takers, notice, notice.at);
    }
  }

  async endpoints(): Promise<readonly WebhookEndpoint[]> {
    return copy([...this.#endpoints.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)));
  }

  async save(endpoint: WebhookEndpoint, secret: Readonly<{ value: string; oldUntil: number }> | null, audit: AuditEntry): Promise<void> {
    this.#admit();
    this.#endpoints.set(endpoint.id, copy(endpoint));
    if (secret !== null) {
      const old = (this.#secrets.get(endpoint.id) ?? []).map((row) => ({ ...row, validUntil: row.validUntil ?? secret.oldUntil }));
      this.#secrets.set(endpoint.id, [{ value: secret.value, validUntil: null }, ...old].slice(0, 5));
    }
    this.audit.append([audit]);
  }

  async remove(id: WebhookId, audit: AuditEntry): Promise<void> {
    this.#admit();
    this.#endpoints.delete(id);
    this.#secrets.delete(id);
    for (const { id: delivery } of this.#of(id)) this.#drop(delivery);
    this.audit.append([audit]);
  }

  async secrets(id: WebhookId, now: number): Promise<readonly string[]> {
    const rows = this.#secrets.get(id) ?? [];
    return rows.filter(({ validUntil }) => validUntil === null || validUntil > now).map(({ value }) => value);
  }

  async pending(webhook: WebhookId, limit: number, after = 0): Promise<readonly Delivery[]> {
    return copy(
      this.#pending(webhook)
        .filter(({ notice }) => notice.sequence > after)
        .slice(0, limit),
    );
  }

  async delivery(id: DeliveryId): Promise<Delivery | null> {
    return copy(this.#deliveries.get(id) ?? null);
  }

  async deliveries({ webhook, state, before, limit }: DeliveryQuery): Promise<readonly Delivery[]> {
    const fitting = this.#of(webhook).filter(
      (delivery) => (state === undefined || delivery.state === state) && (before === undefined || delivery.id < before),
    );
    return copy(fitting.reverse().slice(0, limit));
  }

  async attempts(id: DeliveryId): Promise<readonly DeliveryAttempt[]> {
    return copy(this.#attempts.get(id) ?? []);
  }

  async record(delivery: Delivery, attempt: DeliveryAttempt | null, audit?: AuditEntry): Promise<void> {
    this.#admit();
    if (!this.#deliveries.has(delivery.id)) return;
    this.#deliveries.set(delivery.id, copy(delivery));
    if (attempt !== null) this.#attempts.set(delivery.id, [...(this.#attempts.get(delivery.id) ?? []), copy(attempt)]);
    this.#forgetSettled(delivery.webhook);
    if (audit !== undefined) this.audit.append([audit]);
  }

  async enqueue(webhook: WebhookId, notice: Notice, at: number): Promise<Delivery> {
    this.#admit();
    const [delivery] = this.#put([{ id: webhook }], notice, at);
    return copy(delivery!);
  }

  async giveUp(webhook: WebhookId, at: number): Promise<void> {
    this.#admit();
    for (const delivery of this.#pending(webhook)) {
      this.#deliveries.set(delivery.id, { ...delivery, state: 'dead', nextAttemptAt: null, settledAt: at });
    }
  }

  async counts(webhook?: WebhookId): Promise<Readonly<{ pending: number; dead: number; oldestPendingAt: number | null }>> {
    const all = [...this.#deliveries.values()].filter((delivery) => webhook === undefined || delivery.webhook === webhook);
    const pending = all.filter(({ state }) => state === 'pending');
    const oldestPendingAt = pending.length === 0 ? null : Math.min(...pending.map(({ createdAt }) => createdAt));
    return { pending: pending.length, dead: all.filter(({ state }) => state === 'dead').length, oldestPendingAt };
  }

  async prune(before: number): Promise<void> {
    this.#admit();
    for (const { id, settledAt } of [...this.#deliveries.values()]) if (settledAt !== null && settledAt < before) this.#drop(id);
  }

  #put(takers: readonly Pick<WebhookEndpoint, 'id'>[], notice: Notice, at: number): readonly Delivery[] {
    const sequence = ++this.#sequence;
    return takers.map(({ id: webhook }) => {
      const delivery: Delivery = {
        id: deliveryId(`dlv_${String(sequence).padStart(8, '0')}${webhook.slice(4)}`),
        webhook,
        notice: copy({ ...notice, sequence }),
        state: 'pending',
        attempts: 0,
        nextAttemptAt: at,
        failingSince: null,
        createdAt: at,
        settledAt: null,
        last: null,
      };
      this.#deliveries.set(delivery.id, delivery);
      this.#makeRoom(webhook);
      return delivery;
    });
  }

  #makeRoom(webhook: WebhookId): void {
    const pending = this.#pending(webhook);
    const surplus = pending.length - this.#cap;
    const doomed = pending.sort((a, b) => worthOf(a) - worthOf(b) || bySequence(a, b)).slice(0, Math.max(surplus, 0));
    for (const { id } of doomed) this.#drop(id);
  }

  #forgetSettled(webhook: WebhookId): void {
    const settled = this.#of(webhook).filter(({ state }) => state !== 'pending');
    const isDead = ({ state }: Delivery): number => (state === 'dead' ? 1 : 0);
    const surplus = Math.max(settled.length - 2 * this.#cap, 0);
    for (const { id } of settled.sort((a, b) => isDead(a) - isDead(b) || bySequence(a, b)).slice(0, surplus)) this.#drop(id);
  }

  #of(webhook: WebhookId): Delivery[] {
    return [...this.#deliveries.values()].filter((delivery) => delivery.webhook === webhook).sort(bySequence);
  }

  #pending(webhook: WebhookId): Delivery[] {
    return this.#of(webhook).filter(({ state }) => state === 'pending');
  }

  #drop(id: DeliveryId): void {
    this.#deliveries.delete(id);
    this.#attempts.delete(id);
  }

  #admit(): void {
    if (this.isUnavailable) throw new SparkError('STORE_UNAVAILABLE', 'The store takes no writes: this is a test of a full disk.');
  }
}
