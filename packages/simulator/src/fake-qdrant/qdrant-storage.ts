import { createHash } from 'node:crypto';

export type Point = Readonly<{ id: number | string; vector: readonly number[]; payload: unknown }>;
export type StoredFile = Readonly<{ name: string; createdAt: number; content: Buffer; checksum: string }>;
type Collection = { size: number; points: Map<number | string, Point> };

const PEER = '7142958213904475';

/** What a Qdrant keeps: collections in memory, and snapshots as the bytes that a file of it would have. */
export class QdrantStorage {
  readonly #collections = new Map<string, Collection>();
  /** By collection; those of the whole storage under `null`. They outlive their collection, as the files do. */
  readonly #snapshots = new Map<string | null, Map<string, StoredFile>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  names(): readonly string[] {
    return [...this.#collections.keys()];
  }

  has(collection: string): boolean {
    return this.#collections.has(collection);
  }

  sizeOf(collection: string): number {
    return this.#collections.get(collection)?.size ?? 0;
  }

  points(collection: string): readonly Point[] {
    return [...(this.#collections.get(collection)?.points.values() ?? [])];
  }

  create(collection: string, size: number): void {
    this.#collections.set(collection, { size, points: new Map() });
  }

  drop(collection: string): boolean {
    return this.#collections.delete(collection);
  }

  put(collection: string, points: readonly Point[]): void {
    for (const point of points) this.#collections.get(collection)?.points.set(point.id, point);
  }

  snapshots(collection: string | null): readonly StoredFile[] {
    return [...(this.#snapshots.get(collection)?.values() ?? [])];
  }

  snapshot(collection: string | null, name: string): StoredFile | null {
    return this.#snapshots.get(collection)?.get(name) ?? null;
  }

  removeSnapshot(collection: string | null, name: string): boolean {
    return this.#snapshots.get(collection)?.delete(name) ?? false;
  }

  /** Copies a collection or, with `null`, all of them. */
  copy(collection: string | null, isEmpty: boolean): StoredFile {
    const names = collection === null ? this.names() : [collection];
    const copied = names.map((name) => ({ name, size: this.sizeOf(name), points: this.points(name) }));
    const content = isEmpty ? Buffer.alloc(0) : Buffer.from(JSON.stringify(copied));
    return this.addSnapshot(collection, content, this.#now());
  }

  addSnapshot(collection: string | null, content: Buffer, createdAt: number): StoredFile {
    const files = this.#snapshots.get(collection) ?? new Map<string, StoredFile>();
    this.#snapshots.set(collection, files);
    let at = createdAt;
    // Its names count seconds: of two in one second the real one would write over the first.
    while (files.has(nameOf(collection, at))) at += 1_000;
    const file = { name: nameOf(collection, at), createdAt: at, content, checksum: digest(content) };
    files.set(file.name, file);
    return file;
  }

  /** `false`: no snapshot that it can read. */
  recover(collection: string, content: Buffer): boolean {
    const found = read(content)?.find(({ name }) => name === collection) ?? read(content)?.[0];
    if (found === undefined) return false;
    this.create(collection, found.size);
    this.put(collection, found.points);
    return true;
  }
}

export const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const nameOf = (collection: string | null, at: number): string => {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  return collection === null ? `full-snapshot-${time}.snapshot` : `${collection}-${PEER}-${time}.snapshot`;
};

function read(content: Buffer): readonly Readonly<{ name: string; size: number; points: readonly Point[] }>[] | null {
  try {
    return JSON.parse(content.toString('utf8')) as Readonly<{ name: string; size: number; points: readonly Point[] }>[];
  } catch {
    return null;
  }
}
