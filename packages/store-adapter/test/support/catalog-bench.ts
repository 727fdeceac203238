import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Actor, type CatalogChange, type CatalogSnapshot, type EntryPatch, modelKey } from '@spark-control/core';
import { openStore, type Store, YamlCatalogEditor, YamlCatalogSource } from '@spark-control/store-adapter';
import { SMALL } from './folders.ts';

export const BASE = `# the base file
models:
  qwen:
    repo: Qwen/Qwen3-32B-FP8
    revision: main
    flags: { max-model-len: 4096, seed: 1 }
    env: { FIRST: one, SECOND: two, HF_TOKEN: { from_env: HF_TOKEN } }
  tuned:
    local_path: /models/tuned
  plain:
    repo: acme/plain
    nodes: 2
`;

export const ANA: Actor = { name: 'ana', address: '127.0.0.1', requestId: 'req_1' };

export type Running = Readonly<{ store: Store; catalog: YamlCatalogSource; editor: YamlCatalogEditor; tick: () => Promise<void> }>;

export type CatalogBench = Readonly<{
  path: (below: string) => string;
  write: (below: string, content: string) => void;
  overrides: () => string;
  /** Opens a store and a catalog over the folder, as a start of the server does; what ran before is stopped. */
  start: (overrides?: string) => Promise<Running>;
  stop: () => Promise<void>;
  /** Done before the folder is removed. */
  atEnd: (action: () => void) => void;
}>;

export const OVERRIDES = 'data/models-overrides.yaml';

/** A folder with a catalog that is edited, removed after the test. */
export function catalogBench(): CatalogBench {
  let root = '';
  let running: Running | null = null;
  const ending: (() => void)[] = [];
  const path = (below: string): string => join(root, below);
  const write = (below: string, content: string): void => {
    mkdirSync(dirname(path(below)), { recursive: true });
    writeFileSync(path(below), content);
  };
  const stop = async (): Promise<void> => {
    running?.catalog.dispose();
    await running?.store.close();
    running = null;
  };
  const start = async (overrides = OVERRIDES): Promise<Running> => {
    await stop();
    const store = await openStore({ folder: path('data'), ...SMALL });
    let onTick = (): void => {};
    const catalog = new YamlCatalogSource({
      files: { models: path('config/models.yaml'), overrides: overrides === '' ? '' : path(overrides) },
      repeat: (tick) => {
        onTick = tick;
        return () => {};
      },
    });
    await catalog.attach(store.catalogHistory);
    const tick = async (): Promise<void> => {
      onTick();
      await catalog.inTurn(async () => {});
    };
    running = { store, catalog, editor: new YamlCatalogEditor({ catalog, ledger: store.catalogHistory }), tick };
    return running;
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'spark-catalog-'));
    mkdirSync(path('data'));
    write('config/models.yaml', BASE);
  });
  afterEach(async () => {
    await stop();
    for (const action of ending.splice(0)) action();
    rmSync(root, { recursive: true, force: true });
  });
  return { path, write, overrides: () => readFileSync(path(OVERRIDES), 'utf8'), start, stop, atEnd: (action) => void ending.push(action) };
}

export const create = (key: string, entry: EntryPatch): CatalogChange => ({ kind: 'create', key: modelKey(key), entry });
export const patch = (key: string, entry: EntryPatch): CatalogChange => ({ kind: 'patch', key: modelKey(key), entry });
export const knobs = (key: string, flags: EntryPatch, env: EntryPatch | null = null): CatalogChange => ({
  kind: 'knobs',
  key: modelKey(key),
  flags,
  env,
});
export const remove = (key: string): CatalogChange => ({ kind: 'remove', key: modelKey(key) });
export const revert = (key: string, revision: number): CatalogChange => ({ kind: 'revert', key: modelKey(key), revision });

export const modelIn = ({ models }: CatalogSnapshot, key: string) => models.find((model) => model.key === key) ?? null;
