/** A number that is an integer in the database. Times are ms since the epoch, flags are 0 or 1: both dialects know these. */
type Int = number;
/** JSON text. */
type Json = string;

/** Rows of the database, column by column. The JSON of a swap or an event is the truth; its other columns are for searching. */
export type Tables = Readonly<{
  meta: { name: string; value: string };
  migrations: { version: Int; name: string; applied_at: Int };
  counters: { name: string; value: Int };
  fences: { cluster: string; value: Int };
  swaps: { id: string; cluster: string; target: string | null; phase: string; settled: Int; created_at: Int; body: Json };
  transitions: { swap: string; ordinal: Int; from_phase: string | null; to_phase: string; at: Int; note: string | null };
  events: { id: Int; swap: string | null; worth: Int; at: Int; body: Json };
  load_times: { id: Int; cluster: string; model: string; simulated: Int; seconds: number; at: Int; succeeded: Int };
  leases: { cluster: string; fence: Int; ended_at: Int | null; body: Json };
  audit: { id: Int; at: Int; action: string; cluster: string | null; body: Json; hash: string };
  webhooks: { id: string; created_at: Int; enabled: Int; body: Json };
  webhook_secrets: { webhook: string; ordinal: Int; sealed: string; valid_until: Int | null };
  notices: { sequence: Int; type: string; at: Int; body: Json };
  deliveries: {
    id: string;
    webhook: string;
    sequence: Int;
    state: string;
    next_attempt_at: Int | null;
    created_at: Int;
    settled_at: Int | null;
    body: Json;
  };
  delivery_attempts: { delivery: string; ordinal: Int; body: Json };
  schedules: { id: string; created_at: Int; body: Json };
  automations: { id: string; created_at: Int; evaluated_until: Int | null; body: Json };
  automation_runs: { id: string; automation: string; scheduled_for: Int | null; settled: Int; body: Json };
  operations: { id: string; kind: string; subject: string; state: string; created_at: Int; body: Json; input: Json };
  catalog_revisions: { revision: Int; model: string; at: Int; body: Json };
  memory_records: { swap: string; cluster: string; model: string; at: Int; body: Json };
  host_pins: { host: string; fingerprint: string; at: Int };
  answers: { key: string; body_hash: string; answer: Json | null; expires_at: Int };
}>;
