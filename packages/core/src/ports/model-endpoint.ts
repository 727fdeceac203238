/** One entry of `/v1/models`: the served name, what was really loaded, and the context length. */
export type ServedModel = Readonly<{ id: string; root: string | null; maxModelLen: number | null }>;

export type EndpointHealth = Readonly<
  { kind: 'healthy' } | { kind: 'unhealthy'; status: number } | { kind: 'unreachable'; reason: string }
>;

/**
 * Client of a model server's HTTP surface. `baseUrl` is without `/v1`. Contract: each call settles within its own short
 * deadline (health 2 s, models 5 s, load 5 s) or when `signal` aborts; `health` never rejects except on abort.
 */
export interface ModelEndpoint {
  health(baseUrl: string, signal: AbortSignal): Promise<EndpointHealth>;
  /** Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT. */
  models(baseUrl: string, signal: AbortSignal): Promise<readonly ServedModel[]>;
  /** Requests running and waiting, from `/metrics`; `null` when the server does not say. */
  requestsInFlight(baseUrl: string, signal: AbortSignal): Promise<number | null>;
  /** One real completion of one token. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT. */
  completeOneToken(baseUrl: string, servedModelName: string, signal: AbortSignal): Promise<void>;
}
