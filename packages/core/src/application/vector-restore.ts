import { isSparkError, SparkError } from '../errors.ts';
import type { OperationPart } from '../operation/operation.ts';
import type { StoredSnapshot, VectorAdmin } from '../ports/vector-store.ts';
import { doubtAbout } from '../vector/retention.ts';
import type { OperationContext, OperationWorker } from './operation-api.ts';

export type RestoreInput = Readonly<{ service: string; collection: string; snapshot: string }>;

const LABELS = {
  check: 'the snapshot is there',
  safety: 'a copy of what is there now',
  restore: 'putting the collection back',
  verify: 'the collection answers',
} as const;
type Step = keyof typeof LABELS;

const part = (key: Step, status: OperationPart['status'], note: string | null = null): OperationPart => ({
  ...{ key, status, note, host: null, label: LABELS[key] },
  ...{ doneBytes: null, totalBytes: null, fraction: null },
});

export const restoreParts = (): readonly OperationPart[] => (Object.keys(LABELS) as Step[]).map((key) => part(key, 'pending'));

/** Puts a collection back to a snapshot, after a copy of what is in it now where one can be had. Half of it would be worse than all: it cannot be cancelled once it began to write. */
export function restoreWorker(admin: VectorAdmin): OperationWorker {
  return {
    resumable: false,
    cancellable: true,
    async run(context) {
      const { service, collection, snapshot: name } = context.input as RestoreInput;
      const { signal } = context;
      context.report([part('check', 'running')], LABELS.check);
      const snapshot = (await admin.snapshots(service, collection, signal)).find((one) => one.name === name);
      if (snapshot === undefined) throw new SparkError('SNAPSHOT_NOT_FOUND', `Snapshot ${name} of ${collection} has gone meanwhile.`);
      const before = await pointsOf(admin, service, collection, signal);
      context.report([part('check', 'done'), part('safety', 'running')], LABELS.safety);
      const safety = await safetyCopy(admin, context, service, collection);
      context.report([part('safety', safety.copy === null ? 'skipped' : 'done', safety.words), part('restore', 'running')], LABELS.restore);
      await context.pointOfNoReturn();
      await recover(admin, service, snapshot, safety.copy, signal);
      context.report([part('restore', 'done'), part('verify', 'running')], LABELS.verify);
      const after = await look(admin, service, collection, signal);
      context.report([part('verify', 'done', after.points === null ? null : `${after.points} points`)]);
      return {
        ...{ service, collection, snapshot: name },
        ...{ points_before: before, points_after: after.points, status: after.status },
        safety_snapshot: safety.copy?.name ?? null,
        safety_problem: safety.copy === null ? safety.words : null,
      };
    },
  };
}

type Safety = Readonly<{ copy: StoredSnapshot | null; words: string }>;

/** A collection that is damaged, or on a full disk, cannot be copied; that is when people restore it, so it must not stop them. */
async function safetyCopy(admin: VectorAdmin, context: OperationContext, service: string, collection: string): Promise<Safety> {
  const { signal } = context;
  try {
    const copy = await admin.create(service, collection, signal);
    const doubt = doubtAbout(copy, await admin.snapshots(service, collection, signal));
    if (doubt?.kind !== 'broken') return { copy, words: `${copy.name}${doubt === null ? ', verified' : `; it ${doubt.words}`}` };
    return { copy: null, words: `None could be made, so what was there cannot be had back: snapshot ${copy.name} ${doubt.words}.` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isSparkError(error)) throw error;
    const words = `None could be made, so what was there cannot be had back: ${error.message}`;
    context.log(null, words);
    return { copy: null, words };
  }
}

async function recover(
  admin: VectorAdmin,
  service: string,
  snapshot: StoredSnapshot,
  safety: StoredSnapshot | null,
  signal: AbortSignal,
): Promise<void> {
  try {
    await admin.recover(service, snapshot, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isSparkError(error)) throw error;
    const way = safety === null ? '' : ` What was there before is in snapshot ${safety.name}.`;
    throw new SparkError(error.code, `${error.message}${way}`, { cause: error, details: error.details });
  }
}

async function pointsOf(admin: VectorAdmin, service: string, collection: string, signal: AbortSignal): Promise<number | null> {
  return (await admin.collections(service, signal)).find(({ name }) => name === collection)?.points ?? null;
}

/** What the collection is like now. Rejects UPSTREAM_FAILED when it is not there, or not well. */
async function look(
  admin: VectorAdmin,
  service: string,
  collection: string,
  signal: AbortSignal,
): Promise<Readonly<{ points: number | null; status: string | null }>> {
  const found = (await admin.collections(service, signal)).find(({ name }) => name === collection);
  if (found === undefined)
    throw new SparkError('UPSTREAM_FAILED', `The store took the snapshot, but ${collection} is not among its collections.`);
  if (found.status === 'red')
    throw new SparkError('UPSTREAM_FAILED', `The store took the snapshot, but says that ${collection} is damaged (status red).`);
  return { points: found.points, status: found.status };
}
