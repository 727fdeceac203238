import type { StorageRestore, StoredSnapshot, VectorCollection } from '@spark-control/core';
import type { WireStorageRestoreGuide, WireVectorCollection, WireVectorSnapshot } from '@spark-control/schema';
import { nullableTimestamp } from '../wire-time.ts';

export const collectionView = ({ name, points, status, vectorSize }: VectorCollection): WireVectorCollection => ({
  ...{ name, points, status },
  vector_size: vectorSize,
});

export const snapshotView = ({ collection, name, bytes, createdAt, checksum }: StoredSnapshot): WireVectorSnapshot => ({
  ...{ collection, name, bytes, checksum },
  created_at: nullableTimestamp(createdAt),
});

export const storageRestoreView = ({ service, snapshot, steps }: StorageRestore): WireStorageRestoreGuide => ({
  ...{ service, snapshot },
  steps: steps.map(({ text, command }) => ({ text, command })),
});
