import { SparkError } from '../errors.ts';
import { webhookId } from '../ids.ts';
import type { WebhookEndpoint } from '../webhook/endpoint.ts';
import { NOTICE_TYPES } from '../webhook/notice.ts';
import { urlFault } from '../webhook/target-url.ts';

/** The endpoint that SWAP_WEBHOOK_URL names: the same one over restarts, so that what waits for it is not lost. */
export const ENVIRONMENT_WEBHOOK = webhookId('whk_environment');

/** 24 to 64 bytes in base64, as Standard Webhooks has it. */
const SECRET = /^(?:whsec_)?[A-Za-z0-9+/]{32,86}={0,2}$/;

/** What is wrong with the two variables; `null` when nothing is. It does not repeat the secret. */
export function environmentFault(url: string, secret: string | null): SparkError | null {
  const fault = urlFault(url);
  if (fault !== null) return invalid('SWAP_WEBHOOK_URL', `SWAP_WEBHOOK_URL ${fault}.`);
  if (secret === null || SECRET.test(secret)) return null;
  return invalid('SWAP_WEBHOOK_SECRET', 'SWAP_WEBHOOK_SECRET has to be 24 to 64 bytes in base64, with or without whsec_ in front.');
}

/**
 * That endpoint as it is to be now. Whoever can set the environment may also mean this machine itself. What people changed
 * stays; a new URL is tried even if the one before was gone.
 */
export function environmentEndpoint(known: WebhookEndpoint | null, url: string, now: number): WebhookEndpoint {
  if (known === null) {
    return {
      id: ENVIRONMENT_WEBHOOK,
      url,
      events: NOTICE_TYPES,
      description: 'Set by SWAP_WEBHOOK_URL',
      enabled: true,
      allowLoopback: true,
      disabledReason: null,
      createdAt: now,
      updatedAt: now,
    };
  }
  return known.url === url ? known : { ...known, url, enabled: true, disabledReason: null, updatedAt: now };
}

const invalid = (name: string, message: string): SparkError =>
  new SparkError('INVALID_SETTINGS', message, { details: { issues: [{ path: `env#/${name}`, code: 'bad_variable', message }] } });
