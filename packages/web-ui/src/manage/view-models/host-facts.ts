import { bytes, plural, span } from '../../view-models/format.ts';
import type { Host } from '../../wire.ts';

/** A file system, and what it is for. */
export type DiskView = Readonly<{ mount: string; roles: string; usedPercent: number; text: string }>;

export type Facts = readonly (readonly [name: string, value: string])[];

const known = (all: readonly (readonly [string, string | null])[]): Facts =>
  all.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));

/** What a host is and how it is, beside its memory. */
export function hostFacts(host: Host): Facts {
  const { uptime_seconds: uptime, launcher, memory, load, gpu } = host;
  return known([
    ['Role', `${host.role} of ${host.cluster}`],
    ['Login', `${host.user}@${host.address}${host.ssh_port === 22 ? '' : `, port ${host.ssh_port}`}`],
    ['Host key', host.fingerprint],
    ['System', host.os],
    ['Kernel', host.kernel],
    ['Driver', gpu?.driver ?? null],
    ['Docker', host.docker_version],
    ['Up for', uptime === null ? null : span(uptime)],
    ['Load', load === null || load.average_1m === null ? null : loadText(load.average_1m, load.cpus)],
    ['Memory pressure', memory === null || memory.pressure_some_avg10 === null ? null : pressureText(memory.pressure_some_avg10)],
    ['Swap free', memory === null || memory.swap_free_bytes === null ? null : bytes(memory.swap_free_bytes)],
    ['Launcher', launcher === null ? null : launcherText(launcher)],
    ['API port', host.port_owner === null ? null : `taken by ${host.port_owner}`],
  ]);
}

const loadText = (average: number, cpus: number | null): string =>
  `${average.toFixed(1)}${cpus === null ? '' : ` on ${plural(cpus, 'core')}`} in the last minute`;

/** Share of the last ten seconds in which some process had to wait for memory. */
const pressureText = (percent: number): string =>
  percent === 0 ? 'none' : `${percent.toFixed(1)} % of the last 10 s spent waiting for memory`;

const launcherText = ({ path, generation, commit }: NonNullable<Host['launcher']>): string =>
  `${path} (${generation}${commit === null ? '' : `, ${commit.slice(0, 10)}`})`;

export function gpuFacts({ gpu }: Host): Facts {
  if (gpu === null) return [];
  return known([
    ['Model', gpu.name],
    ['Temperature', gpu.temperature_c === null ? null : `${Math.round(gpu.temperature_c)} °C`],
    ['Power', gpu.power_w === null ? null : `${Math.round(gpu.power_w)} W`],
    ['Clock', gpu.sm_clock_mhz === null ? null : `${Math.round(gpu.sm_clock_mhz)} MHz`],
  ]);
}

const DISK_ROLES: Readonly<Record<Host['disks'][number]['role'], string>> = {
  root: 'system',
  boot: 'boot',
  cache: 'weights',
  docker: 'images',
};

/** One line for each file system, whatever it is for. */
export function diskViews({ disks, reachable }: Host): readonly DiskView[] {
  if (reachable !== true) return [];
  const mounts = [...new Set(disks.map(({ mount }) => mount))];
  return mounts.flatMap((mount) => {
    const same = disks.filter((disk) => disk.mount === mount);
    const [disk] = same;
    if (disk === undefined) return [];
    const { total_bytes: total, free_bytes: free } = disk;
    return {
      mount,
      roles: same.map(({ role }) => DISK_ROLES[role]).join(', '),
      usedPercent: total === 0 ? 0 : Math.round(((total - free) / total) * 1_000) / 10,
      text: `${bytes(free)} of ${bytes(total)} free`,
    };
  });
}
