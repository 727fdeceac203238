import { type ClusterKey, LABELS, type ManagedIdentity, modelKey, swapId } from '@spark-control/core';

/** One container as `docker inspect` tells it, with the fields of {@link INSPECT_FORMAT}. */
export type InspectedContainer = Readonly<{
  id: string;
  name: string;
  image: string;
  labels: Readonly<Record<string, string>>;
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  status: string;
  startedAt: number | null;
  exitCode: number | null;
  /** `--rm`: Docker removes it as soon as it stops. */
  isAutoRemoved: boolean;
  publishedPorts: readonly number[];
}>;

/** Go template for `docker inspect --format`, one JSON object a line. Without the environment: it holds secrets. */
export const INSPECT_FORMAT =
  '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Config.Image}},"labels":{{json .Config.Labels}},' +
  '"status":{{json .State.Status}},"started":{{json .State.StartedAt}},"exit":{{json .State.ExitCode}},' +
  '"auto_remove":{{json .HostConfig.AutoRemove}},"ports":{{json .HostConfig.PortBindings}}}';

/** Lines that are no JSON (Docker's complaints about a container that just went) are passed over. */
export function parseInspected(text: string): readonly InspectedContainer[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return inspected(JSON.parse(line));
    } catch {
      return [];
    }
  });
}

function inspected(value: unknown): readonly InspectedContainer[] {
  const fields = record(value);
  if (typeof fields['id'] !== 'string' || typeof fields['name'] !== 'string') return [];
  const status = typeof fields['status'] === 'string' ? fields['status'] : 'unknown';
  const started = Date.parse(String(fields['started']));
  return [
    {
      id: fields['id'],
      name: fields['name'].replace(/^\//, ''),
      image: typeof fields['image'] === 'string' ? fields['image'] : '',
      labels: Object.fromEntries(Object.entries(record(fields['labels'])).map(([key, label]) => [key, String(label)])),
      status,
      // Docker writes the year 1 for "never".
      startedAt: Number.isFinite(started) && started > 0 ? started : null,
      exitCode: (status === 'exited' || status === 'dead') && typeof fields['exit'] === 'number' ? fields['exit'] : null,
      isAutoRemoved: fields['auto_remove'] === true,
      publishedPorts: publishedPorts(fields['ports']),
    },
  ];
}

function publishedPorts(value: unknown): readonly number[] {
  return Object.values(record(value)).flatMap((bindings) =>
    (Array.isArray(bindings) ? bindings : []).map((binding) => Number(record(binding)['HostPort'])).filter((port) => port > 0),
  );
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** What our labels say, when all of them are there and name this cluster. A container that bears only some is not taken for ours. */
export function identityOf(labels: Readonly<Record<string, string>>, cluster: ClusterKey): ManagedIdentity | null {
  const {
    [LABELS.model]: model,
    [LABELS.swap]: swap,
    [LABELS.fence]: fence,
    [LABELS.controller]: controller,
    [LABELS.digest]: digest,
  } = labels;
  if (labels[LABELS.cluster] !== cluster) return null;
  if (model === undefined || swap === undefined || controller === undefined || digest === undefined || !/^\d{1,15}$/.test(fence ?? ''))
    return null;
  return { model: modelKey(model), swap: swapId(swap), fence: Number(fence), controller, digest };
}
