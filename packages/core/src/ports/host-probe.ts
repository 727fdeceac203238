import type { ModelSource } from '../catalog/model.ts';
import type { ModelShape } from '../catalog/model-shape.ts';
import type { HostKey } from '../ids.ts';

/**
 * What a pre-flight wants to know beside the standing facts; `null` asks nothing. A host that takes longer than `hostLimitMs` (default:
 * 30 s) is reported as unreachable, and holds up the others no longer than that.
 */
export type ProbeQuestions = Readonly<{ image: string | null; source: ModelSource | null; hostLimitMs?: number }>;

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

/** A file system, and what for: `root` and `boot` are the system's, `cache` has the weights, `docker` the images. Some may be the same. */
export type DiskFacts = Readonly<{ role: 'root' | 'boot' | 'cache' | 'docker'; mount: string; totalBytes: number; freeBytes: number }>;

/** What runs on the host. `null`: it does not say. */
export type SystemFacts = Readonly<{
  /** As the system calls itself, for example `DGX OS 7.2.3` or `Ubuntu 24.04.3 LTS`. */
  os: string | null;
  kernel: string | null;
  /** Share of the last ten seconds in which some process waited for memory, percent: high before a host hangs. */
  memoryPressurePercent: number | null;
  /** Of the last minute. */
  loadAverage: number | null;
  cpus: number | null;
  /** Short hash of the commit that the launcher's folder is at; `null`: no launcher here, or no git repository. */
  launcherCommit: string | null;
}>;

/** Where the asked weights are, and what their own files say. */
export type WeightsFacts = Readonly<{
  path: string;
  /** On the disk. In the hub's cache: of all revisions together. */
  bytes: number;
  /** `false`: a download was broken off. */
  complete: boolean;
  /** Sum of the tensors of the asked revision, from its index, else its files; `null`: it does not say. */
  tensorBytes?: number | null;
  /** From `config.json`; `null`: not there, or of a kind not known here. */
  shape?: ModelShape | null;
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
  /** The asked weights; `null`: not there. `undefined`: not asked. */
  weights?: WeightsFacts | null;
  /** Who listens on the cluster's port, `null`: nobody. */
  portOwner: string | null;
  /** The launcher on the head: generation as found from its `--help`; `null` where the cluster uses none or it is missing. */
  launcher?: Readonly<{ path: string; generation: 'legacy' | 'modern' }> | null;
  gpu: GpuFacts | null;
  /** What is there of root, boot, cache and docker. */
  disks?: readonly DiskFacts[];
  system?: SystemFacts;
}>;

export type HostReport = Readonly<
  { host: HostKey; reachable: true; facts: HostFacts } | { host: HostKey; reachable: false; code: string; reason: string }
>;

/** Reads the hosts of one cluster. Contract: one round trip per host, all in parallel; never rejects for an unreachable host. */
export interface HostProbe {
  inspect(questions: ProbeQuestions, signal: AbortSignal): Promise<readonly HostReport[]>;
}
