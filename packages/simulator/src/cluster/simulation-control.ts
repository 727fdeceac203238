import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Cluster, type HostKey, type LaunchPlan, type ObservedContainer, SparkError } from '@spark-control/core';
import { DEFAULT_PROFILE, type FakeVllmFault, type FakeVllmProfile } from '../fake-vllm/profile.ts';
import { profileOf } from './load-time.ts';
import type { SimulatedContainer } from './simulated-container.ts';
import type { WeightsFault } from './simulated-disk.ts';
import type { SimulatedHost } from './simulated-host.ts';

export type UnmanagedOptions = Readonly<{
  /** Default: the head, where it takes the cluster's port. */
  host?: HostKey;
  /** Default: the cluster's container name. */
  name?: string;
  model?: string;
  servedModelName?: string;
  /** Default true. False: as if started with `--rm`. */
  restorable?: boolean;
  profile?: Partial<FakeVllmProfile>;
}>;

/** The hand of fate: what a test, or a curious person, may do to the simulated hosts. Model names are keys, repos, paths or served names. */
export class SimulationControl {
  readonly #cluster: Cluster;
  readonly #hosts: readonly SimulatedHost[];
  readonly #profiles: Map<string, Partial<FakeVllmProfile>>;
  readonly #sizeOf: (name: string) => number | null;
  readonly #faults = new Map<string, FakeVllmFault>();
  readonly #refusals = new Map<string, string>();
  #squatter: Server | null = null;

  constructor(
    cluster: Cluster,
    hosts: readonly SimulatedHost[],
    profiles: Readonly<Record<string, Partial<FakeVllmProfile>>>,
    sizeOf: (name: string) => number | null = () => null,
  ) {
    this.#cluster = cluster;
    this.#hosts = hosts;
    this.#profiles = new Map(Object.entries(profiles));
    this.#sizeOf = sizeOf;
  }

  /** The next starts of `model` end like this; `null` heals. */
  setFault(model: string, fault: FakeVllmFault | null): void {
    if (fault === null) this.#faults.delete(model);
    else this.#faults.set(model, fault);
  }

  /** How the next starts of `model` behave. */
  setProfile(model: string, profile: Partial<FakeVllmProfile>): void {
    this.#profiles.set(model, profile);
  }

  /** Cuts a host off the network, or plugs it in again. What runs on it goes on. */
  async hostDown(host: HostKey, isDown: boolean): Promise<void> {
    await this.#host(host).setReachable(!isDown);
  }

  setImageMissing(host: HostKey, image: string, isMissing: boolean): void {
    const { missingImages } = this.#host(host).disk;
    if (isMissing) missingImages.add(image);
    else missingImages.delete(image);
  }

  /** Lets an image have an id that it has nowhere else, until it is pulled. */
  setImageId(host: HostKey, image: string, id: string): void {
    this.#host(host).disk.imageIds.set(image, id);
  }

  /** `name`: repo or path. */
  setWeightsFault(host: HostKey, name: string, fault: WeightsFault | null): void {
    this.#host(host).disk.setFault(name, fault);
  }

  /** `null`: as much as is left. */
  setDiskFree(host: HostKey, bytes: number | null): void {
    this.#host(host).disk.freeOverride = bytes;
  }

  /** Why hub or registry refuse a repository or an image, as a sentence; `null`: they give it. */
  setRefusal(name: string, reason: string | null): void {
    if (reason === null) this.#refusals.delete(name);
    else this.#refusals.set(name, reason);
  }

  refusalOf(name: string): string | null {
    return this.#refusals.get(name) ?? null;
  }

  /** Lets a process that is no container listen on the cluster's port; `null` ends it. */
  async occupyPort(owner: string | null): Promise<void> {
    const head = this.#host();
    head.foreignPortOwner = null;
    const before = this.#squatter;
    this.#squatter = null;
    if (before !== null) await new Promise((resolve) => before.close(resolve));
    if (owner === null) return;
    const server = createServer((socket) => socket.destroy());
    server.listen({ port: this.#cluster.port, host: head.world.address });
    await once(server, 'listening');
    this.#squatter = server;
    head.foreignPortOwner = owner;
  }

  /** Starts a model server behind the control plane's back. Resolves when it serves. */
  async startUnmanaged(options: UnmanagedOptions = {}): Promise<ObservedContainer> {
    const host = this.#host(options.host);
    const isHead = host === this.#hosts[0];
    const name = options.name ?? this.#cluster.container;
    const model = options.model ?? 'somebody/else';
    const argv = [
      'serve',
      model,
      '--served-model-name',
      options.servedModelName ?? model,
      '--port',
      String(isHead ? this.#cluster.port : 0),
    ];
    const profile = { ...DEFAULT_PROFILE, loadSeconds: 1, ...options.profile };
    host.assertCanRun(name, this.#cluster.image, () => false);
    const container = host.run({ name, image: this.#cluster.image, labels: {}, argv, profile, restorable: options.restorable ?? true });
    await container.settled();
    return container.observed(host.host.key);
  }

  /** Ends a model server behind the control plane's back. `leaveContainer`: the container lives on without it. */
  async killContainer(host: HostKey, name: string, options: Readonly<{ leaveContainer?: boolean }> = {}): Promise<void> {
    await this.#container(host, name).kill(options.leaveContainer === true);
  }

  /** Removes a container, as `docker rm -f` does. */
  async removeContainer(host: HostKey, name: string): Promise<void> {
    const container = this.#container(host, name);
    await container.kill(false);
    this.#host(host).remove(container);
  }

  containers(): readonly ObservedContainer[] {
    return this.#hosts.flatMap((host) => [...host.containers.values()].map((container) => container.observed(host.host.key)));
  }

  /** How a start of `plan` behaves, with what was set here. */
  profileFor(plan: LaunchPlan): FakeVllmProfile {
    const names = [plan.model, plan.args[0] ?? '', plan.servedModelName];
    const set = names.map((name) => this.#profiles.get(name)).find((profile) => profile !== undefined);
    const fault = names.map((name) => this.#faults.get(name)).find((found) => found !== undefined);
    return { ...profileOf(plan), ...set, ...(fault === undefined ? {} : { fault }) };
  }

  /** Bytes of the weights of a repo or path. */
  weightsOf(name: string): number {
    return this.#profiles.get(name)?.weightsBytes ?? this.#sizeOf(name) ?? DEFAULT_PROFILE.weightsBytes;
  }

  /** Names of models that were given a behaviour of their own. */
  knownNames(): readonly string[] {
    return [...this.#profiles.keys()];
  }

  #host(key?: HostKey): SimulatedHost {
    const host = key === undefined ? this.#hosts[0] : this.#hosts.find((candidate) => candidate.host.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no simulated host ${key ?? ''}.`);
    return host;
  }

  #container(host: HostKey, name: string): SimulatedContainer {
    const container = this.#host(host).named(name);
    if (container === null) throw new SparkError('RUNTIME_REJECTED', `There is no container ${name} on simulated host ${host}.`);
    return container;
  }
}
