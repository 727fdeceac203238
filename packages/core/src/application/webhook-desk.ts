import { type Actor, type AuditAction, type AuditEntry, CONTROL_PLANE } from '../audit/audit-entry.ts';
import { SparkError } from '../errors.ts';
import { type DeliveryId, type WebhookId, webhookId } from '../ids.ts';
import { isSettled } from '../swap/swap.ts';
import type { Delivery, DeliveryState } from '../webhook/delivery.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import { requeued } from '../webhook/retry-policy.ts';
import { hostOf, urlFault } from '../webhook/target-url.ts';
import { atMost } from './at-most.ts';
import { ENVIRONMENT_WEBHOOK, environmentEndpoint, environmentFault } from './environment-webhook.ts';
import type { CoreEvent } from './events.ts';
import { notFound } from './not-found.ts';
import { Serial } from './serial.ts';
import { refuseTooMany } from './too-many.ts';
import type { ConfigurableWebhookDesk, NewWebhook, WebhookWithCounts } from './webhook-api.ts';
import type { WebhookDeskDeps } from './webhook-deps.ts';
import { WebhookDispatcher } from './webhook-dispatcher.ts';

/** How long a replaced secret signs beside the new one. */
const OLD_SECRET_MS = 24 * 3_600_000;
const TEST_WAIT_MS = 20_000;
/** Every change of state is written down for each of them. */
export const MOST_WEBHOOKS = 100;
const GONE = 'The receiver answered 410: it wants no more of these. Enable the webhook again when that was a mistake.';

export function createWebhookDesk(deps: WebhookDeskDeps): ConfigurableWebhookDesk {
  return new Desk(deps);
}

class Desk implements ConfigurableWebhookDesk {
  readonly #deps: WebhookDeskDeps;
  readonly #dispatcher: WebhookDispatcher;
  /** What is changed is read before: changes must not pass each other. */
  readonly #turns = new Serial();
  readonly #closing = new AbortController();
  #unsubscribe: () => void = () => undefined;
  #hasEnvironmentSecret = false;

  constructor(deps: WebhookDeskDeps) {
    this.#deps = deps;
    this.#dispatcher = new WebhookDispatcher(deps, (endpoint, at) => this.#turns.run(() => this.#disable(endpoint, at)));
  }

  async list(): Promise<readonly WebhookWithCounts[]> {
    const endpoints = await this.#deps.store.endpoints();
    return await Promise.all(endpoints.map((endpoint) => this.#withCounts(endpoint)));
  }

  async get(id: WebhookId): Promise<WebhookWithCounts> {
    return await this.#withCounts(await this.#find(id));
  }

  async create(from: NewWebhook, actor: Actor): Promise<Readonly<{ webhook: WebhookWithCounts; secret: string }>> {
    await this.#checkTarget(from.url, from.allowLoopback);
    return await this.#turns.run(async () => {
      const { clock, ids, store, tokens } = this.#deps;
      refuseTooMany((await store.endpoints()).length, MOST_WEBHOOKS, 'webhooks');
      const now = clock.now();
      const id = webhookId(ids.next('whk'));
      const endpoint: WebhookEndpoint = { id, ...from, disabledReason: null, createdAt: now, updatedAt: now };
      const secret = tokens.mint('whsec');
      await store.save(endpoint, { value: secret, oldUntil: now }, this.#audit('webhook_created', id, actor, `at ${hostOf(from.url)}`));
      this.#dispatcher.put(endpoint);
      return { webhook: { ...endpoint, pending: 0, dead: 0 }, secret };
    });
  }

  async change(id: WebhookId, change: Partial<NewWebhook>, actor: Actor): Promise<WebhookWithCounts> {
    const before = await this.#find(id);
    const { url = before.url, allowLoopback = before.allowLoopback } = change;
    if (url !== before.url) this.#refuseForEnvironment(id, 'its URL');
    // A name is looked up outside of the turn: others need not wait for that.
    if (url !== before.url || allowLoopback !== before.allowLoopback) await this.#checkTarget(url, allowLoopback);
    return await this.#turns.run(async () => {
      const current = await this.#find(id);
      const enabled = change.enabled ?? current.enabled;
      const changed = { ...current, ...change, disabledReason: enabled ? null : current.disabledReason };
      const names = fieldsThatDiffer(current, changed);
      if (names.length === 0) return await this.#withCounts(current);
      const after: WebhookEndpoint = { ...changed, updatedAt: this.#deps.clock.now() };
      await this.#deps.store.save(after, null, this.#audit('webhook_changed', id, actor, `changed: ${names.join(', ')}`));
      this.#dispatcher.put(after);
      return await this.#withCounts(after);
    });
  }

  async remove(id: WebhookId, actor: Actor): Promise<void> {
    this.#refuseForEnvironment(id, 'it');
    await this.#turns.run(() => this.#remove(id, actor));
  }

  async rotateSecret(id: WebhookId, actor: Actor): Promise<Readonly<{ webhook: WebhookWithCounts; secret: string }>> {
    if (this.#hasEnvironmentSecret) this.#refuseForEnvironment(id, 'its secret');
    return await this.#turns.run(async () => {
      const { clock, store, tokens } = this.#deps;
      const endpoint: WebhookEndpoint = { ...(await this.#find(id)), updatedAt: clock.now() };
      const secret = tokens.mint('whsec');
      const audit = this.#audit('webhook_secret_rotated', id, actor, null);
      await store.save(endpoint, { value: secret, oldUntil: clock.now() + OLD_SECRET_MS }, audit);
      return { webhook: await this.#withCounts(endpoint), secret };
    });
  }

  async test(id: WebhookId, actor: Actor): Promise<Delivery> {
    const { clock, outbox } = this.#deps;
    const endpoint = await this.#find(id);
    const now = clock.now();
    const delivery = await outbox.enqueue(id, { type: 'test', at: now, cluster: null, by: actor.name }, now);
    const tried = await atMost(clock, TEST_WAIT_MS, this.#dispatcher.lineOf(endpoint).attempt(delivery.id, true));
    return tried ?? (await outbox.delivery(delivery.id)) ?? delivery;
  }

  async deliveries(
    id: WebhookId,
    query: Readonly<{ state?: DeliveryState; before?: DeliveryId; limit: number }>,
  ): Promise<readonly Delivery[]> {
    await this.#find(id);
    return await this.#deps.outbox.deliveries({ ...query, webhook: id });
  }

  async redeliver(id: DeliveryId, actor: Actor): Promise<Delivery> {
    const { clock, outbox } = this.#deps;
    const delivery = await outbox.delivery(id);
    if (delivery === null) throw notFound('DELIVERY_NOT_FOUND', id.slice(0, 100));
    const endpoint = await this.#find(delivery.webhook);
    if (!endpoint.enabled) throw invalid('', `The webhook ${endpoint.id} is not enabled: enable it first.`);
    const line = this.#dispatcher.lineOf(endpoint);
    if (line.isTrying(id)) return delivery;
    const again = requeued(delivery, clock.now());
    const note = `${delivery.notice.type} ${delivery.notice.sequence} to ${hostOf(endpoint.url)}`;
    await outbox.record(again, null, this.#audit('delivery_requeued', id, actor, note));
    line.add(again);
    line.attempt(id, true);
    return again;
  }

  /** In the order of the calls: an address of the environment may come before the start. */
  ensureConfigured(url: string | null, secret: string | null): Promise<void> {
    return this.#turns.run(async () => {
      const { clock, store, tokens } = this.#deps;
      const known = (await store.endpoints()).find((endpoint) => endpoint.id === ENVIRONMENT_WEBHOOK) ?? null;
      this.#hasEnvironmentSecret = url !== null && secret !== null;
      if (url === null) return known === null ? undefined : await this.#remove(ENVIRONMENT_WEBHOOK, CONTROL_PLANE);
      const fault = environmentFault(url, secret);
      if (fault !== null) throw fault;
      const now = clock.now();
      const newest = known === null ? null : ((await store.secrets(known.id, now))[0] ?? null);
      const wanted = secret ?? newest ?? tokens.mint('whsec');
      const endpoint = environmentEndpoint(known, url, now);
      const names = known === null ? [] : fieldsThatDiffer(known, endpoint);
      if (known !== null && names.length === 0 && wanted === newest) return;
      const action = known === null ? 'webhook_created' : names.length === 0 ? 'webhook_secret_rotated' : 'webhook_changed';
      const value = wanted === newest ? null : { value: wanted, oldUntil: now + OLD_SECRET_MS };
      await store.save(endpoint, value, this.#audit(action, endpoint.id, CONTROL_PLANE, `by the environment, at ${hostOf(url)}`));
      this.#dispatcher.put(endpoint);
    });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.subscribe((event) => {
      if (mayTell(event)) this.#dispatcher.poke();
    });
    this.#dispatcher.start(await this.#deps.store.endpoints());
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#closing.abort(new Error('the webhooks stop'));
    await this.#dispatcher.close();
  }

  async #remove(id: WebhookId, actor: Actor): Promise<void> {
    const endpoint = await this.#find(id);
    await this.#deps.store.remove(id, this.#audit('webhook_removed', id, actor, `at ${hostOf(endpoint.url)}`));
    this.#dispatcher.drop(id);
  }

  /** `sentTo` is the endpoint as it was when the receiver said that it is gone: if it leads elsewhere by now, it is not that one. */
  async #disable(sentTo: WebhookEndpoint, at: number): Promise<void> {
    const { logger, outbox, store } = this.#deps;
    const current = (await store.endpoints()).find(({ id }) => id === sentTo.id);
    if (current === undefined || current.url !== sentTo.url) return;
    if (current.enabled) {
      const disabled: WebhookEndpoint = { ...current, enabled: false, disabledReason: GONE, updatedAt: at };
      await store.save(disabled, null, this.#audit('webhook_disabled', current.id, CONTROL_PLANE, `${hostOf(current.url)} answered 410`));
      this.#dispatcher.put(disabled);
      logger.warn('a webhook was disabled, since its receiver says it is gone', { webhook: current.id });
    }
    await outbox.giveUp(current.id, at);
  }

  async #checkTarget(url: string, allowLoopback: boolean): Promise<void> {
    const fault = urlFault(url) ?? (await this.#deps.sender.objection(url, allowLoopback, this.#closing.signal));
    if (fault !== null) throw invalid('/url', `The URL ${fault}.`);
  }

  #refuseForEnvironment(id: WebhookId, what: string): void {
    if (id !== ENVIRONMENT_WEBHOOK) return;
    throw new SparkError('READ_ONLY', `This webhook is set by SWAP_WEBHOOK_URL: change ${what} there and start the server again.`);
  }

  async #find(id: WebhookId): Promise<WebhookEndpoint> {
    const endpoint = (await this.#deps.store.endpoints()).find((other) => other.id === id);
    if (endpoint === undefined) throw notFound('WEBHOOK_NOT_FOUND', id.slice(0, 100));
    return endpoint;
  }

  async #withCounts(endpoint: WebhookEndpoint): Promise<WebhookWithCounts> {
    const { pending, dead } = await this.#deps.outbox.counts(endpoint.id);
    return { ...endpoint, pending, dead };
  }

  #audit(action: AuditAction, target: WebhookId | DeliveryId, actor: Actor, note: string | null): AuditEntry {
    return { at: this.#deps.clock.now(), actor, action, cluster: null, target, fence: null, note };
  }
}

const invalid = (path: string, message: string): SparkError =>
  new SparkError('INVALID_REQUEST', message, { details: { issues: [{ path, code: 'target', message }] } });

const COMPARED = ['url', 'events', 'description', 'enabled', 'allowLoopback', 'disabledReason'] as const;

const fieldsThatDiffer = (before: WebhookEndpoint, after: WebhookEndpoint): readonly string[] =>
  COMPARED.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));

/** Events that notices may have come with. Each look into the outbox costs every endpoint a query, so not after every step of a swap. */
function mayTell(event: CoreEvent): boolean {
  switch (event.kind) {
    case 'swap':
      return event.swap.phase === 'validating' || isSettled(event.swap);
    case 'lock':
      return event.lock.lock?.implicit !== true;
    case 'model':
      return true;
    case 'progress':
    case 'log':
    case 'host':
      return false;
    default:
      return event satisfies never;
  }
}
