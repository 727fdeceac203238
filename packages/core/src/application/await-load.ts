import { isSparkError, SparkError } from '../errors.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { ServedModel } from '../ports/model-endpoint.ts';
import type { HostObservation, ObservedContainer } from '../ports/model-runtime.ts';
import { endpointOf } from '../topology/cluster.ts';
import type { StepContext } from './step-ports.ts';
import { firstOf } from './waiting.ts';

/** How often the health endpoint is asked: readiness is to be noticed within 100 ms. */
const HEALTH_POLL_MS = 50;
/** How often the hosts are looked at meanwhile. */
const OBSERVE_MS = 1_000;
/** A server that answers may refuse the first completion once or twice while kernels are still being made. */
const WARM_UP_TRIES = 3;
const WARM_UP_PAUSE_MS = 1_000;
/** A change of free memory below this is noise, above it the load is alive. */
const MEMORY_STEP_BYTES = 64 * 1024 * 1024;

/** Waits until the endpoint answers and lists the model, and gives that entry; rejects MODEL_CRASHED as soon as the process is seen dead. */
export async function awaitLoad(plan: LaunchPlan, fence: number, context: StepContext): Promise<ServedModel | null> {
  return firstOf<ServedModel | null>(context.signal, [
    (signal) => untilServed(plan.servedModelName, context, signal),
    (signal) => untilDead(plan, fence, context, signal),
  ]);
}

/** Waits until anything answers at the endpoint: for something that is not ours, whose model name we do not know. */
export async function awaitAnyHealth(context: StepContext): Promise<void> {
  await untilServed(null, context, context.signal);
}

/** Asks for one real completion; rejects with the server's refusal, or MODEL_CRASHED as soon as the process is seen dead. */
export async function warmUp(plan: LaunchPlan, fence: number, context: StepContext): Promise<void> {
  await firstOf(context.signal, [
    (signal) => untilCompleted(plan.servedModelName, context, signal),
    (signal) => untilDead(plan, fence, context, signal),
  ]);
}

async function untilCompleted(name: string, context: StepContext, signal: AbortSignal): Promise<void> {
  const baseUrl = endpointOf(context.cluster);
  for (let refusals = 0; ; ) {
    try {
      return await context.endpoint.completeOneToken(baseUrl, name, signal);
    } catch (error) {
      signal.throwIfAborted();
      const health = await context.endpoint.health(baseUrl, signal);
      // Not being reached is the link's fault, not the model's: that is waited out, up to the phase's limit.
      if (health.kind === 'unreachable') {
        context.waitingFor(`${name} cannot be reached: ${health.reason}.`);
        context.alive();
      } else {
        context.waitingFor(null);
        refusals += 1;
      }
      if (!isSparkError(error) || refusals >= WARM_UP_TRIES) throw error;
      await context.clock.sleep(WARM_UP_PAUSE_MS, signal);
    }
  }
}

async function untilServed(name: string | null, context: StepContext, signal: AbortSignal): Promise<ServedModel | null> {
  const baseUrl = endpointOf(context.cluster);
  for (;;) {
    const health = await context.endpoint.health(baseUrl, signal);
    if (health.kind === 'healthy') {
      const served = name === null ? null : await listed(name, baseUrl, context, signal);
      if (name === null || served !== null) return served;
    }
    await context.clock.sleep(HEALTH_POLL_MS, signal);
  }
}

async function listed(name: string, baseUrl: string, context: StepContext, signal: AbortSignal): Promise<ServedModel | null> {
  try {
    const models = await context.endpoint.models(baseUrl, signal);
    return models.find((model) => model.id === name) ?? null;
  } catch {
    signal.throwIfAborted();
    return null; // health was early: the API comes up a moment later
  }
}

async function untilDead(plan: LaunchPlan, fence: number, context: StepContext, signal: AbortSignal): Promise<never> {
  let sightingsWithout = 0;
  let memory: readonly number[] = [];
  for (;;) {
    await context.clock.sleep(OBSERVE_MS, signal);
    const hosts = await context.runtime.observe(signal);
    const outages = hosts.filter((host) => !host.reachable);
    if (outages.length > 0) {
      context.alive(); // not being able to look is no sign of a hang
      continue;
    }
    const dead = findDead(hosts, plan, fence);
    sightingsWithout = dead === null ? 0 : sightingsWithout + 1;
    // Twice, because a container is listed a moment before its process is.
    if (dead !== null && sightingsWithout >= 2)
      throw new SparkError('MODEL_CRASHED', dead.message, { details: { exitCode: dead.exitCode } });
    for (const host of hosts) if (host.reachable && plan.nodes.includes(host.host)) context.sawAvailable(host.memAvailableBytes);
    const free = hosts.map((host) => (host.reachable ? host.memAvailableBytes : 0));
    if (free.some((bytes, index) => Math.abs(bytes - (memory[index] ?? bytes)) > MEMORY_STEP_BYTES)) context.alive();
    if (memory.length === 0 || free.some((bytes, index) => Math.abs(bytes - (memory[index] ?? 0)) > MEMORY_STEP_BYTES)) memory = free;
  }
}

type Death = Readonly<{ message: string; exitCode: number | null }>;

function findDead(hosts: readonly HostObservation[], plan: LaunchPlan, fence: number): Death | null {
  for (const node of plan.nodes) {
    const host = hosts.find((candidate) => candidate.host === node);
    if (host === undefined || !host.reachable) continue;
    const ours = host.containers.find((container) => isLaunch(container, fence));
    if (ours === undefined) return { message: `The container of ${plan.model} on ${node} is gone.`, exitCode: null };
    if (ours.state === 'absent' || ours.state === 'unhealthy') {
      const code = ours.exitCode === null ? '' : ` (exit code ${ours.exitCode})`;
      return { message: `The model server of ${plan.model} on ${node} died while loading${code}.`, exitCode: ours.exitCode };
    }
  }
  return null;
}

const isLaunch = (container: ObservedContainer, fence: number): boolean => container.identity?.fence === fence && !container.parked;
