import { type HostKey, LABELS, type ManagedIdentity, modelKey, type ObservedContainer, swapId } from '@spark-control/core';
import { type FakeVllm, startFakeVllm } from '../fake-vllm/fake-vllm.ts';
import type { FakeVllmProfile } from '../fake-vllm/profile.ts';
import { ContainerLog, type LoggedLine } from './container-log.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** What a container is made of, and what is kept over a restart of the control plane. Times in ms since the epoch. */
export type ContainerRecord = Readonly<{
  id: string;
  name: string;
  image: string;
  labels: Readonly<Record<string, string>>;
  argv: readonly string[];
  profile: FakeVllmProfile;
  /** Name before it was set aside; `null`: not parked. */
  parkedFrom: string | null;
  restorable: boolean;
  startedAt: number;
  readyAt: number | null;
  exitCode: number | null;
  /** Lives on without its model server, as a container does whose first process is a shell. */
  isHollow: boolean;
}>;

/** What one chooses of a container; the rest comes with its start. */
export type NewContainer = Omit<ContainerRecord, 'id' | 'startedAt' | 'readyAt' | 'exitCode' | 'isHollow' | 'parkedFrom'>;

export class SimulatedContainer {
  readonly log: ContainerLog;
  readonly #host: SimulatedHost;
  #record: ContainerRecord;
  #process: FakeVllm | null = null;
  #isStopping = false;
  #gone: Promise<void> = Promise.resolve();

  constructor(host: SimulatedHost, record: ContainerRecord, earlier: readonly LoggedLine[] = []) {
    this.#host = host;
    this.#record = record;
    this.log = new ContainerLog(host.world.clock, () => host.world.changed(), earlier);
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get isAlive(): boolean {
    return this.#process !== null;
  }

  get isLoading(): boolean {
    return this.#process !== null && this.#record.readyAt === null;
  }

  get requestsRunning(): number {
    return this.#process?.requestsRunning ?? 0;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Starts the process from the beginning. */
  start(): void {
    this.#record = { ...this.#record, startedAt: this.#host.world.clock.now(), readyAt: null, exitCode: null, isHollow: false };
    this.#run(0);
  }

  /**
   * Starts the process again after a restart of the control plane, where it would be by now: a server that was ready is ready
   * when this resolves, without a word in its log; a load goes on.
   */
  async comeBack(): Promise<void> {
    const { clock, speed } = this.#host.world;
    const { profile, readyAt, startedAt } = this.#record;
    if (readyAt === null) this.#run(((clock.now() - startedAt) / 1000) * speed);
    else await this.#run(profile.loadSeconds).ready;
  }

  /** Resolves once the process serves, or has ended. */
  async settled(): Promise<void> {
    await this.#process?.ready;
  }

  #run(elapsedSeconds: number): FakeVllm {
    const { world } = this.#host;
    const { argv, profile, readyAt } = this.#record;
    let isQuiet = readyAt !== null;
    const process = startFakeVllm({
      argv,
      write: (chunk) => {
        if (!isQuiet) this.log.write(chunk);
      },
      memory: this.#host.memory,
      clock: world.time,
      profile: () => profile,
      pid: world.nextPid(),
      listenHost: world.address,
      elapsedSeconds,
    });
    this.#process = process;
    if (!this.#host.isReachable) void process.setReachable(false);
    this.#gone = process.exited.then((code) => this.#ended(process, code));
    void process.ready.then((isReady) => {
      isQuiet = false;
      if (!isReady || this.#process !== process) return;
      this.#record = { ...this.#record, readyAt: this.#record.readyAt ?? world.clock.now() };
      world.saved();
    });
    return process;
  }

  /** Like `docker stop`: TERM, and KILL when it does not end. Resolves when it has ended; calling it again joins. */
  async stop(graceSeconds: number): Promise<void> {
    const process = this.#process;
    this.#record = { ...this.#record, isHollow: false };
    if (process === null) return;
    if (!this.#isStopping) {
      this.#isStopping = true;
      process.stop('SIGTERM');
      const impatience = new AbortController();
      const { time } = this.#host.world;
      void time.sleep(graceSeconds * 1000, impatience.signal).then(
        () => process.stop('SIGKILL'),
        () => undefined,
      );
      void process.exited.finally(() => impatience.abort());
    }
    await this.#gone;
  }

  /** Ends the process at once. `leaveContainer`: the container goes on without it. */
  async kill(leaveContainer: boolean): Promise<void> {
    this.#record = { ...this.#record, isHollow: leaveContainer };
    this.#process?.stop('SIGKILL');
    await this.#gone;
  }

  /** Ends the process without recording an exit: the simulator itself goes away, and the container is to come back with it. */
  async freeze(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    process?.stop('SIGKILL');
    await process?.exited;
  }

  rename(name: string, parkedFrom: string | null): void {
    this.#record = { ...this.#record, name, parkedFrom };
  }

  async setReachable(isReachable: boolean): Promise<void> {
    await this.#process?.setReachable(isReachable);
  }

  observed(host: HostKey): ObservedContainer {
    const { id, name, image, labels, parkedFrom, restorable, startedAt, exitCode, isHollow } = this.#record;
    const state = this.#process !== null ? (this.#isStopping ? 'stopping' : 'running') : isHollow ? 'unhealthy' : 'absent';
    return { host, id, name, image, state, identity: identityOf(labels), parked: parkedFrom !== null, restorable, startedAt, exitCode };
  }

  #ended(process: FakeVllm, code: number): void {
    if (this.#process !== process) return;
    this.#process = null;
    this.#isStopping = false;
    this.log.flush();
    this.#record = { ...this.#record, exitCode: code };
    this.#host.containerEnded(this);
  }
}

function identityOf(labels: Readonly<Record<string, string>>): ManagedIdentity | null {
  const model = labels[LABELS.model];
  const swap = labels[LABELS.swap];
  if (model === undefined || swap === undefined) return null;
  return {
    model: modelKey(model),
    swap: swapId(swap),
    fence: Number(labels[LABELS.fence]),
    controller: labels[LABELS.controller] ?? '',
    digest: labels[LABELS.digest] ?? '',
  };
}
