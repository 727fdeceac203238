import { expect } from 'chai';
import {
  type Claim,
  type Cluster,
  type HostFence,
  type HostObservation,
  isSparkError,
  type LaunchPlan,
  type LogLine,
  type ModelRuntime,
  type ObservedContainer,
  type SwapId,
  swapId,
} from '../../src/index.ts';

/**
 * What the suite of `model-runtime.contract.ts` works on: one implementation with hosts behind it. It is made once for the
 * whole suite; `reset` leaves no container and no process behind, the fence files may stay.
 */
export type RuntimeSubject = Readonly<{
  cluster: Cluster;
  runtime: ModelRuntime;
  fence: HostFence;
  /** The fence of the same hosts, as another control plane would claim it. */
  fenceOf(controllerId: string): HostFence;
  plans: Readonly<{
    /** Loads within seconds and serves. */
    good: LaunchPlan;
    /** Another model, likewise. */
    second: LaunchPlan;
    /** Its model server dies before it serves. `lastWords` is in its log then. */
    failing: LaunchPlan;
    lastWords: RegExp;
    /** In the log of `good` from its very beginning. */
    firstWords: RegExp;
  }>;
  /** What must be available on each host before any of the plans, or the unmanaged server, is started. */
  neededBytes: number;
  /** Names that the cluster's endpoint serves now; empty when nothing answers there. */
  servedNames(): Promise<readonly string[]>;
  /** Starts a model server on the cluster's port behind our back, in a container that survives `docker stop`, with this name. Resolves once it serves. */
  startUnmanaged(name: string): Promise<Readonly<{ servedName: string }>>;
  reset(): Promise<void>;
  dispose(): Promise<void>;
}>;

/** Parts of the contract that an implementation may leave out, each with the reason why it cannot hold there. */
export type RuntimeOmissions = Readonly<Partial<Record<'parking', string>>>;

export type Waiting = Readonly<{ timeoutMs: number; pollMs: number }>;

export const GENEROUS: Waiting = { timeoutMs: 60_000, pollMs: 50 };

/** Asks until `ready` says yes, and fails with the last answer in the message. */
export async function until<T>(
  ask: () => Promise<T>,
  ready: (answer: T) => boolean,
  what: string,
  { timeoutMs, pollMs } = GENEROUS,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (ready(answer)) return answer;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}; last seen: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The code of the SparkError that `promise` rejects with; fails when it does anything else. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isSparkError(error)) return error.code;
    throw error;
  }
  return expect.fail('it was expected to be refused');
}

/** Model server names at an endpoint, by HTTP: for implementations of `servedNames`. */
export async function servedNamesAt(baseUrl: string): Promise<readonly string[]> {
  try {
    const answer = await fetch(`${baseUrl}/v1/models`, { signal: AbortSignal.timeout(5_000) });
    const body = (await answer.json()) as { data?: { id: string }[] };
    return body.data?.map((model) => model.id) ?? [];
  } catch {
    return [];
  }
}

const NEVER = new AbortController().signal;
let swaps = 0;

/** The calls of one test, shortened. */
export class RuntimeDriver {
  readonly subject: RuntimeSubject;
  readonly reported: LogLine[] = [];

  constructor(subject: RuntimeSubject) {
    this.subject = subject;
  }

  newSwap(): SwapId {
    swaps += 1;
    return swapId(`swp_contract_${Date.now().toString(36)}_${swaps}`);
  }

  claim(swap: SwapId = this.newSwap()): Promise<Claim> {
    return this.subject.fence.claim(swap, 1, NEVER);
  }

  launch(plan: LaunchPlan, claim: Claim): Promise<void> {
    return this.subject.runtime.launch(plan, claim, (line) => this.reported.push(line), NEVER);
  }

  stop(claim: Claim, park = false): Promise<Readonly<{ note: string }>> {
    return this.subject.runtime.stop(claim, { park, report: (line) => this.reported.push(line) }, NEVER);
  }

  unpark(claim: Claim, action: 'restore' | 'discard'): Promise<void> {
    return this.subject.runtime.unpark(claim, action, NEVER);
  }

  observe(): Promise<readonly HostObservation[]> {
    return this.subject.runtime.observe(NEVER);
  }

  /** Containers of all hosts; fails when a host does not answer. */
  async containers(): Promise<readonly ObservedContainer[]> {
    const hosts = await this.observe();
    return hosts.flatMap((host) => (host.reachable ? host.containers : expect.fail(`${host.host} is unreachable: ${host.reason}`)));
  }

  /** What lives: containers that are not parked and not exited. */
  async living(): Promise<readonly ObservedContainer[]> {
    return (await this.containers()).filter((container) => !container.parked && container.state !== 'absent');
  }

  async untilServed(name: string): Promise<void> {
    await until(
      () => this.subject.servedNames(),
      (names) => names.includes(name),
      `${name} is served`,
    );
  }

  async portOwner(): Promise<string | null> {
    const head = (await this.observe())[0];
    return head?.reachable === true ? head.portOwner : expect.fail('the head does not answer');
  }

  /** Memory comes back some time after a process has gone; a model started before would find too little. */
  async memoryBack(): Promise<void> {
    const { neededBytes } = this.subject;
    await until(
      () => this.observe(),
      (hosts) => hosts.every((host) => host.reachable && host.memAvailableBytes >= neededBytes),
      `${neededBytes} bytes are available`,
    );
  }

  /** Launches `plan` under a new claim and waits until it serves. */
  async serve(plan: LaunchPlan): Promise<Claim> {
    await this.memoryBack();
    const claim = await this.claim();
    await this.launch(plan, claim);
    await this.untilServed(plan.servedModelName);
    return claim;
  }
}
