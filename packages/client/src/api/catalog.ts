import type {
  DeleteDiskQuery,
  Static,
  WireChangeModel,
  WireCreateModel,
  WireDiskRemoval,
  WireDownload,
  WireKnobs,
  WireModel,
  WireModelDiskView,
  WireModelHistory,
  WireOperation,
  WireParsedCommand,
  WireVllmFlagList,
} from '@spark-control/schema';
import type { CallOptions, Transport } from '../transport.ts';

/** `ifMatch`: the revision that was seen; a change of the catalog since then is refused with STALE_REVISION. */
export type EditOptions = CallOptions & Readonly<{ ifMatch?: string | number | null | undefined }>;
export type DiskFilter = Static<typeof DeleteDiskQuery>;

/** The models of the catalog, one by one: their entries, their history, their weights. */
export type CatalogApi = Readonly<{
  get(key: string, options?: CallOptions): Promise<WireModel>;
  create(body: WireCreateModel, options?: EditOptions): Promise<WireModel>;
  change(key: string, body: WireChangeModel, options?: EditOptions): Promise<WireModel>;
  remove(key: string, options?: EditOptions): Promise<void>;
  /** Flags and variables as a whole: what is not named is taken away. */
  setKnobs(key: string, body: WireKnobs, options?: EditOptions): Promise<WireModel>;
  history(key: string, options?: CallOptions): Promise<WireModelHistory>;
  revert(key: string, revision: number, options?: EditOptions): Promise<WireModel>;
  /** What a pasted `docker run` or `vllm serve` line comes to. It changes nothing. */
  parseCommand(command: string, options?: CallOptions): Promise<WireParsedCommand>;
  flags(options?: CallOptions): Promise<WireVllmFlagList>;
  disk(key: string, options?: CallOptions): Promise<WireModelDiskView>;
  /** Deletes weights. Not repeated by itself when its answer is lost. */
  deleteDisk(key: string, filter?: DiskFilter, options?: CallOptions): Promise<WireDiskRemoval>;
  download(key: string, body?: WireDownload, options?: CallOptions): Promise<WireOperation>;
  pullImage(key: string, body?: WireDownload, options?: CallOptions): Promise<WireOperation>;
}>;

const BASE = '/api/models';
/** Hosts are asked for sizes, which takes its time on a full disk. */
const DISK_TIMEOUT_MS = 120_000;

export function createCatalogApi(transport: Transport): CatalogApi {
  const path = (key: string): string => `${BASE}/${encodeURIComponent(key)}`;
  const edit = <T>(method: 'POST' | 'PUT' | 'PATCH', at: string, body: unknown, { ifMatch, ...options }: EditOptions = {}): Promise<T> =>
    transport.call({ method, path: at, body, headers: ifMatchHeader(ifMatch) }, options);
  return {
    get: (key, options) => transport.call({ method: 'GET', path: path(key) }, options),
    create: (body, options) => edit('POST', BASE, body, options),
    change: (key, body, options) => edit('PATCH', path(key), body, options),
    remove: (key, { ifMatch, ...options } = {}) =>
      transport.call({ method: 'DELETE', path: path(key), headers: ifMatchHeader(ifMatch), goneCode: 'MODEL_NOT_FOUND' }, options),
    setKnobs: (key, body, options) => edit('PUT', `${path(key)}/knobs`, body, options),
    history: (key, options) => transport.call({ method: 'GET', path: `${path(key)}/history` }, options),
    revert: (key, revision, options) => edit('POST', `${path(key)}/revert`, { revision }, options),
    parseCommand: (command, options) => transport.call({ method: 'POST', path: `${BASE}/parse-command`, body: { command } }, options),
    flags: (options) => transport.call({ method: 'GET', path: '/api/vllm-flags' }, options),
    disk: (key, options) => transport.call({ method: 'GET', path: `${path(key)}/disk` }, { timeoutMs: DISK_TIMEOUT_MS, ...options }),
    deleteDisk: (key, filter = {}, options) =>
      transport.call(
        { method: 'DELETE', path: `${path(key)}/disk`, query: filter },
        { timeoutMs: DISK_TIMEOUT_MS, ...options, ...(filter.dry_run !== 'true' && { retries: 0 }) },
      ),
    download: (key, body = {}, options) => transport.call({ method: 'POST', path: `${path(key)}/download`, body }, options),
    pullImage: (key, body = {}, options) => transport.call({ method: 'POST', path: `${path(key)}/pull-image`, body }, options),
  };
}

export const ifMatchHeader = (revision: string | number | null | undefined): Readonly<Record<string, string>> =>
  revision === null || revision === undefined ? {} : { 'if-match': `"${revision}"` };
