import { Listener } from '../fake-vllm/listener.ts';
import { QdrantRequest } from './qdrant-request.ts';
import { digest, type Point, QdrantStorage, type StoredFile } from './qdrant-storage.ts';

/** What goes wrong, until it is set otherwise. */
export type QdrantFaults = {
  /** Snapshots and restores find no room. */
  diskFull: boolean;
  /** Snapshots of these collections find no room. */
  diskFullFor: readonly string[];
  snapshotDelayMs: number;
  /** Snapshots come out with 0 bytes. */
  emptySnapshots: boolean;
  /** The list gives another checksum than the answer at creation did. */
  wrongChecksum: boolean;
  /** As before version 1.8: nothing gives a checksum. */
  noChecksum: boolean;
  /** The answer to whatever makes or restores a snapshot is broken off. */
  cut: boolean;
  /** Its folder is not that of the image: what is recovered by a file of it is not found. */
  otherFolder: boolean;
  /** A removal is refused. */
  cannotRemove: boolean;
};

export type FakeQdrantOptions = Readonly<{
  /** Default: any free one. */
  port?: number;
  /** Default: 127.0.0.1. */
  host?: string;
  /** `null`: none is asked for. */
  apiKey?: string | null;
  /** May read everything and change nothing. */
  readOnlyKey?: string | null;
  /** Collections that are there at first, with their numbers of points. */
  collections?: Readonly<Record<string, number>>;
  /** ms since the epoch. Default: the machine's. */
  now?: () => number;
}>;

export type FakeQdrant = Readonly<{
  url: string;
  port: number;
  faults: QdrantFaults;
  storage: QdrantStorage;
  /** Method and path of what was asked, in order. */
  requests: readonly string[];
  close: () => Promise<void>;
}>;

const NO_FAULTS: QdrantFaults = {
  ...{ diskFull: false, diskFullFor: [], snapshotDelayMs: 0, emptySnapshots: false, wrongChecksum: false },
  ...{ noChecksum: false, cut: false, otherFolder: false, cannotRemove: false },
};
const NO_SPACE = 'Service internal error: No space left on device (os error 28)';

/**
 * A double of Qdrant over real HTTP, by its published REST API: collections, points, snapshots of collections and of the whole storage,
 * recovery from a file and by upload, keys. It keeps all in memory and finds no neighbours.
 */
export async function startFakeQdrant(options: FakeQdrantOptions = {}): Promise<FakeQdrant> {
  const { host = '127.0.0.1', now = Date.now } = options;
  const storage = new QdrantStorage(now);
  for (const [name, count] of Object.entries(options.collections ?? {})) {
    storage.create(name, 4);
    storage.put(
      name,
      Array.from({ length: count }, (_, id): Point => ({ id, vector: [id, 0, 0, 1], payload: { id } })),
    );
  }
  const faults: QdrantFaults = { ...NO_FAULTS };
  const requests: string[] = [];
  const server = new Server(storage, faults, options);
  const listener = new Listener(
    (incoming, response) => {
      requests.push(`${incoming.method} ${incoming.url}`);
      const request = new QdrantRequest(incoming, response);
      server.answer(request).catch((error: unknown) => request.error(400, error instanceof Error ? error.message : 'Bad request'));
    },
    options.port ?? 0,
    host,
  );
  const port = await listener.open();
  return { url: `http://${host}:${port}`, port, faults, storage, requests, close: () => listener.close() };
}

class Server {
  readonly #storage: QdrantStorage;
  readonly #faults: QdrantFaults;
  readonly #options: FakeQdrantOptions;

  constructor(storage: QdrantStorage, faults: QdrantFaults, options: FakeQdrantOptions) {
    this.#storage = storage;
    this.#faults = faults;
    this.#options = options;
  }

  async answer(request: QdrantRequest): Promise<void> {
    const [first = '', second, third] = request.path;
    if (['healthz', 'livez', 'readyz'].includes(first)) return request.text(200, `${first} check passed`);
    if (!this.#mayPass(request)) return;
    if (first === '' && request.method === 'GET') return request.text(200, '{"title":"qdrant - vector search engine","version":"1.15.4"}');
    if (first === 'snapshots') return this.#snapshots(request, null, request.path.slice(1));
    if (first !== 'collections') return request.text(404, '');
    if (second === undefined) return request.result({ collections: this.#storage.names().map((name) => ({ name })) });
    const isCreation = third === undefined && request.method === 'PUT';
    // A collection that is not there can be brought back from a file.
    if (!isCreation && !this.#storage.has(second) && !['recover', 'upload'].includes(request.path[3] ?? '')) {
      return request.error(404, `Not found: Collection \`${second}\` doesn't exist!`);
    }
    if (third === 'snapshots') return this.#snapshots(request, second, request.path.slice(3));
    if (third === 'points') return request.path[3] === 'scroll' ? this.#scroll(request, second) : this.#points(request, second);
    return this.#collection(request, second);
  }

  #mayPass(request: QdrantRequest): boolean {
    const { apiKey = null, readOnlyKey = null } = this.#options;
    if (apiKey === null || request.key === apiKey) return true;
    if (request.key === null) request.text(401, 'Must provide an API key or an Authorization bearer token');
    else if (request.key !== readOnlyKey) request.text(401, 'Invalid API key or JWT');
    else if (request.method === 'GET' || request.path.at(-1) === 'scroll') return true;
    else request.error(403, 'Forbidden: Global manage access is required');
    return false;
  }

  async #collection(request: QdrantRequest, name: string): Promise<void> {
    switch (request.method) {
      case 'GET': {
        const count = this.#storage.points(name).length;
        const params = { vectors: { size: this.#storage.sizeOf(name), distance: 'Cosine' }, shard_number: 1, replication_factor: 1 };
        return request.result({ status: 'green', optimizer_status: 'ok', points_count: count, segments_count: 2, config: { params } });
      }
      case 'PUT': {
        const { vectors } = await request.json();
        const size = typeof vectors === 'object' && vectors !== null && 'size' in vectors ? Number(vectors.size) : 4;
        if (this.#storage.has(name)) return request.error(409, `Wrong input: Collection \`${name}\` already exists!`);
        this.#storage.create(name, size);
        return request.result(true);
      }
      case 'DELETE':
        return request.result(this.#storage.drop(name));
      default:
        return request.text(405, '');
    }
  }

  async #points(request: QdrantRequest, name: string): Promise<void> {
    if (request.method !== 'PUT') return request.text(405, '');
    const { points } = await request.json();
    this.#storage.put(name, (Array.isArray(points) ? points : []) as readonly Point[]);
    request.result({ operation_id: 1, status: 'completed' });
  }

  /** Points in the order of their ids' arrival; vectors and payloads only where they are asked for. */
  async #scroll(request: QdrantRequest, name: string): Promise<void> {
    if (request.method !== 'POST') return request.text(405, '');
    const { limit = 10, offset, with_payload = true, with_vector = false } = await request.json();
    const all = this.#storage.points(name);
    const from =
      offset == null
        ? 0
        : Math.max(
            0,
            all.findIndex(({ id }) => id === offset),
          );
    const count = typeof limit === 'number' ? limit : 10;
    const points = all.slice(from, from + count).map(({ id, vector, payload }) => ({
      id,
      ...(with_payload !== false && { payload }),
      ...(with_vector === true && { vector }),
    }));
    request.result({ points, next_page_offset: all[from + count]?.id ?? null });
  }

  async #snapshots(request: QdrantRequest, collection: string | null, rest: readonly string[]): Promise<void> {
    const [name] = rest;
    if (name === undefined && request.method === 'GET') {
      return request.result(this.#storage.snapshots(collection).map((file) => this.#shown(file, true)));
    }
    if (name === undefined && request.method === 'POST') return this.#create(request, collection);
    if (collection !== null && name === 'recover' && request.method === 'PUT') return this.#recover(request, collection);
    if (collection !== null && name === 'upload' && request.method === 'POST') return this.#upload(request, collection);
    const file = name === undefined ? null : this.#storage.snapshot(collection, name);
    if (name === undefined || file === null) return request.error(404, `Not found: Snapshot ${name} not found`);
    if (request.method === 'GET') return request.file200(file.content);
    if (request.method !== 'DELETE') return request.text(405, '');
    if (this.#faults.cannotRemove) return request.error(500, 'Service internal error: Permission denied (os error 13)');
    request.result(this.#storage.removeSnapshot(collection, name));
  }

  async #create(request: QdrantRequest, collection: string | null): Promise<void> {
    const { snapshotDelayMs, cut, diskFull, diskFullFor, emptySnapshots } = this.#faults;
    // The real one goes on when its client leaves, and the file is there later.
    if (snapshotDelayMs > 0) await request.waited(snapshotDelayMs);
    if (diskFull || diskFullFor.includes(collection ?? '')) return request.error(500, NO_SPACE);
    const file = this.#storage.copy(collection, emptySnapshots);
    if (cut) return request.cut();
    request.result(this.#shown(file, false));
  }

  async #recover(request: QdrantRequest, collection: string): Promise<void> {
    const { location, checksum } = await request.json();
    if (this.#faults.cut) return request.cut();
    const path = new URL(String(location)).pathname.split('/').map(decodeURIComponent);
    const file = this.#faults.otherFolder ? null : this.#storage.snapshot(path.at(-2) ?? null, path.at(-1) ?? '');
    if (file === null) return request.error(400, `Bad request: Snapshot file "${path.join('/')}" does not exist`);
    this.#restore(request, collection, file.content, typeof checksum === 'string' ? checksum : null);
  }

  async #upload(request: QdrantRequest, collection: string): Promise<void> {
    const content = await request.file();
    if (content === null) return request.error(400, 'Bad request: no snapshot in the form');
    this.#restore(request, collection, content, request.query.get('checksum'));
  }

  #restore(request: QdrantRequest, collection: string, content: Buffer, checksum: string | null): void {
    const actual = digest(content);
    if (this.#faults.diskFull) request.error(500, NO_SPACE);
    else if (checksum !== null && checksum !== actual) {
      request.error(400, `Bad request: Snapshot checksum mismatch: expected ${checksum}, got ${actual}`);
    } else if (!this.#storage.recover(collection, content)) request.error(500, 'Service internal error: failed to read the archive');
    else request.result(true);
  }

  #shown({ name, createdAt, content, checksum }: StoredFile, isList: boolean) {
    const { noChecksum, wrongChecksum } = this.#faults;
    const shown = wrongChecksum && isList ? digest(Buffer.from(checksum)) : checksum;
    // Without a zone, as the real one writes it.
    return {
      name,
      creation_time: new Date(createdAt).toISOString().slice(0, 19),
      size: content.length,
      checksum: noChecksum ? null : shown,
    };
  }
}
