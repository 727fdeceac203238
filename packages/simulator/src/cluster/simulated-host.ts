import { type Claim, type ClusterKey, type Host, type HostObservation, SparkError } from '@spark-control/core';
import { InProcessMemory } from '../fake-vllm/host-memory.ts';
import { GpuTelemetry } from './gpu-telemetry.ts';
import { type ContainerRecord, type NewContainer, SimulatedContainer } from './simulated-container.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedSystem } from './simulated-system.ts';
import type { World } from './world.ts';

/** One line of a fence file. */
export type FenceEntry = Pick<Claim, 'fence' | 'controller' | 'swap'>;

/** One simulated Spark: its containers, memory, fence files, and whether it can be reached. */
export class SimulatedHost {
  readonly host: Host;
  readonly world: World;
  readonly memory: InProcessMemory;
  readonly telemetry: GpuTelemetry;
  readonly containers = new Map<string, SimulatedContainer>();
  readonly fences = new Map<ClusterKey, FenceEntry>();
  readonly disk: SimulatedDisk;
  readonly system: SimulatedSystem;
  /** Somebody outside of the simulation who sits on the port. */
  foreignPortOwner: string | null = null;
  #isReachable = true;

  /** `sizeOf`: bytes of the weights of a repo or path. */
  constructor(host: Host, world: World, sizeOf: (name: string) => number) {
    this.host = host;
    this.world = world;
    this.disk = new SimulatedDisk(sizeOf);
    this.memory = new InProcessMemory(world.time);
    this.telemetry = new GpuTelemetry(world);
    this.system = new SimulatedSystem(world);
  }

  get isReachable(): boolean {
    return this.#isReachable && !this.system.isDown;
  }

  /** Goes away for a while, and comes back without its containers: none of them has a restart policy. */
  async reboot(): Promise<void> {
    this.system.boot();
    const containers = [...this.containers.values()];
    await Promise.all(containers.map((container) => container.kill(false)));
    for (const container of containers) this.containers.delete(container.record.id);
    this.world.saved();
  }

  async setReachable(isReachable: boolean): Promise<void> {
    this.#isReachable = isReachable;
    await Promise.all([...this.containers.values()].map((container) => container.setReachable(isReachable)));
    this.world.changed();
  }

  /** @throws {SparkError} HOST_UNREACHABLE, as every call to a host that is gone. */
  assertReachable(): void {
    if (this.isReachable) return;
    throw new SparkError('HOST_UNREACHABLE', `${this.host.name} does not answer. Check its power and its cable.`, {
      details: { host: this.host.key },
    });
  }

  /** @throws {SparkError} FENCED_OFF unless the fence file holds exactly this claim. */
  assertClaim(claim: Claim): void {
    const entry = this.fences.get(claim.cluster);
    if (entry?.fence === claim.fence && entry.controller === claim.controller && entry.swap === claim.swap) return;
    throw new SparkError('FENCED_OFF', `The fence of cluster ${claim.cluster} on ${this.host.name} no longer holds claim ${claim.fence}.`, {
      details: { host: this.host.key },
    });
  }

  named(name: string): SimulatedContainer | null {
    return [...this.containers.values()].find((container) => container.record.name === name) ?? null;
  }

  /**
   * Whether {@link run} would be refused. `mayGo` names holders of the name that a run may remove.
   *
   * @throws {SparkError} RUNTIME_REJECTED in Docker's words when the name is taken or the image is missing.
   */
  assertCanRun(name: string, image: string, mayGo: (holder: SimulatedContainer) => boolean): void {
    const holder = this.named(name);
    if (holder !== null && !mayGo(holder)) {
      const words = `Conflict. The container name "/${name}" is already in use by container "${holder.record.id}".`;
      throw new SparkError('RUNTIME_REJECTED', `${this.host.name}: ${words} Remove or rename that container.`);
    }
    if (this.disk.missingImages.has(image)) {
      throw new SparkError('RUNTIME_REJECTED', `${this.host.name}: Unable to find image '${image}' locally. Pull or build it there.`);
    }
  }

  /** Starts a container; one of its name is removed. Check before with {@link assertCanRun}. */
  run(record: NewContainer): SimulatedContainer {
    const holder = this.named(record.name);
    if (holder !== null) this.containers.delete(holder.record.id);
    const id = this.world.nextContainerId();
    const startedAt = this.world.clock.now();
    const container = new SimulatedContainer(this, {
      ...record,
      id,
      startedAt,
      readyAt: null,
      exitCode: null,
      isHollow: false,
      parkedFrom: null,
    });
    this.containers.set(id, container);
    container.start();
    this.world.saved();
    return container;
  }

  remove(container: SimulatedContainer): void {
    this.containers.delete(container.record.id);
    this.world.saved();
  }

  /** Called by a container whose process has ended. */
  containerEnded(container: SimulatedContainer): void {
    if (!container.record.restorable) this.containers.delete(container.record.id);
    this.world.saved();
  }

  /** Name of whoever listens on `port`. */
  portOwner(port: number): string | null {
    const holder = [...this.containers.values()].find((container) => container.isAlive && listensOn(container.record, port));
    return holder?.record.name ?? this.foreignPortOwner;
  }

  observe(port: number): HostObservation {
    const { key } = this.host;
    if (!this.#isReachable) return { host: key, reachable: false, code: 'HOST_UNREACHABLE', reason: `${this.host.name} does not answer` };
    return {
      host: key,
      reachable: true,
      containers: [...this.containers.values()].map((container) => container.observed(key)),
      portOwner: this.portOwner(port),
      memAvailableBytes: Math.floor(this.memory.read().available),
    };
  }
}

function listensOn(record: ContainerRecord, port: number): boolean {
  const at = record.argv.indexOf('--port');
  return !record.argv.includes('--headless') && record.readyAt !== null && record.argv[at + 1] === String(port);
}
