import { createHmac } from 'node:crypto';

/**
 * The value of `webhook-signature` of Standard Webhooks 1.0: one signature for each secret that is valid now, so that a
 * receiver that still has the old one accepts it too. Secrets are base64, with or without `whsec_`. `null`: none is usable.
 */
export function signatureOf(secrets: readonly string[], id: string, unixSeconds: number, body: string): string | null {
  const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).filter(({ length }) => length > 0);
  if (keys.length === 0) return null;
  return keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${unixSeconds}.${body}`).digest('base64')}`).join(' ');
}
