import { SparkError } from '../errors.ts';
import type { HostKey } from '../ids.ts';
import type { Claim, LaunchPlan } from '../launch/launch-plan.ts';
import type { HostObservation } from '../ports/model-runtime.ts';
import type { Swap } from '../swap/swap.ts';
import type { StepResult, SwapEffect } from '../swap/swap-machine.ts';
import { endpointOf } from '../topology/cluster.ts';
import { awaitAnyHealth, awaitLoad, warmUp } from './await-load.ts';
import { readSighting } from './observe.ts';
import type { StepContext } from './step-ports.ts';
import { validate } from './validate-step.ts';
import { whileUnreachable } from './waiting.ts';

const DRAIN_POLL_MS = 200;
const MEMORY_POLL_MS = 250;
/** Memory that has not grown for this long will not come back by waiting. */
const MEMORY_STABLE_MS = 1_500;
/** Less than this is noise. */
const MEMORY_STEP_BYTES = 64 * 2 ** 20;
const GIB = 2 ** 30;

/** Does one step and says what it found. Rejects with a SparkError, or with `signal.reason` when the arbiter ended it. */
export async function performStep(effect: SwapEffect, swap: Swap, context: StepContext): Promise<StepResult> {
  switch (effect.type) {
    case 'validate':
      return validate(swap, context);
    case 'drain':
      return { step: 'drain', note: await drain(swap, context) };
    case 'stop':
      return stopped(swap, await stop(swap, claimOf(swap, effect.fence, context), context), context);
    case 'launch':
    case 'resume_launch': {
      const claim = claimOf(swap, effect.fence, context);
      await whileUnreachable(context, () => context.runtime.launch(effect.plan, claim, context.report, context.signal));
      return { step: swap.phase === 'rolling_back' ? 'rollback_launch' : 'launch', note: null };
    }
    case 'await_load': {
      const served = await awaitLoad(effect.plan, swap.fence ?? 0, context);
      if (swap.phase === 'rolling_back') return { step: 'rollback_load', note: null };
      return { step: 'load', note: null, maxModelLen: served?.maxModelLen ?? null };
    }
    case 'warm_up':
      await warmUp(effect.plan, swap.fence ?? 0, context);
      await assertHeld(swap, context);
      if (swap.phase === 'rolling_back') return { step: 'rollback_warm', note: null };
      await discardParked(swap, context);
      return { step: 'warm', note: null };
    case 'clear_for_rollback':
      return clearForRollback(swap, effect.fence, context);
    case 'restore_unmanaged': {
      const claim = claimOf(swap, effect.fence, context);
      await whileUnreachable(context, () => context.runtime.unpark(claim, 'restore', context.signal));
      return { step: 'rollback_launch', note: null };
    }
    case 'await_restored':
      await awaitAnyHealth(context);
      await assertHeld(swap, context);
      return { step: 'rollback_load', note: 'what was there before serves again' };
    case 'abort_step':
    case 'settled':
      throw new TypeError(`${effect.type} is not a step`);
  }
}

function claimOf(swap: Swap, fence: number, context: StepContext): Claim {
  return { cluster: swap.cluster, fence, controller: context.controllerId, swap: swap.id };
}

/**
 * Before a swap is told to have worked: FENCED_OFF when its claim no longer stands. What answers may be the model of somebody who
 * took over while this process was stopped, and an answer may have waited in a buffer since before that.
 */
async function assertHeld(swap: Swap, context: StepContext): Promise<void> {
  const { fence, controller } = claimOf(swap, swap.fence ?? 0, context);
  const { seen } = await whileUnreachable(context, () => context.fence.look(context.signal));
  const lost = seen.find(({ claim }) => claim?.fence !== fence || claim.swap !== swap.id || claim.controller !== controller);
  if (lost === undefined) return;
  const message = `The fence of cluster ${swap.cluster} on ${lost.host} no longer holds claim ${fence}: another claim took over.`;
  throw new SparkError('FENCED_OFF', message, { details: { host: lost.host } });
}

/** An unload ends with its stop. */
async function stopped(swap: Swap, note: string, context: StepContext): Promise<StepResult> {
  if (swap.plan === null) await assertHeld(swap, context);
  return { step: 'stop', note };
}

async function drain(swap: Swap, context: StepContext): Promise<string> {
  if (swap.previous.kind === 'nothing') return 'nothing was serving';
  const until = context.clock.monotonic() + swap.options.drainSeconds * 1_000;
  for (;;) {
    const inFlight = await context.endpoint.requestsInFlight(endpointOf(context.cluster), context.signal).catch(() => null);
    context.signal.throwIfAborted();
    if (inFlight === null) return 'the server does not say how many requests run';
    if (inFlight === 0) return 'no request was running';
    if (context.clock.monotonic() >= until) return `${inFlight} request(s) cut off after ${swap.options.drainSeconds} s`;
    context.alive();
    await context.clock.sleep(DRAIN_POLL_MS, context.signal);
  }
}

async function stop(swap: Swap, claim: Claim, context: StepContext): Promise<string> {
  const { replaceUnmanaged, rollback } = swap.options;
  const before = await whileUnreachable(context, () => observeAll(context));
  // Somebody may have started something since the pre-flight; it is not ours to end.
  const foreign = foreignContainers(before);
  if (foreign.length > 0 && !replaceUnmanaged) {
    throw new SparkError('UNMANAGED_MODEL', `${foreign.join(', ')} was started in the meantime; it was left alone.`);
  }
  // What somebody starts while ours is being ended is set aside. Removing is for who asked for it, and gave up the way back.
  const park = rollback || !replaceUnmanaged;
  const { note } = await whileUnreachable(context, () => context.runtime.stop(claim, { park, report: context.report }, context.signal));
  const freed = await memoryBack(swap, before, context);
  const words = [note, freed > GIB / 2 ? `${Math.round(freed / GIB)} GiB freed` : ''].filter((word) => word !== '');
  return words.join(', ');
}

const foreignContainers = (hosts: readonly HostObservation[]): readonly string[] =>
  hosts.flatMap((host) =>
    host.reachable
      ? host.containers
          .filter(({ identity, parked }) => identity === null && !parked)
          .map(({ name }) => `Container ${name} on ${host.host}`)
      : [],
  );

/** Waits until the next model's memory is free on its hosts, or until no more comes back. Returns the bytes freed, over all hosts. */
async function memoryBack(swap: Swap, before: readonly HostObservation[], context: StepContext): Promise<number> {
  let best = -1;
  let bestAt = context.clock.monotonic();
  for (;;) {
    const now = await whileUnreachable(context, () => observeAll(context));
    const freed = freeBytes(now).reduce((sum, { host, bytes }) => sum + bytes - memoryOf(before, host), 0);
    if (swap.plan === null || swap.previous.kind === 'nothing' || isBack(swap.plan, now, context)) return freed;
    if (freed > best + MEMORY_STEP_BYTES) {
      best = freed;
      bestAt = context.clock.monotonic();
      context.alive();
    }
    if (context.clock.monotonic() - bestAt >= MEMORY_STABLE_MS) return freed;
    await context.clock.sleep(MEMORY_POLL_MS, context.signal);
  }
}

function isBack(plan: LaunchPlan, hosts: readonly HostObservation[], context: StepContext): boolean {
  const needed = context.neededBytes(plan);
  return needed !== null && plan.nodes.every((node) => memoryOf(hosts, node) >= needed);
}

const freeBytes = (hosts: readonly HostObservation[]): readonly { host: HostKey; bytes: number }[] =>
  hosts.flatMap((host) => (host.reachable ? [{ host: host.host, bytes: host.memAvailableBytes }] : []));

const memoryOf = (hosts: readonly HostObservation[], key: HostKey): number => freeBytes(hosts).find(({ host }) => host === key)?.bytes ?? 0;

/** Observes, and rejects when a host of the cluster cannot be asked. */
async function observeAll(context: StepContext): Promise<readonly HostObservation[]> {
  const hosts = await context.runtime.observe(context.signal);
  for (const host of hosts) {
    if (!host.reachable)
      throw new SparkError('HOST_UNREACHABLE', `${host.host} cannot be reached: ${host.reason}`, { details: { host: host.host } });
  }
  return hosts;
}

async function discardParked(swap: Swap, context: StepContext): Promise<void> {
  if (!swap.options.replaceUnmanaged) return;
  const claim = claimOf(swap, swap.fence ?? 0, context);
  await whileUnreachable(context, () => context.runtime.unpark(claim, 'discard', context.signal));
}

async function clearForRollback(swap: Swap, fence: number, context: StepContext): Promise<StepResult> {
  const held = claimOf(swap, fence, context);
  const claim = await whileUnreachable(context, () => context.fence.claim(swap.id, fence + 1, context.signal, held));
  const hosts = await whileUnreachable(context, () => observeAll(context));
  if (await isPreviousServing(swap, hosts, context)) {
    return { step: 'rollback_stop', found: 'still_serving', fence: claim.fence, note: null };
  }
  // Whatever is there and not ours is set aside, never removed: nobody asked for that any more.
  const options = { park: true, report: context.report };
  const { note } = await whileUnreachable(context, () => context.runtime.stop(claim, options, context.signal));
  return { step: 'rollback_stop', found: 'stopped', fence: claim.fence, note };
}

async function isPreviousServing(swap: Swap, hosts: readonly HostObservation[], context: StepContext): Promise<boolean> {
  const health = await context.endpoint.health(endpointOf(context.cluster), context.signal);
  const reading = readSighting(context.cluster, { hosts, health });
  if (!reading.isHealthy) return false;
  if (swap.previous.kind === 'unmanaged') return reading.serving.kind === 'unmanaged';
  const identity = reading.container?.identity;
  return swap.previous.kind === 'plan' && identity != null && identity.swap !== swap.id && identity.digest === swap.previous.plan.digest;
}
