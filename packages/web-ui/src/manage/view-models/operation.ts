import type { Route } from '../../router.ts';
import type { AppState } from '../../state.ts';
import { serverNow } from '../../state.ts';
import { ago, bytes, instant, ofBytes, span } from '../../view-models/format.ts';
import { emptyLog, type LogBuffer } from '../../view-models/log-buffer.ts';
import { type Mark, mark } from '../../view-models/mark.ts';
import { operationTitle } from '../../view-models/operation-title.ts';
import type { Operation, OperationPart, Problem } from '../../wire.ts';
import type { ManageState } from '../state.ts';
import { type ResultView, resultView } from './result.ts';

const MARKS: Readonly<Record<Operation['state'], Mark>> = {
  running: mark('busy', 'running'),
  succeeded: mark('ok', 'done'),
  failed: mark('bad', 'failed'),
  cancelled: mark('none', 'cancelled'),
};

const PART_MARKS: Readonly<Record<OperationPart['status'], Mark>> = {
  pending: mark('none', 'waiting'),
  running: MARKS.running,
  done: MARKS.succeeded,
  failed: MARKS.failed,
  skipped: mark('none', 'left out'),
};

export type OperationRow = Readonly<{
  id: string;
  title: string;
  mark: Mark;
  when: string;
  /** `3 min` of one that is over, `for 3 min` of one that runs. */
  took: string;
  by: string;
  progress: string;
  /** 0 to 100; `null`: it is over, or nobody can tell. */
  percent: number | null;
}>;

export function operationRow(operation: Operation, now: number): OperationRow {
  const { id, state, progress, requested_by: by, created_at: at, settled } = operation;
  const { fraction } = progress;
  return {
    id,
    title: operationTitle(operation),
    mark: MARKS[state],
    when: ago(instant(at), now),
    took: `${settled ? '' : 'for '}${span(secondsOf(operation, now))}`,
    by,
    progress: settled ? (operation.cause?.message ?? '') : progressText(operation),
    percent: settled || fraction === null ? null : Math.round(fraction * 100),
  };
}

/** While it runs by this page's own clock, so that the figure moves between two events. */
function secondsOf({ settled_at: settled, created_at: created }: Operation, now: number): number {
  return ((instant(settled) ?? now) - (instant(created) ?? now)) / 1_000;
}

/** `spark1: downloading · 12 of 31 GiB · 110 MiB/s · 3 min left`. */
function progressText({ progress }: Operation): string {
  const { label, done_bytes: done, total_bytes: total, bytes_per_second: rate, eta_seconds: eta } = progress;
  const parts = [
    label,
    done !== null && (total === null ? bytes(done) : ofBytes(done, total)),
    rate !== null && rate > 0 && `${bytes(rate)}/s`,
    eta !== null && `${span(eta)} left`,
  ];
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');
}

export type OperationsView = Readonly<{
  rows: readonly OperationRow[];
  loading: boolean;
  hasMore: boolean;
  problem: Problem | null;
}>;

export function operationsView(state: AppState, { operations, known }: ManageState): OperationsView {
  const now = serverNow(state);
  const ids = operations.items ?? [];
  return {
    rows: ids.flatMap((id) => known[id] ?? []).map((operation) => operationRow(operation, now)),
    loading: operations.items === null || operations.loading,
    hasMore: operations.nextCursor !== null,
    problem: operations.problem,
  };
}

export type PartRow = Readonly<{ key: string; label: string; mark: Mark; text: string; percent: number | null }>;

export type OperationScreenView = Readonly<{
  id: string;
  row: OperationRow | null;
  isOver: boolean;
  /** The screen of what it is about. */
  subject: Readonly<{ route: Route; label: string }> | null;
  reason: string | null;
  parts: readonly PartRow[];
  cause: Operation['cause'];
  result: ResultView;
  /** What a cancel left behind, and what to do then. */
  note: string | null;
  canCancel: boolean;
  isCancelling: boolean;
  log: LogBuffer;
  problem: Problem | null;
  isMissing: boolean;
}>;

export function operationScreenView(state: AppState, data: ManageState, id: string): OperationScreenView {
  const operation = data.known[id];
  return {
    id,
    row: operation === undefined ? null : operationRow(operation, serverNow(state)),
    isOver: operation?.settled ?? false,
    subject: operation === undefined ? null : subjectOf(operation),
    reason: operation?.reason ?? null,
    parts: (operation?.parts ?? []).map((part) => partRow(part, operation?.state === 'cancelled')),
    cause: operation?.cause ?? null,
    result: resultView(operation?.result ?? null),
    note: operation?.state === 'cancelled' ? afterCancel(operation) : null,
    canCancel: operation !== undefined && !operation.settled && operation.cancellable && operation.cancel_requested_at === null,
    isCancelling: operation !== undefined && !operation.settled && operation.cancel_requested_at !== null,
    log: data.log?.of === id ? data.log.buffer : emptyLog,
    problem: operation === undefined ? data.operation.problem : null,
    isMissing: operation === undefined && data.operation.problem?.status === 404,
  };
}

/** Where one looks at what the operation was about. */
function subjectOf({ kind, subject, result }: Operation): OperationScreenView['subject'] {
  const toService = (id: string): OperationScreenView['subject'] => ({ route: { screen: 'service', id }, label: `To the service ${id}` });
  switch (kind) {
    case 'model_download':
    case 'image_pull':
      return { route: { screen: 'model', id: subject }, label: `To the model ${subject}` };
    case 'host_update':
    case 'host_reboot':
      return { route: { screen: 'host', id: subject }, label: `To the host ${subject}` };
    case 'nim_install':
      // It becomes a service at its end, if that was asked for.
      return typeof result?.['service'] === 'string'
        ? toService(result['service'])
        : { route: { screen: 'services' }, label: 'To the services' };
    case 'service_restart':
    case 'patches_apply':
    case 'patches_undo':
    case 'vector_snapshot':
    case 'vector_restore':
      return toService(subject);
    default:
      kind satisfies never;
      return null;
  }
}

const afterCancel = ({ kind }: Operation): string =>
  kind === 'model_download' || kind === 'image_pull'
    ? 'What has arrived stays on the disk: asked for again, it goes on from there.'
    : 'It ended where that was safe; what was done by then stays done.';

function partRow(
  { key, label, status, done_bytes: done, total_bytes: total, fraction, note }: OperationPart,
  isCancelled: boolean,
): PartRow {
  const size = done === null ? '' : total === null ? bytes(done) : ofBytes(done, total);
  return {
    key,
    label,
    mark: status === 'skipped' && isCancelled && done !== null ? mark('none', 'stopped') : PART_MARKS[status],
    text: [size, note ?? ''].filter((text) => text !== '').join(' · '),
    percent: status === 'running' && fraction !== null ? Math.round(fraction * 100) : null,
  };
}

export type CancelOperationView = Readonly<{ id: string; title: string; isOver: boolean; request: AppState['request'] }>;

export function cancelOperationView(state: AppState, { known }: ManageState, id: string): CancelOperationView {
  const operation = known[id];
  return {
    id,
    title: operation === undefined ? id : operationTitle(operation),
    isOver: operation?.settled ?? false,
    request: state.request,
  };
}
