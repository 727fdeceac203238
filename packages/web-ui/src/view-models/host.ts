import type { Host } from '../wire.ts';
import { ago, bytes, instant, ofBytes } from './format.ts';
import { type Mark, mark } from './mark.ts';

/** Parts of the memory bar in percent of the whole: in use, page cache (given back when needed), free. */
export type MemoryView = Readonly<{ usedPercent: number; cachePercent: number; text: string; detail: string; tight: boolean }>;

export type HostView = Readonly<{
  key: string;
  /** As its screen is called. */
  id: string;
  name: string;
  address: string;
  mark: Mark;
  memory: MemoryView | null;
  gpuPercent: number | null;
  gpuText: string;
  facts: string;
  /** Why nothing is known, when nothing is. */
  reason: string | null;
  code: string | null;
  age: string;
  isOld: boolean;
}>;

/** Telemetry older than this is shown as old. */
const OLD_MS = 20_000;
const TIGHT_FREE_SHARE = 0.06;

export function hostView(host: Host, now: number): HostView {
  const at = instant(host.at);
  const known = host.reachable === true;
  return {
    key: `${host.cluster}/${host.key}`,
    id: host.key,
    name: host.name,
    address: host.address,
    mark: hostMark(host),
    memory: known ? memoryView(host) : null,
    gpuPercent: known ? (host.gpu?.utilization_percent ?? null) : null,
    gpuText: gpuText(host),
    facts: facts(host),
    reason: known ? null : (host.reason ?? 'not asked yet'),
    code: known ? null : host.code,
    age: at === null ? 'never asked' : ago(at, now),
    isOld: at === null || now - at > OLD_MS,
  };
}

function hostMark(host: Host): Mark {
  if (host.reachable === null) return mark('unknown', 'not asked yet');
  return host.reachable ? mark('ok', 'reachable') : mark('unknown', 'unknown');
}

function memoryView({ memory }: Host): MemoryView | null {
  if (memory === null || memory.total_bytes <= 0) return null;
  const { total_bytes: total, available_bytes: available, cached_bytes: cached } = memory;
  const used = Math.max(0, total - available);
  // MemAvailable counts most of the page cache as free; the bar shows how much of that is cache.
  const cache = Math.min(cached, available);
  return {
    usedPercent: share(used, total),
    cachePercent: share(cache, total),
    text: `${ofBytes(used, total)} used`,
    detail: `${bytes(available)} available, ${bytes(cache)} of it page cache`,
    tight: available / total < TIGHT_FREE_SHARE,
  };
}

const share = (part: number, whole: number): number => Math.round(Math.min(1, part / whole) * 1000) / 10;

function gpuText({ gpu, reachable }: Host): string {
  const percent = reachable === true ? gpu?.utilization_percent : null;
  return percent === null || percent === undefined ? 'not reported' : `${Math.round(percent)} %`;
}

function facts(host: Host): string {
  if (host.reachable !== true) return '';
  const { gpu, disk_free_bytes: disk } = host;
  const parts = [
    gpu?.name ?? null,
    gpu?.temperature_c === null || gpu === null ? null : `${Math.round(gpu.temperature_c)} °C`,
    gpu?.power_w === null || gpu === null ? null : `${Math.round(gpu.power_w)} W`,
    disk === null ? null : `${bytes(disk)} disk free`,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
