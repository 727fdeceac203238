import type { WireHost, WireHostTest, WireOperation, WireRebootBody, WireUpdateBody, WireUpdatePlan } from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

/** What administrators do to hosts. */
export type HostsApi = Readonly<{
  /** Every step of the way to a host, from its name to its API port. `ok: false` is an answer and no error. */
  test(key: string, options?: CallOptions): Promise<WireHostTest>;
  /** Pins the key that the host shows now, which has to have this fingerprint. */
  trust(key: string, fingerprint: string, options?: CallOptions): Promise<WireHost>;
  /** What an update would do. It is looked up on the host, and nothing is changed. */
  updatePlan(key: string, options?: CallOptions): Promise<WireUpdatePlan>;
  /** Carries out a plan that was just shown. */
  update(key: string, body: WireUpdateBody, options?: CallOptions): Promise<WireOperation>;
  reboot(key: string, body: WireRebootBody, options?: CallOptions): Promise<WireOperation>;
}>;

/** A host that hangs is given up step by step, and apt looks into many lists. */
const TEST_TIMEOUT_MS = 90_000;
const PLAN_TIMEOUT_MS = 180_000;

export function createHostsApi(transport: Transport): HostsApi {
  const path = (key: string): string => `/api/hosts/${encodeURIComponent(key)}`;
  return {
    test: (key, options) =>
      transport.call({ method: 'POST', path: `${path(key)}/test`, body: {} }, { timeoutMs: TEST_TIMEOUT_MS, ...options }),
    trust: (key, fingerprint, options) =>
      transport.call({ method: 'POST', path: `${path(key)}/trust`, body: { fingerprint } }, { timeoutMs: TEST_TIMEOUT_MS, ...options }),
    updatePlan: (key, options) =>
      transport.call({ method: 'GET', path: `${path(key)}/updates` }, { timeoutMs: PLAN_TIMEOUT_MS, ...options }),
    update: (key, body, options) => transport.call({ method: 'POST', path: `${path(key)}/updates`, body }, options),
    reboot: (key, body, options) => transport.call({ method: 'POST', path: `${path(key)}/reboot`, body }, options),
  };
}
