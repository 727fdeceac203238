export { openStore, type Store, type StoreOptions } from './state/open-store.ts';
export type { TransitionRow } from './state/sql-journal.ts';
