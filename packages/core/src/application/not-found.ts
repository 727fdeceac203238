import { SparkError } from '../errors.ts';

const NOUNS = {
  MODEL_NOT_FOUND: 'model',
  CLUSTER_NOT_FOUND: 'cluster',
  HOST_NOT_FOUND: 'host',
  SWAP_NOT_FOUND: 'swap',
  SCHEDULE_NOT_FOUND: 'schedule',
  WEBHOOK_NOT_FOUND: 'webhook',
  DELIVERY_NOT_FOUND: 'delivery',
  OPERATION_NOT_FOUND: 'operation',
  SERVICE_NOT_FOUND: 'service',
} as const;

/** The refusal of a key that is not there, with what the caller may have meant. */
export function notFound(code: keyof typeof NOUNS, key: string, near: readonly string[] = []): SparkError {
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return new SparkError(code, `There is no ${NOUNS[code]} "${key}".${hint}`);
}
