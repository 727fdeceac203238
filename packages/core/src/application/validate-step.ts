import { type ErrorCode, isSparkError, SparkError } from '../errors.ts';
import type { FenceMark } from '../ports/host-fence.ts';
import type { HostObservation } from '../ports/model-runtime.ts';
import type { PreflightCheck, PreflightReport } from '../swap/preflight-report.ts';
import type { Swap } from '../swap/swap.ts';
import type { StepResult } from '../swap/swap-machine.ts';
import { endpointOf } from '../topology/cluster.ts';
import { type Reading, readSighting } from './observe.ts';
import type { StepContext } from './step-ports.ts';
import { whileUnreachable } from './waiting.ts';

const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 500;

/**
 * Runs the pre-flight on the hosts, finds out what a rollback would go back to, and claims the cluster's fence. All of it is
 * done again when an older swap of another control plane claimed meanwhile; when a newer one did, this one is over.
 */
export async function validate(swap: Swap, context: StepContext): Promise<StepResult> {
  for (;;) {
    try {
      return await checkAndClaim(swap, context);
    } catch (error) {
      const holder = isSparkError(error) && error.code === 'FENCED_OFF' ? error.details['holder'] : undefined;
      // Ids of swaps sort by the time of their request. Only who goes first depends on it: a claim is never taken unseen.
      if (typeof holder !== 'string' || holder >= swap.id) throw error;
    }
  }
}

async function checkAndClaim(swap: Swap, context: StepContext): Promise<StepResult> {
  const { mark, hosts } = await lookPatiently(context);
  const health = await context.endpoint.health(endpointOf(context.cluster), context.signal);
  const reading = readSighting(context.cluster, { hosts, health });
  refuseUnmanaged(swap, reading);
  const report = await context.preflight(swap, hosts, context.signal);
  refuseFailed(report);
  const previous = await context.previousOf(reading);
  const minimum = (await context.lastFence()) + 1;
  const claim = await whileUnreachable(context, () => context.fence.claim(swap.id, minimum, context.signal, mark));
  return { step: 'validate', previous, fence: claim.fence, note: noteOf(report) };
}

/**
 * Reads the fences, and then the hosts: what changes after that is noticed when the claim is made. Looks again for a moment while a
 * host cannot be reached: a link that was out for a second is no reason to refuse.
 */
async function lookPatiently(context: StepContext): Promise<Readonly<{ mark: FenceMark; hosts: readonly HostObservation[] }>> {
  const until = context.clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const mark = await context.fence.look(context.signal).catch(asSparkError);
    const hosts = await context.runtime.observe(context.signal);
    const isMissed = isSparkError(mark) && mark.code === 'HOST_UNREACHABLE';
    const isPassing = isMissed || hosts.some((host) => !host.reachable && !(host.code in RETHROWN));
    if (!isPassing || context.clock.monotonic() >= until) {
      refuseUnreachable(hosts);
      if (isSparkError(mark)) throw mark;
      return { mark, hosts };
    }
    await context.clock.sleep(LOOK_AGAIN_MS, context.signal);
  }
}

function asSparkError(error: unknown): SparkError {
  if (isSparkError(error)) return error;
  throw error;
}

function refuseUnreachable(hosts: readonly HostObservation[]): void {
  for (const host of hosts) {
    if (host.reachable) continue;
    const code = (host.code in RETHROWN ? host.code : 'HOST_UNREACHABLE') as ErrorCode;
    throw new SparkError(code, `${host.host} cannot be used: ${host.reason}`, { details: { host: host.host } });
  }
}

/** Reasons why a host cannot be asked that deserve their own code. */
const RETHROWN: Readonly<Partial<Record<ErrorCode, true>>> = { HOST_KEY_UNKNOWN: true, HOST_KEY_MISMATCH: true, HOST_AUTH_FAILED: true };

function refuseUnmanaged(swap: Swap, reading: Reading): void {
  if (reading.serving.kind !== 'unmanaged') return;
  const what = reading.unmanaged ?? 'Something';
  if (!swap.options.replaceUnmanaged) {
    throw new SparkError('UNMANAGED_MODEL', `${what} was not started by Spark Control; it was left alone.`);
  }
  if (reading.container === null) {
    throw new SparkError('UNMANAGED_MODEL', `${what} is no container, so it cannot be set aside; stop it yourself first.`);
  }
  if (swap.options.rollback && !reading.container.restorable) {
    throw new SparkError(
      'UNMANAGED_MODEL',
      `${what} would be lost when stopped (it was started with --rm); ask again with "rollback": false to replace it for good.`,
    );
  }
}

function refuseFailed(report: PreflightReport | null): void {
  const failed = report?.checks.filter((check) => check.status === 'fail') ?? [];
  if (failed.length === 0) return;
  const issues = failed.map((check) => ({ path: check.host ?? '', code: check.name, message: check.detail }));
  const code = failed.every(({ name }) => name === 'memory') ? 'DOES_NOT_FIT' : 'PREFLIGHT_FAILED';
  throw new SparkError(code, failed.map(sentenceOf).join(' '), { details: { issues } });
}

const sentenceOf = (check: PreflightCheck): string =>
  [check.host === null ? '' : `${check.host}:`, check.detail, check.hint ?? ''].filter((part) => part !== '').join(' ');

function noteOf(report: PreflightReport | null): string | null {
  const warned = report?.checks.filter((check) => check.status === 'warn') ?? [];
  return warned.length === 0 ? null : warned.map((check) => check.detail).join(' ');
}
