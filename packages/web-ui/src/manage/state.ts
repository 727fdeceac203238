import { idle, type Loadable, type Paged, unpaged } from '../state.ts';
import type { LogBuffer } from '../view-models/log-buffer.ts';
import type { Operation } from '../wire.ts';

/** Output of the operation on screen, as far as it is known. */
export type OperationLog = Readonly<{ of: string; buffer: LogBuffer }>;

/** What the screens for managing know beside the rest of the page. */
export type ManageState = Readonly<{
  operations: Paged<string>;
  /** Every operation that was heard of, by id. */
  known: Readonly<Record<string, Operation>>;
  /** The one on screen, when it is not among those that were heard of. */
  operation: Loadable<string>;
  log: OperationLog | null;
}>;

export const initialManageState = (): ManageState => ({ operations: unpaged(), known: {}, operation: idle(), log: null });

/** What can be asked for on these screens. */
export type ManageAction = Readonly<{ kind: 'cancel_operation'; id: string }>;

/** Dialogs of these screens. */
export type ManageDialog = Readonly<{ kind: 'cancel_operation'; id: string }>;
