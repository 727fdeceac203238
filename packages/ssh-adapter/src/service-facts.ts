import type { ContainerFacts } from '@spark-control/core';
import { sectionsOf } from './script-text.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** What the facts script printed; `null` when docker gave no complete answer. */
export function parseFacts(stdout: string): ContainerFacts | null {
  const sections = sectionsOf(stdout);
  const fields = record(parsed(sections.get('inspect') ?? ''));
  const { id, name } = fields;
  if (typeof id !== 'string' || typeof name !== 'string' || !sections.has('end')) return null;
  const state = record(fields['state']);
  const number = (field: string): number | null => (typeof fields[field] === 'number' ? fields[field] : null);
  const started = Date.parse(textOf(state['StartedAt']) ?? '');
  return {
    id,
    name: name.replace(/^\//, ''),
    image: textOf(fields['image']) ?? '',
    imageId: textOf(fields['image_id']) ?? '',
    status: textOf(state['Status']) ?? 'unknown',
    // Docker writes the year 1 for "never".
    startedAt: Number.isFinite(started) && started > 0 ? started : null,
    restarts: number('restarts'),
    health: textOf(record(state['Health'])['Status']),
    memoryLimitBytes: capOf(number('memory'), totalOf(sections.get('total') ?? '')),
    memoryUsedBytes: usedOf(sections.get('used') ?? ''),
    restartPolicy: textOf(fields['policy']),
  };
}

/** 0 is docker's word for none, and all the memory there is caps nothing. */
export const capOf = (bytes: number | null, total: number | null): number | null =>
  bytes === null || bytes === 0 || (total !== null && bytes >= total) ? null : bytes;

function totalOf(meminfo: string): number | null {
  const [, kib] = /^MemTotal:\s+(\d+) kB/m.exec(meminfo) ?? [];
  return kib === undefined ? null : Number(kib) * 1_024;
}

/** As docker counts it: without the files of the page cache that may go at once. */
function usedOf(line: string): number | null {
  const [, current, inactive = '0'] = /^kernel (\d+) (\d*)/m.exec(line) ?? [];
  if (current !== undefined) return Math.max(0, Number(current) - Number(inactive));
  const [, figure, unit = ''] = /^docker ([\d.]+)([KMGT]?i?B)/m.exec(line) ?? [];
  return figure === undefined ? null : Math.round(Number(figure) * (UNITS[unit] ?? 1));
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim());
  } catch {
    return null;
  }
}
