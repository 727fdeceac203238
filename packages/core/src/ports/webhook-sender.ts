import type { Delivery, DeliveryAttempt } from '../webhook/delivery.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';

/**
 * Sends one notice to one endpoint. Contract: never rejects except with `signal.reason`; an answer is waited for at most
 * 15 s; redirects are not followed; the target's address is judged anew for each try; `secrets` (newest first) sign by
 * Standard Webhooks, one signature each, with the delivery's id as `webhook-id`.
 */
export interface WebhookSender {
  send(endpoint: WebhookEndpoint, secrets: readonly string[], delivery: Delivery, signal: AbortSignal): Promise<DeliveryAttempt>;
  /** What stands against a URL as a target, for people, to follow "The URL"; `null` when nothing does. Resolves its name. */
  objection(url: string, allowLoopback: boolean, signal: AbortSignal): Promise<string | null>;
}
