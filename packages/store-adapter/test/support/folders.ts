import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store, type StoreOptions } from '@spark-control/store-adapter';

/** Small enough for tests: the real sizes would only make them slow. */
export const SMALL = { ballastBytes: 64 * 1024, minimumFreeBytes: 0 } as const;

/** A fresh folder that is removed after the test it was made in, and stores opened in it are closed. */
export function temporaryFolder(): Readonly<{ path: () => string; open: (options?: Partial<StoreOptions>) => Promise<Store> }> {
  let folder = '';
  const opened: Store[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spark-store-'));
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = async (options: Partial<StoreOptions> = {}): Promise<Store> => {
    const store = await openStore({ folder, ...SMALL, ...options });
    opened.push(store);
    return store;
  };
  return { path: () => folder, open };
}

/** The error with which `promise` rejects. Fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error('expected a rejection');
}
