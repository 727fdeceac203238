import type { ModelSource } from '../catalog/model.ts';
import type { HostKey } from '../ids.ts';

/** What a pre-flight wants to know beside the standing facts; `null` asks nothing. */
export type ProbeQuestions = Readonly<{ image: string | null; source: ModelSource | null }>;

export type GpuProcess = Readonly<{ pid: number; name: string; usedBytes: number | null }>;

/** `null` is "not reported" (GB10 answers [N/A] for much), never zero. */
export type GpuFacts = Readonly<{
  name: string | null;
  driver: string | null;
  utilizationPercent: number | null;
  temperatureC: number | null;
  powerW: number | null;
  smClockMHz: number | null;
  processes: readonly GpuProcess[];
}>;

/** Facts of one host, from one round trip. */
export type HostFacts = Readonly<{
  memTotalBytes: number;
  memAvailableBytes: number;
  /** Page cache: reclaimable, but vLLM's start check counts it as used. */
  cachedBytes: number;
  swapFreeBytes: number | null;
  uptimeSeconds: number | null;
  /** Free bytes where weights and images go; `null` when it could not be read. */
  diskFreeBytes: number | null;
  dockerVersion: string | null;
  /** Local id of the asked image; `null`: not there. `undefined`: not asked or could not tell. */
  imageId?: string | null;
  /** Where the asked weights are; `null`: not there. `complete: false`: a download was broken off. */
  weights?: Readonly<{ path: string; bytes: number; complete: boolean }> | null;
  /** Who listens on the cluster's port, `null`: nobody. */
  portOwner: string | null;
  /** The launcher on the head: generation as found from its `--help`; `null` where the cluster uses none or it is missing. */
  launcher?: Readonly<{ path: string; generation: 'legacy' | 'modern' }> | null;
  gpu: GpuFacts | null;
}>;

export type HostReport = Readonly<
  { host: HostKey; reachable: true; facts: HostFacts } | { host: HostKey; reachable: false; code: string; reason: string }
>;

/** Reads the hosts of one cluster. Contract: one round trip per host, all in parallel; never rejects for an unreachable host. */
export interface HostProbe {
  inspect(questions: ProbeQuestions, signal: AbortSignal): Promise<readonly HostReport[]>;
}
