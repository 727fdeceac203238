import type { MemoryFit } from '../catalog/memory-fit.ts';
import type { ClusterKey, HostKey, ModelKey } from '../ids.ts';
import type { LauncherKind } from '../topology/cluster.ts';

export type CheckName =
  | 'catalog'
  | 'lock'
  | 'host'
  | 'launcher'
  | 'image'
  | 'weights'
  | 'port'
  | 'memory'
  | 'disk'
  | 'flags'
  | 'unmanaged'
  | 'schedule';
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'unknown';

/** One check. `host: null`: about the whole cluster. `measured`: the figure it went by, with its unit, for example `"91.2 GiB"`. */
export type PreflightCheck = Readonly<{
  name: CheckName;
  host: HostKey | null;
  status: CheckStatus;
  detail: string;
  hint: string | null;
  measured: string | null;
}>;

/** Time from launch to ready, in seconds, of this model's own past loads on this cluster; `null` without any. */
export type LoadEstimate = Readonly<{ p50Seconds: number | null; p90Seconds: number | null; samples: number }>;

/** The answer of a pre-flight: it starts nothing. `ok` is false when one check fails or a host could not be asked. */
export type PreflightReport = Readonly<{
  model: ModelKey;
  cluster: ClusterKey;
  ok: boolean;
  checks: readonly PreflightCheck[];
  /** What would run, as a person would type it; secrets are masked. `null` when no command can be built. */
  command: Readonly<{ launcher: LauncherKind; preview: string }> | null;
  /** Of the tightest host. `fit`: how that came about; `null` or absent: no host could be judged. */
  memory: Readonly<{ neededBytes: number | null; availableBytes: number | null; basis: 'measured' | 'estimated'; fit?: MemoryFit | null }>;
  estimate: LoadEstimate;
}>;
