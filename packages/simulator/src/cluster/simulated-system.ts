import type { PackageChange, UpdateStep } from '@spark-control/core';
import type { World } from './world.ts';

const JOB_SECONDS = 9;
/** How long a simulated Spark is away when it reboots, in simulated seconds: a real one takes minutes. */
export const REBOOT_SECONDS = 8;

export const SIMULATED_OS = 'DGX OS 7.4.0 (Ubuntu 24.04.3 LTS, simulated)';

type Versions = Readonly<{ kernel: string; driver: string; docker: string }>;
const OLD: Versions = { kernel: '6.17.0-1021-nvidia', driver: '580.142', docker: '28.5.1' };
const NEW: Versions = { kernel: '6.17.0-1032-nvidia', driver: '580.178.04', docker: '29.0.1' };

const upgrade = (name: string, from: string, to: string): PackageChange => ({ name, action: 'upgrade', from, to });
const install = (name: string, to: string): PackageChange => ({ name, action: 'install', from: null, to });
const PENDING: readonly PackageChange[] = [
  install('linux-image-6.17.0-1032-nvidia', '6.17.0-1032.32'),
  install('linux-modules-nvidia-580-open-6.17.0-1032-nvidia', '6.17.0-1032.32+1'),
  upgrade('linux-nvidia-hwe-24.04', '6.17.0-1021.21', '6.17.0-1032.32'),
  upgrade('nvidia-driver-580-open', '580.142-0ubuntu0.24.04.1', '580.178.04-0ubuntu0.24.04.1'),
  upgrade('libnvidia-compute-580', '580.142-0ubuntu0.24.04.1', '580.178.04-0ubuntu0.24.04.1'),
  upgrade('docker-ce', '5:28.5.1-1~ubuntu.24.04~noble', '5:29.0.1-1~ubuntu.24.04~noble'),
  upgrade('containerd.io', '1.7.28-0~ubuntu.24.04~noble', '2.1.5-1~ubuntu.24.04~noble'),
  upgrade('openssl', '3.0.13-0ubuntu3.5', '3.0.13-0ubuntu3.6'),
  upgrade('curl', '8.5.0-2ubuntu10.6', '8.5.0-2ubuntu10.7'),
];

export type SystemJob = Readonly<{ steps: readonly UpdateStep[]; startedAt: number }>;
export type SavedSystem = Readonly<{
  bootId: string;
  /** Installed; what runs differs until the next boot. */
  isUpdated: boolean;
  runsUpdated: boolean;
  listsAt: number;
  downUntil: number;
  jobs: Readonly<Record<string, SystemJob>>;
}>;

/** Packages, kernel and boots of one simulated host. Times in ms since the epoch, true ones: a job goes on while no control plane runs. */
export class SimulatedSystem {
  bootedAt: number;
  readonly #world: World;
  #state: SavedSystem;

  constructor(world: World) {
    const now = world.clock.now();
    this.#world = world;
    this.bootedAt = now;
    const boot = { bootId: newBootId(world), downUntil: 0 };
    this.#state = { ...boot, isUpdated: false, runsUpdated: false, listsAt: now - 3_600_000, jobs: {} };
  }

  get bootId(): string {
    return this.#state.bootId;
  }

  get isDown(): boolean {
    return this.#world.clock.now() < this.#state.downUntil;
  }

  get running(): Versions {
    const { runsUpdated, isUpdated } = this.#now();
    // Docker needs no reboot, only its restart.
    return { ...(runsUpdated ? NEW : OLD), docker: (isUpdated ? NEW : OLD).docker };
  }

  get packages(): readonly PackageChange[] {
    return this.#now().isUpdated ? [] : PENDING;
  }

  get listsAt(): number {
    return this.#now().listsAt;
  }

  get rebootRequiredBy(): readonly string[] {
    const { runsUpdated, isUpdated } = this.#now();
    if (runsUpdated === isUpdated) return [];
    return [
      `Kernel ${OLD.kernel} runs, and ${NEW.kernel} is installed.`,
      `Driver ${OLD.driver} is loaded, and ${NEW.driver} is installed.`,
    ];
  }

  job(name: string): SystemJob | null {
    return this.#state.jobs[name] ?? null;
  }

  begin(name: string, steps: readonly UpdateStep[]): SystemJob {
    const job = { steps, startedAt: this.#world.clock.now() };
    this.#state = { ...this.#state, jobs: { ...this.#state.jobs, [name]: job } };
    return job;
  }

  /** What a job prints, and when, in ms since the epoch. */
  linesOf({ steps, startedAt }: SystemJob): readonly Readonly<{ at: number; line: string }>[] {
    const lines = steps.flatMap((step) => LINES[step]);
    const each = (JOB_SECONDS * 1_000) / this.#world.speed / lines.length;
    return lines.map((line, index) => ({ line, at: startedAt + each * (index + 1) }));
  }

  boot(): void {
    const now = this.#world.clock.now();
    const downUntil = now + (REBOOT_SECONDS * 1_000) / this.#world.speed;
    this.#state = { ...this.#now(), bootId: newBootId(this.#world), downUntil };
    this.#state = { ...this.#state, runsUpdated: this.#state.isUpdated };
    this.bootedAt = downUntil;
  }

  save(): SavedSystem {
    return this.#now();
  }

  restore(saved: SavedSystem): void {
    this.#state = saved;
  }

  /** With the effect of every job that is over by now. */
  #now(): SavedSystem {
    const now = this.#world.clock.now();
    for (const job of Object.values(this.#state.jobs)) {
      const endsAt = this.linesOf(job).at(-1)?.at ?? job.startedAt;
      if (endsAt > now) continue;
      if (job.steps.includes('packages')) this.#state = { ...this.#state, isUpdated: true };
      if (job.steps.includes('refresh')) this.#state = { ...this.#state, listsAt: Math.max(this.#state.listsAt, endsAt) };
    }
    return this.#state;
  }
}

const LINES: Readonly<Record<UpdateStep, readonly string[]>> = {
  refresh: ['$ apt-get update', 'Hit:1 http://ports.invalid/ubuntu-ports noble InRelease', 'Reading package lists...'],
  packages: [
    '$ apt-get dist-upgrade',
    `${PENDING.length - 2} upgraded, 2 newly installed, 0 to remove and 0 not upgraded.`,
    ...PENDING.map(({ name, to }) => `Unpacking ${name} (${to}) ...`),
    ...PENDING.map(({ name, to }) => `Setting up ${name} (${to}) ...`),
    `update-initramfs: Generating /boot/initrd.img-${NEW.kernel}`,
  ],
  firmware: ['$ fwupdmgr upgrade', 'Devices with the latest available firmware version: UEFI Device Firmware'],
};

/** In the shape of `/proc/sys/kernel/random/boot_id`. */
function newBootId(world: World): string {
  const digits = world.nextContainerId();
  return [0, 8, 12, 16, 20].map((at, index, all) => digits.slice(at, all[index + 1] ?? 32)).join('-');
}
