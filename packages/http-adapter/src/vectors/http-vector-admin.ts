import { randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import {
  type SecretSource,
  type Service,
  type ServiceRegistry,
  SparkError,
  type StoredSnapshot,
  type VectorAdmin,
  type VectorCollection,
} from '@spark-control/core';
import { collectionNames, collectionOf, resultOf, snapshotOf, snapshotsOf } from './qdrant-answers.ts';
import { download, exchange, type QdrantAnswer, type QdrantCall, read, upload } from './qdrant-http.ts';
import { type Asked, refusalOf } from './qdrant-refusal.ts';

/** Limits of the calls, in ms. A copy takes as long as the disk does; the store says nothing meanwhile. */
export type VectorDeadlines = Readonly<{ quickMs: number; copyMs: number }>;
const DEADLINES: VectorDeadlines = { quickMs: 20_000, copyMs: 2 * 3_600_000 };

export type HttpVectorAdminDeps = Readonly<{
  services: Pick<ServiceRegistry, 'all'>;
  /** Where a service answers, without a trailing slash; `null`: its host is in no cluster. */
  baseUrlOf: (service: Service) => string | null;
  secrets: SecretSource;
  deadlines?: Partial<VectorDeadlines>;
}>;

type Call = Readonly<{ method: QdrantCall['method']; path: string; what: string; body?: unknown; isLong?: boolean }>;
type About = Readonly<{ collection?: string | null; snapshot?: string | null }>;
/** Where snapshots lie in Qdrant's own image. */
const SNAPSHOT_FOLDER = 'file:///qdrant/snapshots';

/** {@link VectorAdmin} by Qdrant's REST API. Each call has a connection of its own, so nothing is to be closed. */
export class HttpVectorAdmin implements VectorAdmin {
  readonly #deps: HttpVectorAdminDeps;
  readonly #deadlines: VectorDeadlines;

  constructor(deps: HttpVectorAdminDeps) {
    this.#deps = deps;
    this.#deadlines = { ...DEADLINES, ...deps.deadlines };
  }

  async collections(service: string, signal: AbortSignal): Promise<readonly VectorCollection[]> {
    const what = 'the list of collections';
    const names = collectionNames(await this.#json(service, { method: 'GET', path: '/collections', what }, {}, signal));
    const found: VectorCollection[] = [];
    for (const name of names) found.push(await this.#collection(service, name, signal));
    return found;
  }

  async snapshots(service: string, collection: string | null, signal: AbortSignal): Promise<readonly StoredSnapshot[]> {
    const call = { method: 'GET', path: folderOf(collection), what: 'the list of snapshots' } as const;
    return snapshotsOf(collection, await this.#json(service, call, { collection }, signal));
  }

  async create(service: string, collection: string | null, signal: AbortSignal): Promise<StoredSnapshot> {
    const what = `a snapshot of ${collection ?? 'the whole storage'}`;
    const call = { method: 'POST', path: `${folderOf(collection)}?wait=true`, what, isLong: true } as const;
    return snapshotOf(collection, await this.#json(service, call, { collection }, signal));
  }

  async remove(service: string, { collection, name }: Pick<StoredSnapshot, 'collection' | 'name'>, signal: AbortSignal): Promise<void> {
    const path = `${folderOf(collection)}/${segment(name)}?wait=true`;
    const call = { method: 'DELETE', path, what: `the removal of ${name}` } as const;
    await this.#json(service, call, { collection, snapshot: name }, signal);
  }

  /** By the file in the store's own folder, which moves no byte; where that folder is another one, by way of this machine. */
  async recover(
    service: string,
    { collection, name, checksum }: Pick<StoredSnapshot, 'collection' | 'name' | 'checksum'>,
    signal: AbortSignal,
  ): Promise<void> {
    if (collection === null) throw new SparkError('NOT_SUPPORTED', 'Qdrant puts the whole storage back only when it starts.');
    const what = `putting ${collection} back to ${name}`;
    const about = { collection, snapshot: name };
    const location = `${SNAPSHOT_FOLDER}/${segment(collection)}/${segment(name)}`;
    const body = { location, priority: 'snapshot', ...(checksum === null ? {} : { checksum }) };
    const path = `/collections/${segment(collection)}/snapshots/recover?wait=true`;
    const answer = await this.#ask(service, { method: 'PUT', path, what, body, isLong: true }, signal);
    if (isSuccess(answer)) return;
    if (!mayBeElsewhere(answer)) throw refusalOf(answer, this.#asked(service, what, about));
    await this.#recoverByUpload(service, { collection, name, checksum }, what, signal);
  }

  async #recoverByUpload(
    service: string,
    { collection, name, checksum }: Readonly<{ collection: string; name: string; checksum: string | null }>,
    what: string,
    signal: AbortSignal,
  ): Promise<void> {
    const folder = folderOf(collection);
    const asked = this.#asked(service, what, { collection, snapshot: name });
    const source = await download(this.#call(service, { method: 'GET', path: `${folder}/${segment(name)}`, what, isLong: true }), signal);
    try {
      if (source.statusCode !== 200) throw refusalOf(await read(source), asked);
      const boundary = `spark-control-${randomUUID()}`;
      const head = `--${boundary}\r\ncontent-disposition: form-data; name="snapshot"; filename="restore.snapshot"\r\ncontent-type: application/octet-stream\r\n\r\n`;
      const tail = `\r\n--${boundary}--\r\n`;
      const length = Number(source.headers['content-length'] ?? Number.NaN);
      const headers = {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        ...(Number.isSafeInteger(length) ? { 'content-length': String(length + head.length + tail.length) } : {}),
      };
      const query = `priority=snapshot&wait=true${checksum === null ? '' : `&checksum=${encodeURIComponent(checksum)}`}`;
      const call = this.#call(service, { method: 'POST', path: `${folder}/upload?${query}`, what, isLong: true });
      const parts = async function* (): AsyncGenerator<string | Buffer> {
        yield head;
        yield* source as AsyncIterable<Buffer>;
        yield tail;
      };
      const answer = await upload(call, headers, (outgoing) => pipeline(parts, outgoing), signal);
      if (!isSuccess(answer)) throw refusalOf(answer, asked);
    } finally {
      source.destroy();
    }
  }

  async #collection(service: string, name: string, signal: AbortSignal): Promise<VectorCollection> {
    const what = `collection ${name}`;
    const answer = await this.#ask(service, { method: 'GET', path: `/collections/${segment(name)}`, what }, signal);
    // It was listed a moment ago: somebody removed it meanwhile, or it cannot be loaded.
    if (!isSuccess(answer)) return { name, points: null, status: null, vectorSize: null };
    return collectionOf(name, resultOf(answer.text, what));
  }

  async #json(service: string, call: Call, about: About, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#ask(service, call, signal);
    if (!isSuccess(answer)) throw refusalOf(answer, this.#asked(service, call.what, about));
    return resultOf(answer.text, call.what);
  }

  #ask(service: string, call: Call, signal: AbortSignal): Promise<QdrantAnswer> {
    return exchange(this.#call(service, call), signal);
  }

  #call(service: string, { method, path, body, isLong = false }: Call): QdrantCall {
    const found = this.#find(service);
    const base = this.#deps.baseUrlOf(found);
    if (base === null) throw new SparkError('UPSTREAM_FAILED', `The host of ${found.name} is in no cluster, so it cannot be asked.`);
    const deadlineMs = isLong ? this.#deadlines.copyMs : this.#deadlines.quickMs;
    return { method, url: base + path, key: this.#keyOf(found), deadlineMs, ...(body === undefined ? {} : { body }) };
  }

  #asked(service: string, what: string, { collection = null, snapshot = null }: About): Asked {
    const found = this.#find(service);
    return { what, service: found.name, collection, snapshot, variable: found.apiKeyVariable, hasKey: this.#keyOf(found) !== null };
  }

  #find(key: string): Service {
    const found = this.#deps.services.all().find((service) => service.key === key && service.kind === 'qdrant' && !service.isDisabled);
    if (found === undefined) throw new SparkError('SERVICE_NOT_FOUND', `There is no service "${key.slice(0, 64)}" of kind qdrant.`);
    return found;
  }

  #keyOf({ apiKeyVariable }: Service): string | null {
    return (apiKeyVariable === null ? null : this.#deps.secrets.read(apiKeyVariable)) || null;
  }
}

const folderOf = (collection: string | null): string =>
  collection === null ? '/snapshots' : `/collections/${segment(collection)}/snapshots`;

/** One segment of a path. A name of dots alone would be taken for a way up, encoded or not. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new SparkError('INVALID_REQUEST', 'No collection or snapshot has such a name.');
  return encodeURIComponent(name);
}

const isSuccess = ({ status }: QdrantAnswer): boolean => status >= 200 && status < 300;

/** Whether the refusal may mean that the file is not where Qdrant's own image keeps it: a storage in S3, a `snapshots_path` of its own. */
const mayBeElsewhere = ({ status, text }: QdrantAnswer): boolean =>
  (status === 400 || status === 404 || status === 422 || status === 500) && !/checksum|no space left/i.test(text);
