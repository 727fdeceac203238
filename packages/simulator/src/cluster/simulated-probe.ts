import type {
  DiskFacts,
  HostFacts,
  HostProbe,
  HostReport,
  ModelShape,
  ModelSource,
  ProbeQuestions,
  SystemFacts,
} from '@spark-control/core';
import { KV_BYTES_PER_TOKEN } from '../fake-vllm/load-timeline.ts';
import { DEFAULT_PROFILE } from '../fake-vllm/profile.ts';
import type { GpuActivity } from './gpu-telemetry.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { imageIdOn } from './simulated-images.ts';
import { SIMULATED_OS } from './simulated-system.ts';

const GIB = 1024 ** 3;

/** The layers of every imagined model: those whose KV cache takes what the fake model server says it does. */
const HEADS = { kvHeads: 4, width: 256 } as const;
export const SIMULATED_SHAPE: ModelShape = {
  layers: [{ kind: 'full', count: KV_BYTES_PER_TOKEN / (HEADS.kvHeads * HEADS.width * 2), ...HEADS }],
  maxContext: DEFAULT_PROFILE.maxModelLen,
  hiddenSize: 2_048,
  vocabularySize: 151_936,
  isMultimodal: false,
  isQuantized: true,
  hasFp8Cache: false,
};

const DISK_BYTES = 3_700 * GIB;
/** Below this a real host begins to wait for memory. */
const TIGHT_BYTES = 4 * GIB;

export type SimulatedProbeOptions = Readonly<{
  hosts: readonly SimulatedHost[];
  port: number;
}>;

/** {@link HostProbe} of simulated hosts. */
export class SimulatedProbe implements HostProbe {
  readonly #options: SimulatedProbeOptions;

  constructor(options: SimulatedProbeOptions) {
    this.#options = options;
  }

  async inspect(questions: ProbeQuestions, signal: AbortSignal): Promise<readonly HostReport[]> {
    signal.throwIfAborted();
    return this.#options.hosts.map((host): HostReport => {
      const { key, name } = host.host;
      if (!host.isReachable) return { host: key, reachable: false, code: 'HOST_UNREACHABLE', reason: `${name} does not answer` };
      return { host: key, reachable: true, facts: this.#facts(host, questions) };
    });
  }

  #facts(host: SimulatedHost, { image, source }: ProbeQuestions): HostFacts {
    const memory = host.memory.read();
    const alive = [...host.containers.values()].filter((container) => container.isAlive);
    const used = memory.total - memory.available;
    const processes = alive.map(({ pid, isLoading }) => ({
      pid: (pid ?? 0) + 60,
      name: 'VLLM::EngineCore',
      usedBytes: isLoading ? null : Math.floor(used / alive.length),
    }));
    return {
      memTotalBytes: memory.total,
      memAvailableBytes: Math.floor(memory.available),
      cachedBytes: Math.floor(memory.cached),
      swapFreeBytes: 16 * GIB,
      uptimeSeconds: Math.floor((host.world.clock.now() - host.system.bootedAt) / 1000),
      diskFreeBytes: host.disk.freeBytes,
      dockerVersion: host.system.running.docker,
      ...(image === null ? {} : { imageId: imageIdOn(host, image) }),
      ...(source === null ? {} : { weights: this.#weights(host, source) }),
      portOwner: host.portOwner(this.#options.port),
      launcher: null,
      gpu: { ...host.telemetry.read(activityOf(alive), processes), driver: host.system.running.driver },
      disks: disksOf(host),
      system: systemOf(host, memory.available, activityOf(alive)),
    };
  }

  #weights(host: SimulatedHost, source: ModelSource): NonNullable<HostFacts['weights']> | null {
    const name = source.kind === 'repo' ? source.repo : source.path;
    const found = host.disk.weights(name);
    if (found === null) return null;
    const path = source.kind === 'repo' ? `~/.cache/huggingface/hub/models--${source.repo.replaceAll('/', '--')}` : source.path;
    return { path, ...found, shape: found.complete ? SIMULATED_SHAPE : null };
  }
}

const disksOf = ({ disk }: SimulatedHost): readonly DiskFacts[] =>
  (['root', 'cache', 'docker'] as const).map((role) => ({ role, mount: '/', totalBytes: DISK_BYTES, freeBytes: disk.freeBytes }));

const systemOf = ({ system }: SimulatedHost, availableBytes: number, activity: GpuActivity): SystemFacts => ({
  os: SIMULATED_OS,
  kernel: system.running.kernel,
  memoryPressurePercent: availableBytes < TIGHT_BYTES ? 35 : 0,
  loadAverage: activity === 'loading' ? 4.2 : activity === 'generating' ? 1.6 : 0.3,
  cpus: 20,
  launcherCommit: null,
});

function activityOf(alive: readonly { isLoading: boolean; requestsRunning: number }[]): GpuActivity {
  if (alive.some((container) => container.requestsRunning > 0)) return 'generating';
  if (alive.some((container) => container.isLoading)) return 'loading';
  return alive.length > 0 ? 'loaded' : 'idle';
}
