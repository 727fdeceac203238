import { type Claim, type ClusterKey, type FenceMark, type HostFence, SparkError, type SwapId } from '@spark-control/core';
import type { FenceEntry, SimulatedHost } from './simulated-host.ts';

export type SimulatedFenceOptions = Readonly<{ cluster: ClusterKey; controllerId: string; hosts: readonly SimulatedHost[] }>;

/** {@link HostFence} over the fence files of simulated hosts. */
export class SimulatedFence implements HostFence {
  readonly #options: SimulatedFenceOptions;

  constructor(options: SimulatedFenceOptions) {
    this.#options = options;
  }

  async look(signal: AbortSignal): Promise<FenceMark> {
    signal.throwIfAborted();
    const { cluster, hosts } = this.#options;
    for (const host of hosts) host.assertReachable();
    return { seen: hosts.map(({ fences, host }) => ({ host: host.name, claim: fences.get(cluster) ?? null })) };
  }

  async claim(swap: SwapId, minimum: number, signal: AbortSignal, basis?: Claim | FenceMark): Promise<Claim> {
    signal.throwIfAborted();
    const { cluster, controllerId: controller, hosts } = this.#options;
    for (const host of hosts) host.assertReachable();
    let fence = Math.max(1, minimum);
    for (const { fences, host } of hosts) {
      const entry = fences.get(cluster);
      if (entry === undefined) continue;
      const isOurs = entry.controller === controller && entry.swap === swap;
      if (!isOurs && basis !== undefined && !isSeen(entry, host.name, basis)) {
        throw new SparkError('FENCED_OFF', `Another claim holds the fence of cluster ${cluster} on ${host.name}.`, {
          details: { host: host.key, holder: entry.swap },
        });
      }
      fence = Math.max(fence, isOurs ? entry.fence : entry.fence + 1);
    }
    for (const { fences } of hosts) fences.set(cluster, { fence, controller, swap });
    hosts[0]?.world.saved();
    return { cluster, fence, controller, swap };
  }
}

function isSeen(entry: FenceEntry, host: string, basis: Claim | FenceMark): boolean {
  if (!('seen' in basis)) return false;
  const claim = basis.seen.find((sight) => sight.host === host)?.claim;
  return claim?.fence === entry.fence && claim.controller === entry.controller && claim.swap === entry.swap;
}
