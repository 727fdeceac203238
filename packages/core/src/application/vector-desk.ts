import type { Actor } from '../audit/audit-entry.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { SparkError } from '../errors.ts';
import type { Operation } from '../operation/operation.ts';
import type { SnapshotWish, StoredSnapshot, VectorCollection, VectorSnapshot } from '../ports/vector-store.ts';
import type { Service } from '../service/service.ts';
import { type StorageRestore, storageRestoreOf } from '../vector/storage-restore.ts';
import type { RestoreRequest, SnapshotRequest, VectorDesk, VectorDeskDeps } from './vector-api.ts';
import { restoreParts, restoreWorker } from './vector-restore.ts';
import { vectorService } from './vector-service.ts';
import { snapshotPart, snapshotWorker } from './vector-snapshots.ts';

/** Builds the desk and registers its work with the operations, so it has to be made before those are started. */
export function createVectorDesk(deps: VectorDeskDeps): VectorDesk {
  deps.operations.register('vector_snapshot', snapshotWorker(deps.admin));
  deps.operations.register('vector_restore', restoreWorker(deps.admin));
  return new Desk(deps);
}

class Desk implements VectorDesk {
  readonly #deps: VectorDeskDeps;

  constructor(deps: VectorDeskDeps) {
    this.#deps = deps;
  }

  async collections(service: string | null, signal: AbortSignal): Promise<readonly VectorCollection[]> {
    return this.#deps.admin.collections(this.#service(service).key, signal);
  }

  async snapshots(service: string | null, collection: string | null, signal: AbortSignal): Promise<readonly StoredSnapshot[]> {
    const { key } = this.#service(service);
    const { admin } = this.#deps;
    if (collection !== null) return (await admin.snapshots(key, collection, signal)).toSorted(newestFirst);
    const found = [...(await admin.snapshots(key, null, signal))];
    for (const { name } of await admin.collections(key, signal)) found.push(...(await admin.snapshots(key, name, signal)));
    return found.toSorted(newestFirst);
  }

  async create({ what, service, keepCount, keepDays, ...asker }: SnapshotRequest, actor: Actor, signal: AbortSignal): Promise<Operation> {
    const { key } = this.#service(service);
    const collections = what === 'storage' ? [null] : await this.#named(key, what.collections, signal);
    if (collections.length === 0) throw new SparkError('COLLECTION_NOT_FOUND', `${key} has no collection, so there is nothing to copy.`);
    return this.#deps.operations.begin({
      ...{ kind: 'vector_snapshot', subject: key, cluster: null, exclusive: exclusiveOf(key), ...asker, actor },
      input: { service: key, collections, keepCount, keepDays },
      parts: collections.map(snapshotPart),
      audit: {
        action: 'vector_snapshot',
        note: collections
          .map((name) => name ?? 'the whole storage')
          .join(', ')
          .slice(0, 500),
      },
    });
  }

  async remove(
    service: string | null,
    snapshot: Pick<StoredSnapshot, 'collection' | 'name'>,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<void> {
    const { admin, clock, record, operations } = this.#deps;
    const { key } = this.#service(service);
    const { collection, name } = snapshot;
    const where = collection === null ? `of the whole storage of ${key}` : `of ${collection} in ${key}`;
    // A snapshot that is being restored, or just being made, must not be pulled away.
    await operations.exclusively([exclusiveOf(key)], `a snapshot ${where} is being removed`, async () => {
      await this.#find(key, collection, name, signal);
      // Before, not after: what was removed must not be missing in the trail because the disk was full then.
      await record({ at: clock.now(), actor, action: 'vector_snapshot_removed', cluster: null, target: name, fence: null, note: where });
      await admin.remove(key, { collection, name }, signal);
    });
  }

  async restore(
    { service, collection, snapshot, confirm, ...asker }: RestoreRequest,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<Operation> {
    const { key } = this.#service(service);
    if (confirm !== collection) {
      throw invalid('/confirm', 'not_confirmed', 'must be the name of the collection, since what is in it now is lost');
    }
    const found = await this.#find(key, collection, snapshot, signal);
    if (found.bytes === 0) throw invalid('/snapshot', 'empty_snapshot', 'names a snapshot of 0 bytes; it would leave the collection empty');
    return this.#deps.operations.begin({
      ...{ kind: 'vector_restore', subject: key, cluster: null, exclusive: exclusiveOf(key), ...asker, actor },
      input: { service: key, collection, snapshot },
      parts: restoreParts(),
      audit: { action: 'vector_restored', note: `${collection} from ${snapshot}`.slice(0, 500) },
    });
  }

  async storageRestore(service: string | null, signal: AbortSignal): Promise<StorageRestore> {
    const found = this.#service(service);
    let newest: string | null = null;
    try {
      newest = (await this.#deps.admin.snapshots(found.key, null, signal)).toSorted(newestFirst)[0]?.name ?? null;
    } catch {
      // A store that is down is why somebody reads this.
      signal.throwIfAborted();
    }
    return storageRestoreOf(found, newest);
  }

  async snapshot(
    { service, collection, keepCount, keepDays, requestedBy, reason }: SnapshotWish,
    signal: AbortSignal,
  ): Promise<Readonly<{ made: readonly VectorSnapshot[]; removed: number; remarks: readonly string[] }>> {
    const { operations } = this.#deps;
    const actor: Actor = { name: requestedBy, address: null, requestId: null };
    const what = { collections: collection };
    const { id } = await this.create({ service, what, keepCount, keepDays, requestedBy, reason }, actor, signal);
    const { state, cause, result } = await operations.settled(id, signal);
    signal.throwIfAborted();
    if (state !== 'succeeded') throw new SparkError('UPSTREAM_FAILED', cause?.message ?? `Operation ${id} ended as ${state}.`);
    // Written by the worker of this very desk.
    const { made, removed, remarks } = result as Readonly<{ made: VectorSnapshot[]; removed: unknown[]; remarks: string[] }>;
    return { made, removed: removed.length, remarks };
  }

  #service(key: string | null): Service {
    return vectorService(this.#deps.services, key);
  }

  async #named(service: string, wanted: string | null, signal: AbortSignal): Promise<readonly string[]> {
    const names = (await this.#deps.admin.collections(service, signal)).map(({ name }) => name);
    if (wanted === null) return names.toSorted();
    if (names.includes(wanted)) return [wanted];
    throw new SparkError(
      'COLLECTION_NOT_FOUND',
      `There is no collection "${wanted.slice(0, 255)}" in ${service}.${didYouMean(wanted, names)}`,
    );
  }

  async #find(service: string, collection: string | null, name: string, signal: AbortSignal): Promise<StoredSnapshot> {
    const listed = await this.#deps.admin.snapshots(service, collection, signal);
    const found = listed.find((snapshot) => snapshot.name === name);
    if (found !== undefined) return found;
    const near = didYouMean(
      name,
      listed.map((snapshot) => snapshot.name),
    );
    const where = collection === null ? 'the whole storage' : collection;
    throw new SparkError('SNAPSHOT_NOT_FOUND', `There is no snapshot "${name.slice(0, 255)}" of ${where} in ${service}.${near}`);
  }
}

const exclusiveOf = (service: string): string => `vectors:${service}`;

/** Those without a date last. */
const newestFirst = (a: StoredSnapshot, b: StoredSnapshot): number =>
  (b.createdAt ?? -1) - (a.createdAt ?? -1) || (a.name < b.name ? -1 : 1);

function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearMatches(word, candidates);
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}

const invalid = (path: string, code: string, message: string): SparkError =>
  new SparkError('INVALID_REQUEST', `${path}: ${message}.`, { details: { issues: [{ path, code, message }] } });
