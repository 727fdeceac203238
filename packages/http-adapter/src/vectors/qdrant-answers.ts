import { SparkError, type StoredSnapshot, type VectorCollection } from '@spark-control/core';

/** The `result` of an answer. Unknown fields are nobody's business: Qdrant adds some with every version. */
export function resultOf(text: string, what: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new SparkError('UPSTREAM_FAILED', `Qdrant's answer to ${what} is not JSON.`, { cause });
  }
  const result = field(parsed, 'result');
  if (result === undefined) throw new SparkError('UPSTREAM_FAILED', `Qdrant's answer to ${what} has no result.`);
  return result;
}

export function collectionNames(result: unknown): readonly string[] {
  const list = field(result, 'collections');
  if (!Array.isArray(list)) throw new SparkError('UPSTREAM_FAILED', 'Qdrant listed no collections.');
  return list.flatMap((entry: unknown) => textOf(field(entry, 'name')) ?? []);
}

export function collectionOf(name: string, result: unknown): VectorCollection {
  return {
    name,
    points: countOf(field(result, 'points_count')) ?? countOf(field(result, 'vectors_count')),
    status: textOf(field(result, 'status')),
    vectorSize: sizeOf(field(field(field(result, 'config'), 'params'), 'vectors')),
  };
}

export function snapshotsOf(collection: string | null, result: unknown): readonly StoredSnapshot[] {
  if (!Array.isArray(result)) throw new SparkError('UPSTREAM_FAILED', 'Qdrant listed no snapshots.');
  return result.map((entry: unknown) => snapshotOf(collection, entry));
}

export function snapshotOf(collection: string | null, entry: unknown): StoredSnapshot {
  const name = textOf(field(entry, 'name'));
  if (name === null) throw new SparkError('UPSTREAM_FAILED', 'Qdrant told of a snapshot without its name.');
  const checksum = textOf(field(entry, 'checksum'));
  return {
    collection,
    name,
    bytes: countOf(field(entry, 'size')),
    createdAt: momentOf(textOf(field(entry, 'creation_time'))),
    checksum: checksum === null || checksum === '' ? null : checksum.toLowerCase(),
  };
}

/** Qdrant writes its times in UTC without saying so. */
function momentOf(text: string | null): number | null {
  if (text === null || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return null;
  const moment = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`);
  return Number.isFinite(moment) ? moment : null;
}

/** Of one vector, or of several names that all have the same size. */
function sizeOf(vectors: unknown): number | null {
  const own = countOf(field(vectors, 'size'));
  if (own !== null || typeof vectors !== 'object' || vectors === null) return own;
  const sizes = new Set(Object.values(vectors).map((vector) => countOf(field(vector, 'size'))));
  const [size = null] = sizes;
  return sizes.size === 1 ? size : null;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const countOf = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);
