import { type AppState, serverNow } from '../state.ts';
import type { AuditEntry, Problem } from '../wire.ts';
import { instant, wallTime } from './format.ts';

export type AuditRow = Readonly<{
  id: string;
  when: string;
  actor: string;
  /** Address and request, for who looks closer. */
  from: string;
  action: string;
  target: string;
  cluster: string;
  fence: string;
  note: string;
}>;

export type AuditView = Readonly<{
  rows: readonly AuditRow[] | null;
  actions: readonly string[];
  action: string;
  hasMore: boolean;
  loading: boolean;
  problem: Problem | null;
}>;

/** What there is to filter by. An action that is not here is shown all the same. */
const ACTIONS = [
  ...['acquired', 'renewed', 'released', 'expired', 'broken'].map((verb) => `lock_${verb}`),
  ...['created', 'changed', 'removed', 'secret_rotated', 'disabled'].map((verb) => `webhook_${verb}`),
  'delivery_requeued',
  ...['registered', 'removed'].map((verb) => `schedule_${verb}`),
  ...['created', 'changed', 'removed', 'run'].map((verb) => `automation_${verb}`),
];

export const actionName = (action: string): string => action.replaceAll('_', ' ');

export function auditView(state: AppState): AuditView {
  const { audit } = state.lists;
  const isShown = audit.of === state.auditFilter;
  return {
    rows: isShown ? (audit.items?.map((one) => auditRow(one, serverNow(state))) ?? null) : null,
    actions: ACTIONS,
    action: state.auditFilter,
    hasMore: isShown && audit.nextCursor !== null,
    loading: audit.loading,
    problem: isShown ? audit.problem : null,
  };
}

const auditRow = ({ id, at, actor, action, target, cluster, fence, note }: AuditEntry, now: number): AuditRow => ({
  id: String(id),
  when: wallTime(instant(at) ?? now, now),
  actor: actor.name,
  from: [actor.address, actor.request_id].filter((part) => part !== null).join(' · '),
  action: actionName(action),
  target,
  cluster: cluster ?? '',
  fence: fence === null ? '' : `fence ${fence}`,
  note: note ?? '',
});
