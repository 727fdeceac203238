import type { LockFacts } from './lock/lease.ts';

/**
 * Every error code of Spark Control. `title` is the short sentence of a problem document, `retryable` says whether the
 * same call may succeed later without anything being changed, `remedy` is what the reader should do next.
 * The HTTP status lives with the HTTP adapter; `docs/errors.md` is generated from both.
 */
export const ERROR_CATALOG = {
  MALFORMED_JSON: { title: 'The body is not JSON', retryable: false, remedy: 'Send a JSON body with Content-Type application/json.' },
  INVALID_REQUEST: {
    title: 'The request is not valid',
    retryable: false,
    remedy: 'See `issues`: each names a path and what is wrong there.',
  },
  INVALID_CATALOG: {
    title: 'The catalog is not valid',
    retryable: false,
    remedy: 'See `issues`: each names a file, a path and what is wrong there.',
  },
  INVALID_SETTINGS: {
    title: 'The settings are not valid',
    retryable: false,
    remedy: 'See `issues`: each names a file, a path and what is wrong there.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    title: 'This Idempotency-Key was used with another body',
    retryable: false,
    remedy: 'Use a new key for a new request.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: 'The body has a media type that is not understood',
    retryable: false,
    remedy: 'Send Content-Type application/json.',
  },
  PAYLOAD_TOO_LARGE: { title: 'The body is too large', retryable: false, remedy: 'Send less; the limit is in the detail.' },
  LOCK_ID_REQUIRED: { title: 'A lock id is required', retryable: false, remedy: 'Send the lock id in `X-Swap-Lock` or the body.' },
  UNAUTHENTICATED: { title: 'Not signed in', retryable: false, remedy: 'Send an API key.' },
  FORBIDDEN: { title: 'Not allowed', retryable: false, remedy: 'Use a key with the scope named in the detail.' },
  CROSS_SITE: {
    title: 'Cross-site request refused',
    retryable: false,
    remedy: 'Call from the dashboard itself, or from a program that sends no Origin header.',
  },
  HOST_NOT_ALLOWED: { title: 'This host name is not served here', retryable: false, remedy: 'Add the name to ALLOWED_HOSTS.' },
  MODEL_NOT_FOUND: { title: 'No such model', retryable: false, remedy: 'GET /api/models lists them.' },
  CLUSTER_NOT_FOUND: { title: 'No such cluster', retryable: false, remedy: 'GET /api/clusters lists them.' },
  HOST_NOT_FOUND: { title: 'No such host', retryable: false, remedy: 'GET /api/hosts lists them.' },
  SWAP_NOT_FOUND: { title: 'No such swap', retryable: false, remedy: 'GET /api/swaps lists them.' },
  WEBHOOK_NOT_FOUND: { title: 'No such webhook', retryable: false, remedy: 'GET /api/webhooks lists them.' },
  DELIVERY_NOT_FOUND: { title: 'No such delivery', retryable: false, remedy: 'GET /api/webhooks/{id}/deliveries lists them.' },
  SCHEDULE_NOT_FOUND: { title: 'No such schedule', retryable: false, remedy: 'GET /api/schedules lists them.' },
  AUTOMATION_NOT_FOUND: { title: 'No such automation', retryable: false, remedy: 'GET /api/automations lists them.' },
  OPERATION_NOT_FOUND: { title: 'No such operation', retryable: false, remedy: 'GET /api/operations lists them.' },
  SERVICE_NOT_FOUND: { title: 'No such service', retryable: false, remedy: 'GET /api/services lists them.' },
  COLLECTION_NOT_FOUND: { title: 'No such collection', retryable: false, remedy: 'GET /api/qdrant/collections lists them.' },
  SNAPSHOT_NOT_FOUND: { title: 'No such snapshot', retryable: false, remedy: 'GET /api/qdrant/snapshots lists them.' },
  REVISION_NOT_FOUND: { title: 'No such revision', retryable: false, remedy: 'GET /api/models/{key}/history lists them.' },
  ROUTE_NOT_FOUND: { title: 'No such path', retryable: false, remedy: 'GET /openapi.json lists the paths.' },
  METHOD_NOT_ALLOWED: { title: 'This path does not take that method', retryable: false, remedy: 'See the Allow header.' },
  LOCKED: { title: 'Another holder has the lock', retryable: true, remedy: 'Wait until it is released or expires.' },
  LOCK_HELD: { title: 'The lock is held', retryable: true, remedy: 'Wait until it is released or expires.' },
  LOCK_EXPIRED: { title: 'This lock is over', retryable: false, remedy: 'Acquire it again.' },
  LOCK_NOT_FOUND: { title: 'No such lock', retryable: false, remedy: 'It was released already, or nobody holds one.' },
  SWAP_IN_PROGRESS: { title: 'A swap is running', retryable: true, remedy: 'Follow it, cancel it, or ask again with `on_busy: "queue"`.' },
  SWAP_SETTLED: { title: 'The swap is over', retryable: false, remedy: 'Nothing is left to cancel.' },
  SWAP_ROLLING_BACK: {
    title: 'The swap is rolling back',
    retryable: false,
    remedy: 'A rollback cannot be cancelled; follow it until it settles.',
  },
  SUPERSEDED: { title: 'A newer request took the place of this one', retryable: false, remedy: 'Follow the newer swap.' },
  QUEUE_TIMEOUT: { title: 'The wait in the queue was too long', retryable: true, remedy: 'Ask again, or with a longer `queue_seconds`.' },
  UNMANAGED_MODEL: {
    title: 'Something that Spark Control did not start serves there',
    retryable: false,
    remedy: 'Ask again with `replace_unmanaged: true`, or stop it yourself.',
  },
  OPERATION_IN_PROGRESS: {
    title: 'The same work is running already',
    retryable: true,
    remedy: 'Follow the operation that is named, or cancel it.',
  },
  OPERATION_SETTLED: { title: 'The operation is over', retryable: false, remedy: 'Nothing is left to cancel.' },
  NOT_SUPPORTED: { title: 'This cannot be done here', retryable: false, remedy: 'The detail says what is missing.' },
  NOT_ENOUGH_DISK: { title: 'There is not enough room on the disk', retryable: false, remedy: 'Free space on the host that is named.' },
  INTERRUPTED: { title: 'Broken off by a restart of the control plane', retryable: true, remedy: 'Look what is done, then ask again.' },
  MODEL_IN_USE: { title: 'The model is in use', retryable: true, remedy: 'Unload it, or wait for what the detail names.' },
  READ_ONLY: { title: 'This cannot be written', retryable: false, remedy: 'The detail says whose it is, or which path to make writable.' },
  STALE_REVISION: { title: 'Somebody changed it in between', retryable: false, remedy: 'Read it again and repeat the change.' },
  FENCED_OFF: { title: 'Taken over, or not what is held', retryable: false, remedy: 'Read the state again; this claim is over.' },
  DOES_NOT_FIT: {
    title: 'The model does not fit in memory',
    retryable: false,
    remedy: 'Lower --gpu-memory-utilization or --max-model-len, or free memory.',
  },
  PREFLIGHT_FAILED: {
    title: 'A check before the start failed',
    retryable: false,
    remedy: 'See `issues`: each names the check and what to do.',
  },
  UNSAFE_ARGUMENT: { title: 'A value cannot be passed on safely', retryable: false, remedy: 'Change the value named in the detail.' },
  CANCELLED: { title: 'Cancelled on request', retryable: false, remedy: 'Nothing to do.' },
  RATE_LIMITED: { title: 'Too many requests', retryable: true, remedy: 'Wait as long as Retry-After says.' },
  QUEUE_FULL: { title: 'The queue is full', retryable: true, remedy: 'Wait as long as Retry-After says.' },
  STORE_UNAVAILABLE: {
    title: 'The state store cannot be written',
    retryable: true,
    remedy: 'Free disk space or make the data folder writable; /readyz says why.',
  },
  STORE_NEWER: {
    title: 'The data folder was written by a newer version',
    retryable: false,
    remedy: 'Run that version, or restore an older copy.',
  },
  STORE_IN_USE: {
    title: 'Another server uses this data folder',
    retryable: false,
    remedy: 'Stop it, or choose another SPARK_CONTROL_DATA.',
  },
  HOST_UNREACHABLE: { title: 'A host cannot be reached', retryable: true, remedy: 'Check power, cable, address and sshd of that host.' },
  HOST_KEY_MISMATCH: {
    title: 'The host key has changed',
    retryable: false,
    remedy: 'If the host was reinstalled, pin its new fingerprint; otherwise somebody may stand in between.',
  },
  HOST_KEY_UNKNOWN: {
    title: 'The host key is not trusted yet',
    retryable: false,
    remedy: "Compare the fingerprint with the host's own, then trust it: POST /api/hosts/{key}/trust.",
  },
  HOST_AUTH_FAILED: {
    title: 'The host refused the login',
    retryable: false,
    remedy: 'Check user and key file, and put the public key in authorized_keys of that user.',
  },
  RUNTIME_REJECTED: { title: 'The container runtime refused', retryable: false, remedy: 'Read the detail and the log tail.' },
  LAUNCHER_FAILED: { title: 'The launcher failed', retryable: false, remedy: 'Read the log tail.' },
  MODEL_CRASHED: { title: 'The model server died', retryable: false, remedy: 'Read the log tail.' },
  UPSTREAM_FAILED: {
    title: 'A model server or service failed to answer',
    retryable: true,
    remedy: 'See whether it runs, and read its log.',
  },
  UPSTREAM_TIMEOUT: { title: 'The model server did not answer in time', retryable: true, remedy: 'Read its log.' },
  LOAD_TIMEOUT: {
    title: 'The phase took longer than its limit',
    retryable: true,
    remedy: 'Read the log tail; raise the limit if the load is really that slow.',
  },
  NO_PROGRESS: { title: 'Nothing moved for too long', retryable: true, remedy: 'Read the log tail.' },
  ILLEGAL_TRANSITION: {
    title: 'A step came in a state that does not take it',
    retryable: false,
    remedy: 'This is a defect; report it with the request id.',
  },
  INTERNAL: { title: 'An unexpected error', retryable: false, remedy: 'This is a defect; report it with the request id.' },
} as const satisfies Record<string, { title: string; retryable: boolean; remedy: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOG;

/** One fault in an input. `path` is a JSON pointer into the body, or `file#/pointer` for a file; `line` counts from 1. */
export type Issue = Readonly<{ path: string; code: string; message: string; line?: number }>;

export type ErrorDetails = Readonly<{
  issues?: readonly Issue[];
  host?: string;
  swapId?: string;
  /** The lock that is in the way. */
  lock?: LockFacts;
  operationId?: string;
  /** Place in line from 1, for who waited for a lock. */
  position?: number;
  ticket?: string;
  retryAfterSeconds?: number;
  fingerprint?: string;
  [extra: string]: unknown;
}>;

const BRAND = Symbol.for('@spark-control/error');

/**
 * The one error class. `message` says what failed, on what, and what to do next; it never holds a secret, a library's
 * class name or raw upstream text, so that it may be shown to clients as it is.
 */
export class SparkError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SparkError';
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  get retryable(): boolean {
    return ERROR_CATALOG[this.code].retryable;
  }
}

/** Recognises a {@link SparkError} of any copy of this package (npm may install two). */
export function isSparkError(value: unknown): value is SparkError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}
