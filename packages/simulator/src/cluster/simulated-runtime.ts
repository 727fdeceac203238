import {
  type Claim,
  type Cluster,
  type HostObservation,
  LABELS,
  type LaunchPlan,
  type LogLine,
  labelsOf,
  type ModelRuntime,
  SparkError,
} from '@spark-control/core';
import type { FakeVllmProfile } from '../fake-vllm/profile.ts';
import { orAborted } from './abortable.ts';
import { followLogs } from './log-following.ts';
import type { NewContainer, SimulatedContainer } from './simulated-container.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { World } from './world.ts';

/** Between TERM and KILL, as `docker stop` has it. */
const STOP_GRACE_SECONDS = 10;

export type SimulatedRuntimeOptions = Readonly<{
  cluster: Cluster;
  hosts: readonly SimulatedHost[];
  world: World;
  profileFor: (plan: LaunchPlan) => FakeVllmProfile;
  closed: AbortSignal;
}>;

type Placed = Readonly<{ host: SimulatedHost; container: SimulatedContainer }>;

const isManaged = (container: SimulatedContainer): boolean => LABELS.swap in container.record.labels;
const parkedMark = (claim: Claim): string => `-parked-${claim.swap}`;
const isParked = (container: SimulatedContainer): boolean => container.record.parkedFrom !== null;

/** {@link ModelRuntime} over simulated hosts: each model server is a fake vLLM on a real port. */
export class SimulatedRuntime implements ModelRuntime {
  readonly #options: SimulatedRuntimeOptions;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
  }

  async observe(signal: AbortSignal): Promise<readonly HostObservation[]> {
    signal.throwIfAborted();
    return this.#options.hosts.map((host) => host.observe(this.#options.cluster.port));
  }

  async launch(plan: LaunchPlan, claim: Claim, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const hosts = this.#hostsOf(plan);
    authorize(hosts, claim);
    const say = (line: string): void =>
      report({ host: hosts[0]?.host.key ?? plan.nodes[0] ?? this.#head.host.key, at: this.#options.world.clock.now(), line });
    const labels = labelsOf(plan, claim);
    const started = hosts.map((host) => startedUnder(host, labels));
    if (started[0]?.isAlive) return;
    if (started[0] != null) {
      const code = started[0].record.exitCode ?? 'unknown';
      throw new SparkError(
        'LAUNCHER_FAILED',
        `${plan.container} was started under this claim and has ended with exit code ${code}. Read its log.`,
      );
    }
    for (const host of hosts) host.assertCanRun(plan.container, plan.image, (holder) => isManaged(holder) && !holder.isAlive);
    announce(plan, hosts, say);
    // Workers first: a head waits for its ranks, not the other way round.
    for (const [rank, host] of [...hosts.entries()].reverse()) {
      if (started[rank] == null) host.run(this.#record(plan, labels, rank));
    }
    say(`Command dispatched in background (Daemon mode). Container: ${plan.container}`);
  }

  async stop(
    claim: Claim,
    options: Readonly<{ park: boolean; report: (line: LogLine) => void }>,
    signal: AbortSignal,
  ): Promise<Readonly<{ note: string }>> {
    signal.throwIfAborted();
    const { cluster, hosts, world } = this.#options;
    authorize(hosts, claim);
    const ended = this.#placed().filter(({ container }) => this.#isInTheWay(container, options.park));
    for (const { host, container } of ended) {
      options.report({
        host: host.host.key,
        at: world.clock.now(),
        line: `Stopping container ${container.record.name} on ${host.host.name}...`,
      });
    }
    const words = await orAborted(Promise.all(ended.map((placed) => end(placed, claim, options.park))), signal);
    const owner = this.#head.portOwner(cluster.port);
    if (owner !== null) {
      throw new SparkError(
        'RUNTIME_REJECTED',
        `Port ${cluster.port} on ${this.#head.host.name} is still held by ${owner}, which is no container. Stop it there.`,
      );
    }
    return { note: words.length === 0 ? 'nothing was running' : words.join(', ') };
  }

  async unpark(claim: Claim, action: 'restore' | 'discard', signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    authorize(this.#options.hosts, claim);
    for (const { host, container } of this.#placed().filter((placed) => isParked(placed.container))) {
      if (action === 'restore') restore(host, container);
      else if (container.record.name.endsWith(parkedMark(claim))) host.remove(container); // an earlier swap's are not ours to remove
    }
  }

  async followLogs(sinceMs: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    const { hosts, world, cluster, closed } = this.#options;
    const matters = (container: SimulatedContainer): boolean =>
      !isParked(container) && (container.isAlive || isManaged(container) || container.record.name === cluster.container);
    await followLogs({ hosts, world, matters, sinceMs, report }, AbortSignal.any([signal, closed]));
  }

  get #head(): SimulatedHost {
    const head = this.#options.hosts[0];
    if (head === undefined) throw new RangeError('a simulated cluster has at least one host');
    return head;
  }

  #placed(): readonly Placed[] {
    return this.#options.hosts.flatMap((host) => [...host.containers.values()].map((container) => ({ host, container })));
  }

  /** Ours in any state; of others what runs, and with `park` also what only blocks the name. */
  #isInTheWay(container: SimulatedContainer, park: boolean): boolean {
    if (isParked(container)) return false;
    return (
      isManaged(container) ||
      container.isAlive ||
      container.record.isHollow ||
      (park && container.record.name === this.#options.cluster.container)
    );
  }

  #hostsOf(plan: LaunchPlan): readonly SimulatedHost[] {
    return plan.nodes.map((key) => {
      const host = this.#options.hosts.find((candidate) => candidate.host.key === key);
      if (host === undefined)
        throw new SparkError('RUNTIME_REJECTED', `Host ${key} of the plan is not in cluster ${this.#options.cluster.key}.`);
      return host;
    });
  }

  #record(plan: LaunchPlan, labels: Readonly<Record<string, string>>, rank: number): NewContainer {
    const count = plan.nodes.length;
    const ranks = count === 1 ? [] : ['--nnodes', String(count), '--node-rank', String(rank), '--master-addr', this.#head.host.address];
    const argv = [
      'serve',
      ...plan.args,
      '--port',
      String(plan.port),
      '-tp',
      String(count),
      ...ranks,
      ...(rank === 0 ? [] : ['--headless']),
    ];
    const profile = this.#options.profileFor(plan);
    // Faults of the load strike the head; its workers are left waiting, as they are in life.
    const fault = rank === 0 || profile.fault === 'slow_stop' ? profile.fault : null;
    return { name: plan.container, image: plan.image, labels, argv, profile: { ...profile, fault }, restorable: true };
  }
}

function authorize(hosts: readonly SimulatedHost[], claim: Claim): void {
  for (const host of hosts) host.assertReachable();
  for (const host of hosts) host.assertClaim(claim);
}

function startedUnder(host: SimulatedHost, labels: Readonly<Record<string, string>>): SimulatedContainer | null {
  const isSame = ({ record }: SimulatedContainer): boolean =>
    [LABELS.fence, LABELS.controller, LABELS.swap].every((name) => record.labels[name] === labels[name]);
  return [...host.containers.values()].find(isSame) ?? null;
}

function announce(plan: LaunchPlan, hosts: readonly SimulatedHost[], say: (line: string) => void): void {
  const addresses = hosts.map(({ host }) => host.fabricAddress ?? host.address);
  say(`Head Node: ${addresses[0] ?? ''}`);
  if (addresses.length > 1) say(`Worker Nodes: ${addresses.slice(1).join(' ')}`);
  say(`Container Name: ${plan.container}`);
  say(`Image Name: ${plan.image}`);
  say('Action: exec');
  say(`Starting Head Node on ${addresses[0] ?? ''}...`);
  for (const address of addresses.slice(1)) say(`Starting Worker Node on ${address}...`);
}

async function end({ host, container }: Placed, claim: Claim, park: boolean): Promise<string> {
  const { name, restorable } = container.record;
  await container.stop(STOP_GRACE_SECONDS);
  // Waiting took time: the host may have gone, or a newer claim may have come, and then what is left is not ours to touch.
  host.assertReachable();
  host.assertClaim(claim);
  const where = `${name} on ${host.host.name}`;
  if (isManaged(container) || !park) {
    host.remove(container);
    return `stopped ${where}`;
  }
  if (!restorable) return `stopped ${where}, which cannot come back (it was started with --rm)`;
  if (!isParked(container)) container.rename(`${name}${parkedMark(claim)}`, name);
  host.world.saved();
  return `set ${where} aside`;
}

function restore(host: SimulatedHost, container: SimulatedContainer): void {
  const name = container.record.parkedFrom ?? container.record.name;
  const holder = host.named(name);
  if (holder !== null) {
    throw new SparkError(
      'RUNTIME_REJECTED',
      `${host.host.name}: container ${name} cannot come back, since another one has its name. Stop that one first.`,
    );
  }
  container.rename(name, null);
  container.start();
  host.world.saved();
}
