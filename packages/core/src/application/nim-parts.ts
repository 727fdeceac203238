import type { HostKey } from '../ids.ts';
import type { OperationPart } from '../operation/operation.ts';
import type { PullProgress } from '../ports/image-store.ts';

export type NimStep = 'login' | 'check' | 'image' | 'start' | 'health' | 'register';

const LABELS: Readonly<Record<NimStep, string>> = {
  login: 'the registry takes the key',
  check: 'made for this host, and room for it',
  image: 'pulling the image',
  start: 'starting the container',
  health: 'loading',
  register: 'adding it to the services',
};

export const nimPart = (host: HostKey, key: NimStep, status: OperationPart['status'], note: string | null = null): OperationPart => ({
  ...{ key, host, label: LABELS[key], status, note },
  ...{ doneBytes: null, totalBytes: null, fraction: null },
});

export const nimParts = (host: HostKey, has: Readonly<{ key: boolean; register: boolean }>): readonly OperationPart[] =>
  (Object.keys(LABELS) as NimStep[])
    .filter((step) => (step !== 'login' || has.key) && (step !== 'register' || has.register))
    .map((step) => nimPart(host, step, 'pending'));

export const stepLabel = (step: NimStep): string => LABELS[step];

const STATUS: Readonly<Record<PullProgress['phase'], OperationPart['status']>> = {
  waiting: 'pending',
  downloading: 'running',
  extracting: 'running',
  done: 'done',
  failed: 'failed',
};

/** One layer; `null` for the image as a whole, which is a step of its own. */
export function layerPart({ host, layer, phase, doneBytes, totalBytes, note }: PullProgress): OperationPart | null {
  if (layer === null) return null;
  const fraction =
    phase === 'done' ? 1 : doneBytes === null || totalBytes === null || totalBytes === 0 ? null : Math.min(1, doneBytes / totalBytes);
  return {
    key: `layer/${layer}`,
    host,
    label: `layer ${layer.slice(0, 12)}`,
    status: STATUS[phase],
    doneBytes,
    totalBytes,
    fraction,
    note,
  };
}
