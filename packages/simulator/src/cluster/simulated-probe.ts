import type { HostFacts, HostProbe, HostReport, ModelSource, ProbeQuestions } from '@spark-control/core';
import type { GpuActivity } from './gpu-telemetry.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { imageIdOn } from './simulated-images.ts';

const GIB = 1024 ** 3;

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
      uptimeSeconds: Math.floor((host.world.clock.now() - host.bootedAt) / 1000),
      diskFreeBytes: host.disk.freeBytes,
      dockerVersion: '28.5.1',
      ...(image === null ? {} : { imageId: imageIdOn(host, image) }),
      ...(source === null ? {} : { weights: this.#weights(host, source) }),
      portOwner: host.portOwner(this.#options.port),
      launcher: null,
      gpu: host.telemetry.read(activityOf(alive), processes),
    };
  }

  #weights(host: SimulatedHost, source: ModelSource): NonNullable<HostFacts['weights']> | null {
    const name = source.kind === 'repo' ? source.repo : source.path;
    const found = host.disk.weights(name);
    if (found === null) return null;
    const path = source.kind === 'repo' ? `~/.cache/huggingface/hub/models--${source.repo.replaceAll('/', '--')}` : source.path;
    return { path, ...found };
  }
}

function activityOf(alive: readonly { isLoading: boolean; requestsRunning: number }[]): GpuActivity {
  if (alive.some((container) => container.requestsRunning > 0)) return 'generating';
  if (alive.some((container) => container.isLoading)) return 'loading';
  return alive.length > 0 ? 'loaded' : 'idle';
}
