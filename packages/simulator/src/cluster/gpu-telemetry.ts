import type { GpuFacts, GpuProcess } from '@spark-control/core';
import type { World } from './world.ts';

export type GpuActivity = 'idle' | 'loading' | 'loaded' | 'generating';

type Level = Readonly<{ utilization: number; powerW: number; temperatureC: number; clockMHz: number }>;

/** Levels as seen on GB10: about 11 W idle, clocks up to 3.0 GHz. */
const LEVELS: Readonly<Record<GpuActivity, Level>> = {
  idle: { utilization: 0, powerW: 11, temperatureC: 38, clockMHz: 208 },
  loaded: { utilization: 0, powerW: 13, temperatureC: 42, clockMHz: 2405 },
  loading: { utilization: 28, powerW: 31, temperatureC: 53, clockMHz: 2405 },
  generating: { utilization: 94, powerW: 68, temperatureC: 69, clockMHz: 2619 },
};

/** Metal warms slowly: the temperature covers most of a change in this time, in simulated ms. */
const THERMAL_MS = 12_000;

/** Figures of one GPU that move with what it does. Memory fields are missing, as they are on a real one. */
export class GpuTelemetry {
  readonly #world: World;
  #temperature = LEVELS.idle.temperatureC;
  #readAt: number;

  constructor(world: World) {
    this.#world = world;
    this.#readAt = world.time.monotonic();
  }

  read(activity: GpuActivity, processes: readonly GpuProcess[]): GpuFacts {
    const level = LEVELS[activity];
    const now = this.#world.time.monotonic();
    const share = 1 - Math.exp(-(now - this.#readAt) / THERMAL_MS);
    this.#temperature += (level.temperatureC - this.#temperature) * share;
    this.#readAt = now;
    const jitter = (width: number): number => (this.#world.random() - 0.5) * width;
    return {
      name: 'NVIDIA GB10',
      driver: '580.142',
      utilizationPercent: level.utilization === 0 ? 0 : Math.round(Math.min(100, Math.max(1, level.utilization + jitter(8)))),
      temperatureC: Math.round(this.#temperature),
      powerW: Math.round((level.powerW + jitter(level.powerW * 0.08)) * 100) / 100,
      smClockMHz: level.clockMHz,
      processes,
    };
  }
}
