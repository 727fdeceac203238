import { type Cluster, type CoreEvent, type GpuFacts, type Host, type HostReport, type SparkCore, SparkError } from '@spark-control/core';
import type { WireHost, WireHostEvent, WireHostGpu } from '@spark-control/schema';
import { nullableTimestamp } from '../wire-time.ts';
import type { PinOf } from './pins.ts';

type HostReports = Extract<CoreEvent, { kind: 'host' }>;

/** All hosts of all clusters with their latest telemetry. A host that was not asked yet says so. */
export function hostViews(core: SparkCore, pinOf: PinOf): readonly WireHost[] {
  const reports = core.hostReports();
  return core.clusters.flatMap((cluster) =>
    cluster.hosts.map((host) => {
      const report = reports.find((candidate) => candidate.cluster === cluster.key && candidate.host === host.key);
      return hostView(cluster, host, pinOf, report ?? null, report?.at ?? null);
    }),
  );
}

/** The hosts of one event, each with the time of the last look at its cluster. */
export function hostEventsOf({ clusters }: SparkCore, pinOf: PinOf, event: HostReports): readonly WireHostEvent[] {
  const observed_at = nullableTimestamp(event.observedAt);
  return clusters
    .filter((cluster) => cluster.key === event.cluster)
    .flatMap((cluster) =>
      event.reports.flatMap((report) =>
        cluster.hosts
          .filter((host) => host.key === report.host)
          .map((host) => ({ ...hostView(cluster, host, pinOf, report, event.at), observed_at })),
      ),
    );
}

export const hostNotFound = (key: string): SparkError =>
  new SparkError('HOST_NOT_FOUND', `There is no host "${key.slice(0, 100)}". GET /api/hosts lists them.`);

/** The key file's path stays out: it says something about the machine Spark Control runs on, and nothing about the host. */
function hostView(cluster: Cluster, host: Host, pinOf: PinOf, report: HostReport | null, at: number | null): WireHost {
  const facts = report?.reachable ? report.facts : null;
  return {
    key: host.key,
    name: host.name,
    cluster: cluster.key,
    role: cluster.hosts[0]?.key === host.key ? 'head' : 'worker',
    address: host.address,
    ssh_port: host.sshPort,
    user: host.user,
    fingerprint: pinOf(host),
    reachable: report === null ? null : report.reachable,
    code: report === null || report.reachable ? null : report.code,
    reason: report === null || report.reachable ? null : report.reason,
    at: nullableTimestamp(at),
    memory: facts && {
      total_bytes: facts.memTotalBytes,
      available_bytes: facts.memAvailableBytes,
      cached_bytes: facts.cachedBytes,
      swap_free_bytes: facts.swapFreeBytes,
      pressure_some_avg10: facts.system?.memoryPressurePercent ?? null,
    },
    disk_free_bytes: facts?.diskFreeBytes ?? null,
    disks: (facts?.disks ?? []).map(({ role, mount, totalBytes, freeBytes }) => ({
      role,
      mount,
      total_bytes: totalBytes,
      free_bytes: freeBytes,
    })),
    os: facts?.system?.os ?? null,
    kernel: facts?.system?.kernel ?? null,
    load: facts?.system ? { average_1m: facts.system.loadAverage, cpus: facts.system.cpus } : null,
    uptime_seconds: facts?.uptimeSeconds ?? null,
    docker_version: facts?.dockerVersion ?? null,
    launcher: facts?.launcher
      ? { path: facts.launcher.path, generation: facts.launcher.generation, commit: facts.system?.launcherCommit ?? null }
      : null,
    port_owner: facts?.portOwner ?? null,
    gpu: facts?.gpu ? gpuView(facts.gpu) : null,
  };
}

function gpuView(gpu: GpuFacts): WireHostGpu {
  return {
    name: gpu.name,
    driver: gpu.driver,
    utilization_percent: gpu.utilizationPercent,
    temperature_c: gpu.temperatureC,
    power_w: gpu.powerW,
    sm_clock_mhz: gpu.smClockMHz,
    processes: gpu.processes.map(({ pid, name, usedBytes }) => ({ pid, name, used_bytes: usedBytes })),
  };
}
