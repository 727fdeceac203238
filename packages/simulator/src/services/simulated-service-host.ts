import {
  type Clock,
  type Cluster,
  type ContainerFacts,
  changeProblem,
  containerProblem,
  maskSecrets,
  type PatchBackup,
  type PatchBench,
  type PatchContent,
  type PatchState,
  type PatchSurvey,
  type Service,
  type ServiceHost,
  SparkError,
} from '@spark-control/core';
import { spedUp } from '../fake-vllm/clock.ts';
import { ServiceBox } from './service-box.ts';

const RESTART_MS = 4_000;

export type SimulatedServiceOptions = Readonly<{
  clusters: readonly Cluster[];
  clock: Clock;
  /** Simulated seconds in one second. Default 1. */
  speed?: number;
}>;

/** Containers of services in this process, one for each service that is configured to have one. */
export class SimulatedServiceHost implements ServiceHost, PatchBench {
  readonly patches: PatchBench = this;
  readonly #clusters: readonly Cluster[];
  readonly #clock: Clock;
  readonly #boxes = new Map<string, ServiceBox | null>();

  constructor({ clusters, clock, speed = 1 }: SimulatedServiceOptions) {
    this.#clusters = clusters;
    this.#clock = spedUp(clock, speed);
  }

  /** The container, made at the first look; `null` once it was removed. */
  box(service: Service): ServiceBox | null {
    const known = this.#boxes.get(service.key);
    if (known !== undefined) return known;
    const made = new ServiceBox(service, this.#clock.now());
    this.#boxes.set(service.key, made);
    return made;
  }

  remove({ key }: Service): void {
    this.#boxes.set(key, null);
  }

  async facts(service: Service, signal: AbortSignal): Promise<ContainerFacts | null> {
    return this.#look(service, signal)?.facts() ?? null;
  }

  async logs(service: Service, lines: number, signal: AbortSignal): Promise<readonly string[]> {
    return this.#there(service, this.#look(service, signal)).log.slice(-lines).map(maskSecrets);
  }

  async restart(service: Service, signal: AbortSignal): Promise<void> {
    const box = this.#change(service, signal);
    box.isRunning = false;
    try {
      await this.#clock.sleep(RESTART_MS, signal);
    } finally {
      box.begin(this.#clock.now());
    }
  }

  async limitMemory(service: Service, bytes: number | null, signal: AbortSignal): Promise<number | null> {
    const box = this.#change(service, signal);
    box.memoryLimitBytes = bytes;
    return bytes;
  }

  async inspect(service: Service, files: readonly PatchContent[], signal: AbortSignal): Promise<PatchSurvey> {
    const box = this.#change(service, signal);
    return { container: box.id, files: statesOf(box, files) };
  }

  async apply(service: Service, files: readonly PatchContent[], backup: string, signal: AbortSignal): Promise<readonly PatchState[]> {
    const box = this.#change(service, signal);
    const lost = files.find(({ target }) => !box.hasFolder(target, service));
    if (lost !== undefined)
      throw rejected(`${lost.target} in ${box.name} could not be written (is its folder there?); everything is as it was before.`);
    const saved = files.map(({ name, target }) => ({ name, target, content: box.files.get(target) ?? null }));
    box.backups = [...box.backups, { id: backup, container: box.id, files: saved, isUndone: false }];
    for (const { target, content } of files) box.files.set(target, Buffer.from(content));
    return statesOf(box, files);
  }

  async backup(service: Service, signal: AbortSignal): Promise<PatchBackup | null> {
    const box = this.#change(service, signal);
    const newest = box.newestBackup();
    return newest === null ? null : box.describe(newest);
  }

  async undo(service: Service, backup: string, signal: AbortSignal): Promise<PatchBackup['files']> {
    const box = this.#change(service, signal);
    const found = box.backups.find(({ id, isUndone }) => id === backup && !isUndone);
    if (found === undefined) throw new SparkError('NOT_SUPPORTED', 'There is no such backup any more, or it was undone already.');
    if (found.container !== box.id) {
      throw new SparkError('NOT_SUPPORTED', `Container ${box.name} was made anew since it was patched: there is nothing to undo.`);
    }
    box.takeBack(found);
    return box.describe(found).files;
  }

  #look(service: Service, signal: AbortSignal): ServiceBox | null {
    signal.throwIfAborted();
    refuse(service, containerProblem(service, this.#clusters));
    return this.box(service);
  }

  #change(service: Service, signal: AbortSignal): ServiceBox {
    signal.throwIfAborted();
    refuse(service, changeProblem(service, this.#clusters));
    return this.#there(service, this.box(service));
  }

  #there({ container }: Service, box: ServiceBox | null): ServiceBox {
    if (box === null) throw rejected(`There is no simulated container ${container ?? ''}.`);
    return box;
  }
}

const rejected = (message: string): SparkError => new SparkError('RUNTIME_REJECTED', message);

function refuse({ name }: Service, problem: string | null): void {
  if (problem !== null) throw new SparkError('NOT_SUPPORTED', `This cannot be done with ${name}: ${problem}.`);
}

const statesOf = (box: ServiceBox, files: readonly PatchContent[]): readonly PatchState[] =>
  files.map(({ name, target, digest }) => ({ name, target, wanted: digest, current: box.digest(target) }));
