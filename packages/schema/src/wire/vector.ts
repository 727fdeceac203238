import Type, { type Static } from 'typebox';
import { CLOSED, Key, listOf, NullableBytes, NullableInteger, NullableString, NullableText, NullableTimestamp } from './common.ts';

const service = Type.Optional(Type.String({ maxLength: 64, description: 'Service of kind qdrant. Default: the first one' }));

export const VectorQuery = Type.Object({ service, collection: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) }, CLOSED);

export const VectorServiceQuery = Type.Object({ service }, CLOSED);

/** Of a path: only bounded, since a name that is not there is a 404 however it is spelt. */
export const SnapshotParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }) });

export const VectorCollection = Type.Object({
  name: Type.String(),
  points: NullableInteger,
  status: NullableString,
  vector_size: NullableInteger,
});
export const VectorCollectionList = listOf(VectorCollection);

/** `collection: null`: of the whole storage. */
export const VectorSnapshot = Type.Object({
  collection: NullableString,
  name: Type.String(),
  bytes: NullableBytes,
  created_at: NullableTimestamp,
  checksum: NullableString,
});
export const VectorSnapshotList = listOf(VectorSnapshot);

const asker = { requested_by: Type.Optional(NullableText(200)), reason: Type.Optional(NullableText(500)) };

/** `collection` left out: every collection; `storage: true`: the whole storage in one file. */
export const SnapshotBody = Type.Object(
  {
    service: Type.Optional(Key),
    collection: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    storage: Type.Optional(Type.Boolean()),
    keep_count: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'Keep the newest so many of each collection; older ones go once the new one is verified',
      }),
    ),
    keep_days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650 })),
    ...asker,
  },
  CLOSED,
);

export const RestoreBody = Type.Object(
  {
    service: Type.Optional(Key),
    collection: Type.String({ minLength: 1, maxLength: 255 }),
    snapshot: Type.String({ minLength: 1, maxLength: 255 }),
    confirm: Type.String({ maxLength: 255, description: 'The name of the collection again: what is in it now is lost' }),
    ...asker,
  },
  CLOSED,
);

/** What to do by hand to put the whole storage back: Qdrant cannot do it while it runs. */
export const StorageRestoreGuide = Type.Object({
  service: Type.String(),
  snapshot: NullableString,
  steps: Type.Array(Type.Object({ text: Type.String(), command: NullableString })),
});

export type WireVectorCollection = Static<typeof VectorCollection>;
export type WireVectorSnapshot = Static<typeof VectorSnapshot>;
export type WireVectorSnapshotList = Static<typeof VectorSnapshotList>;
export type WireStorageRestoreGuide = Static<typeof StorageRestoreGuide>;
