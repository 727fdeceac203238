import { type Claim, type ClusterKey, type HostFence, SparkError, type SwapId } from '@spark-control/core';
import type { SimulatedHost } from './simulated-host.ts';

export type SimulatedFenceOptions = Readonly<{ cluster: ClusterKey; controllerId: string; hosts: readonly SimulatedHost[] }>;

/** {@link HostFence} over the fence files of simulated hosts. */
export class SimulatedFence implements HostFence {
  readonly #options: SimulatedFenceOptions;

  constructor(options: SimulatedFenceOptions) {
    this.#options = options;
  }

  async claim(swap: SwapId, minimum: number, signal: AbortSignal, held?: Claim): Promise<Claim> {
    signal.throwIfAborted();
    const { cluster, controllerId: controller, hosts } = this.#options;
    for (const host of hosts) host.assertReachable();
    let fence = Math.max(1, minimum);
    for (const { fences, host } of hosts) {
      const entry = fences.get(cluster);
      if (entry === undefined) continue;
      const isOurs = entry.controller === controller && entry.swap === swap;
      if (!isOurs && held !== undefined) {
        throw new SparkError('FENCED_OFF', `Another claim holds the fence of cluster ${cluster} on ${host.name}.`, {
          details: { host: host.key },
        });
      }
      fence = Math.max(fence, isOurs ? entry.fence : entry.fence + 1);
    }
    for (const { fences } of hosts) fences.set(cluster, { fence, controller, swap });
    hosts[0]?.world.saved();
    return { cluster, fence, controller, swap };
  }
}
