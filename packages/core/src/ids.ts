declare const brand: unique symbol;
type Branded<T extends string> = string & { readonly [brand]: T };

export type ModelKey = Branded<'model'>;
export type ClusterKey = Branded<'cluster'>;
export type HostKey = Branded<'host'>;
/** `swp_` and a sortable id. */
export type SwapId = Branded<'swap'>;
/** `lck_` and 128 random bits: the secret that proves a lock. Never stored or logged; only its digest is. */
export type LockId = Branded<'lock'>;
/** `tkt_` and 128 random bits: keeps a place in the line for a lock. */
export type Ticket = Branded<'ticket'>;
/** `whk_` and a sortable id. */
export type WebhookId = Branded<'webhook'>;
/** `dlv_` and a sortable id. */
export type DeliveryId = Branded<'delivery'>;
/** `aut_` and a sortable id. */
export type AutomationId = Branded<'automation'>;
/** `run_` and a sortable id. */
export type RunId = Branded<'run'>;
/** `op_` and a sortable id. */
export type OperationId = Branded<'operation'>;
/** Chosen by whoever registers the schedule. */
export type ScheduleKey = Branded<'schedule'>;

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
export const lockId = (text: string): LockId => text as LockId;
export const ticket = (text: string): Ticket => text as Ticket;
export const webhookId = (text: string): WebhookId => text as WebhookId;
export const deliveryId = (text: string): DeliveryId => text as DeliveryId;
export const automationId = (text: string): AutomationId => text as AutomationId;
export const runId = (text: string): RunId => text as RunId;
export const scheduleKey = (text: string): ScheduleKey => text as ScheduleKey;
export const operationId = (text: string): OperationId => text as OperationId;
