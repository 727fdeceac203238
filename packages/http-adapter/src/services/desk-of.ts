import { type ErrorCode, type ServiceDesk, type ServiceOrder, SparkError } from '@spark-control/core';
import type { Request } from 'express';
import type { ApiContext } from '../api-context.ts';
import { givenLockId, LOCK_HEADER } from '../locks/lock-id.ts';
import { actorOf } from '../middleware/caller.ts';

export const servicesTag = 'services';
export const servicesPath = '/api/services';
export const oneService = `${servicesPath}/{key}` as const;

/** What looking at a service may be refused with, its container included. */
export const LOOKING: readonly ErrorCode[] = [
  'SERVICE_NOT_FOUND',
  'NOT_SUPPORTED',
  'HOST_UNREACHABLE',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_MISMATCH',
  'HOST_AUTH_FAILED',
  'RUNTIME_REJECTED',
];

/** What beginning long work on one may be refused with. */
export const BEGINNING: readonly ErrorCode[] = [
  ...LOOKING,
  'LOCKED',
  'LOCK_EXPIRED',
  'FENCED_OFF',
  'OPERATION_IN_PROGRESS',
  'STORE_UNAVAILABLE',
];

export function serviceDeskOf({ services }: ApiContext): ServiceDesk {
  if (services !== null) return services;
  throw new SparkError('NOT_SUPPORTED', 'No services can be reached from here.');
}

export const isService = (context: ApiContext, key: string): boolean =>
  context.services?.list().some(({ service }) => service.key === key) ?? false;

type OrderBody = Readonly<{ lock_id?: string | null; requested_by?: string | null; reason?: string | null }>;

export const orderOf = (body: OrderBody, caller: string, request: Request): ServiceOrder => ({
  lockId: givenLockId(body.lock_id, request.get(LOCK_HEADER)),
  requestedBy: body.requested_by ?? caller,
  reason: body.reason ?? null,
  actor: actorOf(request),
});
