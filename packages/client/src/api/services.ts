import type {
  NimImageList,
  RestartServiceBody,
  Static,
  WireDeepHealthReport,
  WireEndpointList,
  WireNimInstall,
  WireOperation,
  WirePatchPlan,
  WireServiceDetail,
  WireServiceList,
  WireServiceLogs,
} from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

export type ServiceWork = Static<typeof RestartServiceBody>;
export type PatchAction = 'apply' | 'undo';

/** The services beside the model servers. */
export type ServicesApi = Readonly<{
  list(options?: CallOptions): Promise<WireServiceList>;
  get(key: string, options?: CallOptions): Promise<WireServiceDetail>;
  /** The last lines of its container. */
  logs(key: string, lines?: number, options?: CallOptions): Promise<WireServiceLogs>;
  restart(key: string, body?: ServiceWork, options?: CallOptions): Promise<WireOperation>;
  /** `null` takes the cap away. */
  setMemory(key: string, limitMib: number | null, options?: CallOptions): Promise<WireServiceDetail>;
  /** What the patches would change. It changes nothing. */
  patchPlan(key: string, action: PatchAction, options?: CallOptions): Promise<WirePatchPlan>;
  /** Carries out a plan that was just shown. */
  patch(key: string, action: PatchAction, plan: string, body?: ServiceWork, options?: CallOptions): Promise<WireOperation>;
  /** One real request to every service and model. `ok: false` is an answer and no error. */
  deepHealth(options?: CallOptions): Promise<WireDeepHealthReport>;
  /** Where everything answers. */
  endpoints(options?: CallOptions): Promise<WireEndpointList>;
  /** Images that are known to be made for a DGX Spark; others may be installed too. */
  nimImages(options?: CallOptions): Promise<Static<typeof NimImageList>>;
  installNim(body: WireNimInstall, options?: CallOptions): Promise<WireOperation>;
}>;

const BASE = '/api/services';
/** A deep check transcribes, speaks and completes. */
const DEEP_TIMEOUT_MS = 120_000;
const HOST_TIMEOUT_MS = 60_000;

const PATCH_PATHS: Readonly<Record<PatchAction, string>> = { apply: 'reapply-patches', undo: 'undo-patches' };

export function createServicesApi(transport: Transport): ServicesApi {
  const path = (key: string): string => `${BASE}/${encodeURIComponent(key)}`;
  const slow = (options: CallOptions = {}): CallOptions => ({ timeoutMs: HOST_TIMEOUT_MS, ...options });
  return {
    list: (options) => transport.call({ method: 'GET', path: BASE }, options),
    get: (key, options) => transport.call({ method: 'GET', path: path(key) }, slow(options)),
    logs: (key, lines, options) => transport.call({ method: 'GET', path: `${path(key)}/logs`, query: { lines } }, slow(options)),
    restart: (key, body = {}, options) => transport.call({ method: 'POST', path: `${path(key)}/restart`, body }, options),
    setMemory: (key, limitMib, options) =>
      transport.call({ method: 'PUT', path: `${path(key)}/memory`, body: { limit_mib: limitMib } }, slow(options)),
    patchPlan: (key, action, options) => transport.call({ method: 'GET', path: `${path(key)}/patches`, query: { action } }, slow(options)),
    patch: (key, action, plan, body = {}, options) =>
      transport.call({ method: 'POST', path: `${path(key)}/${PATCH_PATHS[action]}`, body: { ...body, confirm: plan } }, slow(options)),
    deepHealth: (options) => transport.call({ method: 'GET', path: '/api/health/deep' }, { timeoutMs: DEEP_TIMEOUT_MS, ...options }),
    endpoints: (options) => transport.call({ method: 'GET', path: '/api/endpoints' }, options),
    nimImages: (options) => transport.call({ method: 'GET', path: '/api/nim/images' }, options),
    installNim: (body, options) => transport.call({ method: 'POST', path: '/api/nim/install', body }, options),
  };
}
