import type { LogLine } from '@spark-control/core';
import { untilAborted } from './abortable.ts';
import type { SimulatedContainer } from './simulated-container.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { World } from './world.ts';

export type FollowOptions = Readonly<{
  hosts: readonly SimulatedHost[];
  world: World;
  matters: (container: SimulatedContainer) => boolean;
  sinceMs: number | null;
  report: (line: LogLine) => void;
}>;

/**
 * Reports the lines of every container that matters, from its first one, each once, until `signal` aborts. A host that cannot
 * be reached keeps its lines until it is back.
 */
export async function followLogs({ hosts, world, matters, sinceMs, report }: FollowOptions, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const seen = new Map<string, number>();
  const pump = (): void => {
    for (const host of hosts.filter((candidate) => candidate.isReachable)) {
      for (const container of host.containers.values()) {
        if (!matters(container)) continue;
        const from = seen.get(container.record.id) ?? 0;
        // Before reporting: a listener may cause the next line.
        seen.set(container.record.id, container.log.end);
        for (const { at, line } of container.log.since(from)) {
          if (sinceMs === null || at >= sinceMs) report({ host: host.host.key, at, line });
        }
      }
    }
  };
  const unsubscribe = world.subscribe(pump);
  pump();
  await untilAborted(signal);
  unsubscribe();
}
