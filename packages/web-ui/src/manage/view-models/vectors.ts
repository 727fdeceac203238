import { type AppState, serverNow } from '../../state.ts';
import { ago, bytes, instant } from '../../view-models/format.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import type { Problem, StorageRestoreGuide, VectorCollection, VectorSnapshot } from '../../wire.ts';
import type { ManageState } from '../state.ts';

export type CollectionRow = Readonly<{ name: string; mark: Mark; points: string; size: string }>;
/** `collection: null`: of the whole storage. */
export type SnapshotRow = Readonly<{ collection: string | null; name: string; what: string; size: string; when: string; isEmpty: boolean }>;

export type VectorsView = Readonly<{
  service: string;
  collections: readonly CollectionRow[];
  snapshots: readonly SnapshotRow[];
  /** They have been asked for, and the answer came. */
  isLoaded: boolean;
  problem: Problem | null;
}>;

export function vectorsView(state: AppState, { collections, snapshots }: ManageState, service: string): VectorsView {
  const now = serverNow(state);
  const found = collections.of === service ? collections : null;
  const copies = snapshots.of === service ? snapshots : null;
  return {
    service,
    collections: (found?.value ?? []).map(collectionRow),
    snapshots: (copies?.value ?? []).map((one) => snapshotRow(one, now)),
    isLoaded: found?.value != null && copies?.value != null,
    problem: found?.problem ?? copies?.problem ?? null,
  };
}

function collectionRow({ name, points, status, vector_size: size }: VectorCollection): CollectionRow {
  return {
    name,
    mark: statusMark(status),
    points: points === null ? 'unknown' : points.toLocaleString('en'),
    size: size === null ? '' : `${size} dimensions`,
  };
}

/** Qdrant's own words are colours; what they mean is in its documentation. */
function statusMark(status: string | null): Mark {
  switch (status) {
    case 'green':
      return mark('ok', 'ready');
    case 'yellow':
      return mark('busy', 'optimizing');
    case 'grey':
      return mark('warn', 'optimization pending');
    case 'red':
      return mark('bad', 'failed');
    default:
      return mark('unknown', status ?? 'unknown');
  }
}

const snapshotRow = ({ collection, name, bytes: size, created_at: at }: VectorSnapshot, now: number): SnapshotRow => ({
  collection,
  name,
  what: collection ?? 'whole storage',
  size: bytes(size),
  when: at === null ? '' : ago(instant(at), now),
  isEmpty: size === 0,
});

export type VectorDialogView = Readonly<{
  service: string;
  name: string;
  collections: readonly string[];
  guide: StorageRestoreGuide | null;
  guideProblem: Problem | null;
  request: AppState['request'];
}>;

export function vectorDialogView(state: AppState, data: ManageState, service: string): VectorDialogView {
  const guide = data.restoreGuide.of === service ? data.restoreGuide : null;
  return {
    service,
    name: data.service.of === service ? (data.service.value?.name ?? service) : service,
    collections: data.collections.of === service ? (data.collections.value ?? []).map(({ name }) => name) : [],
    guide: guide?.value ?? null,
    guideProblem: guide?.problem ?? null,
    request: state.request,
  };
}
