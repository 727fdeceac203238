/** How much a model server is used. `finished` counts up while it runs; `null`: not reported. */
export type Activity = Readonly<{ inFlight: number; finished: number | null }>;

/** Tells whether anybody uses a model. `baseUrl` is without `/v1`. Settles within 5 s or when `signal` aborts. */
export interface ModelActivity {
  /** `null`: the server does not say. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT. */
  activity(baseUrl: string, signal: AbortSignal): Promise<Activity | null>;
}
