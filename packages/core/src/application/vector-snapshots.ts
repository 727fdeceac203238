import { isSparkError, SparkError } from '../errors.ts';
import type { OperationPart, Plain } from '../operation/operation.ts';
import type { StoredSnapshot, VectorAdmin } from '../ports/vector-store.ts';
import { doubtAbout, prunable, type Retention } from '../vector/retention.ts';
import type { OperationContext, OperationWorker } from './operation-api.ts';

/** `null` stands for the whole storage. */
export type SnapshotInput = Retention & Readonly<{ service: string; collections: readonly (string | null)[] }>;

export const snapshotPart = (collection: string | null): OperationPart => ({
  key: collection === null ? 'storage' : `collection/${collection}`,
  host: null,
  label: collection ?? 'the whole storage',
  status: 'pending',
  doneBytes: null,
  totalBytes: null,
  fraction: null,
  note: null,
});

type Made = Readonly<{ snapshot: StoredSnapshot; isVerified: boolean; removed: readonly string[]; remark: string | null }>;

/**
 * Copies one collection after the other, verifies each copy, and then clears away what need not be kept of it. A collection that fails
 * does not keep the others from being copied. Not resumable: a store that was cut off in the middle may go on, and nobody can ask it.
 */
export function snapshotWorker(admin: VectorAdmin): OperationWorker {
  return {
    resumable: false,
    cancellable: true,
    async run(context) {
      const input = context.input as SnapshotInput;
      const made: Made[] = [];
      const failures: Readonly<{ label: string; error: SparkError }>[] = [];
      for (const collection of input.collections) {
        const part = snapshotPart(collection);
        context.report([{ ...part, status: 'running' }], `copying ${part.label}`);
        try {
          const one = await copy(admin, context, input, collection);
          made.push(one);
          context.report([
            { ...part, status: 'done', doneBytes: one.snapshot.bytes, totalBytes: one.snapshot.bytes, fraction: 1, note: noteOf(one) },
          ]);
        } catch (error) {
          context.signal.throwIfAborted();
          if (!isSparkError(error)) throw error;
          failures.push({ label: part.label, error });
          context.report([{ ...part, status: 'failed', note: error.message }]);
        }
      }
      const [first] = failures;
      if (first === undefined) return resultOf(input.service, made);
      throw failureOf(first, failures.length, made.length);
    },
  };
}

function failureOf({ label, error }: Readonly<{ label: string; error: SparkError }>, failed: number, copied: number): SparkError {
  const more = failed === 1 ? '' : ` ${failed - 1} more could not be copied either; see the parts.`;
  const good = copied === 0 ? '' : ` ${copied} ${copied === 1 ? 'was' : 'were'} copied.`;
  return new SparkError(error.code, `${label}: ${error.message}${more}${good}`, { cause: error });
}

async function copy(admin: VectorAdmin, context: OperationContext, input: SnapshotInput, collection: string | null): Promise<Made> {
  const { service } = input;
  const { signal } = context;
  const snapshot = await admin.create(service, collection, signal);
  const listed = await admin.snapshots(service, collection, signal);
  const doubt = doubtAbout(snapshot, listed);
  if (doubt?.kind === 'broken')
    throw new SparkError('UPSTREAM_FAILED', `Snapshot ${snapshot.name} ${doubt.words}. No older one was removed.`);
  context.log(null, `${snapshot.name}: ${doubt === null ? 'made and verified' : `made, but it ${doubt.words}`}`);
  const { remove, problem } = prunable(snapshot, listed, input);
  if (problem !== null)
    return { snapshot, isVerified: doubt === null, removed: [], remark: `No older one was removed: ${snapshot.name} ${problem}.` };
  const removed: string[] = [];
  for (const { name } of remove) {
    try {
      await admin.remove(service, { collection, name }, signal);
      removed.push(name);
      context.log(null, `${name}: removed, since newer ones are kept`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error)) throw error;
      // Somebody else removed it meanwhile: just what was wanted.
      if (error.code === 'SNAPSHOT_NOT_FOUND') continue;
      // The copy is good, and that is what was asked for first: the rest stays for the next time.
      return { snapshot, isVerified: doubt === null, removed, remark: `${name} could not be removed: ${error.message}` };
    }
  }
  return { snapshot, isVerified: doubt === null, removed, remark: null };
}

function noteOf({ snapshot, isVerified, removed, remark }: Made): string {
  const words = [`${snapshot.name}${isVerified ? ', verified' : ''}`];
  if (removed.length > 0) words.push(`${removed.length} older removed`);
  return [words.join('; '), ...(remark === null ? [] : [remark])].join('. ');
}

const resultOf = (service: string, made: readonly Made[]): Readonly<Record<string, Plain>> => ({
  service,
  made: made.map(({ snapshot, isVerified }) => ({
    collection: snapshot.collection,
    name: snapshot.name,
    bytes: snapshot.bytes,
    checksum: snapshot.checksum,
    verified: isVerified,
  })),
  removed: made.flatMap(({ snapshot, removed }) => removed.map((name) => ({ collection: snapshot.collection, name }))),
  remarks: made.flatMap(({ remark }) => (remark === null ? [] : [remark])),
});
