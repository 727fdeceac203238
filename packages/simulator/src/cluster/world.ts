import type { Clock } from '@spark-control/core';
import { spedUp } from '../fake-vllm/clock.ts';

export type WorldOptions = Readonly<{
  clock: Clock;
  speed: number;
  random: () => number;
  /** Where the model servers listen. */
  address: string;
}>;

/** What all simulated hosts share: time, chance, process ids, and who wants to know of changes. */
export class World {
  /** True wall time. */
  readonly clock: Clock;
  /** Time at the speed of the simulation. */
  readonly time: Clock;
  readonly speed: number;
  readonly random: () => number;
  readonly address: string;
  readonly #listeners = new Set<() => void>();
  #save: () => void = () => undefined;
  #pid = 4000;

  constructor({ clock, speed, random, address }: WorldOptions) {
    this.clock = clock;
    this.speed = speed;
    this.time = spedUp(clock, speed);
    this.random = random;
    this.address = address;
  }

  nextPid(): number {
    this.#pid += 100;
    return this.#pid;
  }

  /** 64 hexadecimal digits, as Docker's ids are. */
  nextContainerId(): string {
    return Array.from({ length: 64 }, () => Math.floor(this.random() * 16).toString(16)).join('');
  }

  onSave(save: () => void): void {
    this.#save = save;
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A log line came, or a host went or came back. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Something changed that must outlive this process. */
  saved(): void {
    this.#save();
    this.changed();
  }
}
