import type { GpuFacts, GpuProcess } from '@spark-control/core';

/** Fields of `nvidia-smi --query-gpu`, in the order that {@link parseGpu} reads. GB10 knows no memory figures here. */
export const GPU_FIELDS = 'name,driver_version,utilization.gpu,temperature.gpu,power.draw,clocks.sm';
/** What nvidia-smi complains of on its standard output has fewer commas. */
const FIELD_COUNT = GPU_FIELDS.split(',').length;
export const PROCESS_FIELDS = 'pid,process_name,used_memory';

/**
 * Reads the first GPU and its processes from CSV without header and units. `null` when there is no row: no GPU, or no driver.
 * @param processes MiB per process.
 */
export function parseGpu(gpu: string, processes: string): GpuFacts | null {
  const row = gpu
    .split('\n')
    .map((line) => line.split(','))
    .find((fields) => fields.length >= FIELD_COUNT);
  if (row === undefined) return null;
  const [name, driver, utilization, temperature, power, clock] = row.map(reported);
  return {
    name: name ?? null,
    driver: driver ?? null,
    utilizationPercent: figure(utilization),
    temperatureC: figure(temperature),
    powerW: figure(power),
    smClockMHz: figure(clock),
    processes: processes.split('\n').flatMap(parseProcess),
  };
}

function parseProcess(line: string): readonly GpuProcess[] {
  // The name may hold commas; the number before and the number after it may not.
  const match = /^\s*(\d+)\s*,(.*),([^,]*)$/.exec(line);
  if (match === null) return [];
  const mebibytes = figure(reported(match[3] ?? ''));
  return [
    { pid: Number(match[1]), name: reported(match[2] ?? '') ?? 'unknown', usedBytes: mebibytes === null ? null : mebibytes * 2 ** 20 },
  ];
}

/**
 * `null` for all the ways in which nvidia-smi says "not reported"; none of them means zero. By rule: whatever stands in brackets (it
 * comes with and without them, by version), and the words that it uses bare.
 */
function reported(field: string): string | null {
  const text = field.trim();
  return text === '' || /^\[.*\]$/.test(text) || NOT_REPORTED.test(text) ? null : text;
}

const NOT_REPORTED =
  /^(?:n\/?a|err!?|-+|none|unknown|unknown error|not supported|unsupported|not available|not found|no data|deprecated|insufficient permissions|gpu requires reset|gpu is lost|(?:requested )?function(?:ality)? (?:not found|has been deprecated))$/i;

function figure(text: string | null | undefined): number | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:\s*[A-Za-z%]+)?$/.exec(text ?? '');
  return match === null ? null : Number(match[1]);
}
