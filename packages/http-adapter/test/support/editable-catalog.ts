import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterKey, createModelDesk, type PathVerdict, type WeightStore } from '@spark-control/core';
import { aCluster } from '../../../core/test/support/builders.ts';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { openStore, YamlCatalogEditor, YamlCatalogSource } from '../../../store-adapter/src/index.ts';
import { ScriptedCore } from './scripted-core.ts';
import { startServer, type TestServer } from './test-server.ts';

export type EditableCatalog = Readonly<{
  server: TestServer;
  /** What the hosts say of a local path. */
  paths: { answer: (path: string) => Promise<readonly PathVerdict[]> };
  write: (name: 'models.yaml' | 'over.yaml', content: string) => void;
  close: () => Promise<void>;
}>;

/** The real app over a real catalog on disk and its real history; only the hosts are made up. */
export async function startEditable(models: string): Promise<EditableCatalog> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-models-'));
  mkdirSync(join(folder, 'data'));
  const write: EditableCatalog['write'] = (name, content) => writeFileSync(join(folder, name), content);
  write('models.yaml', models);
  const store = await openStore({ folder: join(folder, 'data'), ballastBytes: 64 * 1024, minimumFreeBytes: 0 });
  const catalog = new YamlCatalogSource({
    files: { models: join(folder, 'models.yaml'), overrides: join(folder, 'over.yaml') },
    pollMs: 0,
  });
  await catalog.attach(store.catalogHistory);
  const core = new ScriptedCore();
  core.catalog = () => catalog.current();
  core.clusters = [aCluster()];
  core.swaps = async () => [];
  const paths: EditableCatalog['paths'] = { answer: async () => [] };
  const weights = { checkPath: (path: string) => paths.answer(path) } as unknown as WeightStore;
  const desk = createModelDesk({
    core,
    editor: new YamlCatalogEditor({ catalog, ledger: store.catalogHistory }),
    weights: new Map<ClusterKey, WeightStore>([[aCluster().key, weights]]),
    clock: new FakeClock(),
  });
  const server = await startServer({ models: desk }, core);
  const close = async (): Promise<void> => {
    await server.close();
    catalog.dispose();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, paths, write, close };
}
