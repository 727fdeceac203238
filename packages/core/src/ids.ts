declare const brand: unique symbol;
type Branded<T extends string> = string & { readonly [brand]: T };

export type ModelKey = Branded<'model'>;
export type ClusterKey = Branded<'cluster'>;
export type HostKey = Branded<'host'>;
/** `swp_` and a sortable id. */
export type SwapId = Branded<'swap'>;

/** The shape of every key that people choose: models, clusters, hosts, services, schedules. */
export const KEY_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Words that mean something else where a key may stand (`serving: "unknown"`, `/api/swap/lock`). */
export const RESERVED_KEYS: readonly string[] = ['unknown', 'unmanaged', 'lock'];

export const isKey = (text: string): boolean => KEY_PATTERN.test(text) && !RESERVED_KEYS.includes(text);

/** Brands a string that was checked at the edge. */
export const modelKey = (text: string): ModelKey => text as ModelKey;
export const clusterKey = (text: string): ClusterKey => text as ClusterKey;
export const hostKey = (text: string): HostKey => text as HostKey;
export const swapId = (text: string): SwapId => text as SwapId;
