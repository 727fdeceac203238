import { SparkError } from '../errors.ts';
import type { Service, ServiceStatus } from '../service/service.ts';
import type { ServiceBoard } from './service-board.ts';
import type { ServiceDeskDeps } from './service-deps.ts';

const LOOK_EVERY_MS = 2_000;
const DEFAULT_LIMIT_MS = 300_000;

/** What work on a service keeps others from. */
export const workOn = (key: string): string => `service:${key}`;

export const hostOf = ({ host }: ServiceDeskDeps, { name }: Service) => {
  if (host !== null) return host;
  throw new SparkError('NOT_SUPPORTED', `This cannot be done with ${name}: there is no login to any host from here.`);
};

/**
 * Restarts a service and waits until it is well again. One that was not well before need not become better than it was.
 * Rejects UPSTREAM_TIMEOUT when it does not come back in time.
 */
export async function revive(
  deps: ServiceDeskDeps,
  board: ServiceBoard,
  service: Service,
  signal: AbortSignal,
  onStep: (step: 'restart' | 'health') => void = () => undefined,
): Promise<ServiceStatus> {
  const before = board.status(service);
  onStep('restart');
  await hostOf(deps, service).restart(service, signal);
  onStep('health');
  return awaitHealth(deps, board, service, before, signal);
}

async function awaitHealth(
  { clock, healthLimitMs = DEFAULT_LIMIT_MS }: ServiceDeskDeps,
  board: ServiceBoard,
  service: Service,
  before: ServiceStatus,
  signal: AbortSignal,
): Promise<ServiceStatus> {
  const end = clock.monotonic() + healthLimitMs;
  for (;;) {
    const status = await board.ask(service, signal);
    const isAsBefore = before.state === 'degraded' && status.state === 'degraded' && status.detail === before.detail;
    // Nobody can ask one whose address is not known.
    if (status.state === 'up' || status.state === 'unknown' || isAsBefore) return status;
    if (clock.monotonic() >= end) {
      const seconds = Math.round(healthLimitMs / 1_000);
      throw new SparkError('UPSTREAM_TIMEOUT', `${service.name} runs again, but was not well within ${seconds} s. ${status.detail}`, {
        details: { hint: `GET /api/services/${service.key}/logs shows what it says.` },
      });
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
