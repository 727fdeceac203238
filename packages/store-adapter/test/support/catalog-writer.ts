// A process that is killed while it edits the catalog: says on stdout what it is about to do, and each edit once it is acknowledged.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogChange, type Model, modelKey } from '@spark-control/core';
import { openStore, YamlCatalogEditor, YamlCatalogSource } from '@spark-control/store-adapter';
import { SMALL } from './folders.ts';
import { randomOf } from './random.ts';

const [folder = '', seed = '', from = ''] = process.argv.slice(2);
const random = randomOf(Number(seed));
const store = await openStore({ folder: join(folder, 'data'), ...SMALL });
const files = { models: join(folder, 'config/models.yaml'), overrides: join(folder, 'data/models-overrides.yaml') };
const catalog = new YamlCatalogSource({ files, pollMs: 5 });
await catalog.attach(store.catalogHistory);
const editor = new YamlCatalogEditor({ catalog, ledger: store.catalogHistory });
const actor = { name: 'writer', address: null, requestId: null };

/** What the test compares: text and one flag of a model; `null`: it is not there. */
const stateOf = (model: Model | undefined): unknown =>
  model === undefined ? null : [model.description, model.flags['max-num-seqs'] ?? null];

for (let index = Number(from); ; index += 1) {
  const key = modelKey(`k${random(8)}`);
  const now = catalog.current().models.find((model) => model.key === key);
  const description = `edit-${index}`;
  const kind = now === undefined ? 'create' : (['patch', 'patch', 'knobs', 'remove'] as const)[random(4)];
  const change: CatalogChange =
    kind === 'create'
      ? { kind, key, entry: { repo: `acme/${key}`, description, flags: { 'max-num-seqs': index + 1 } } }
      : kind === 'knobs'
        ? { kind, key, flags: { 'max-num-seqs': index + 1 }, env: null }
        : kind === 'patch'
          ? { kind, key, entry: { description } }
          : { kind: 'remove', key };
  const [text, flag] = (stateOf(now) ?? [null, null]) as [unknown, unknown];
  const wanted = {
    create: [description, index + 1],
    patch: [description, flag],
    knobs: [text, index + 1],
    remove: null,
  }[change.kind as 'create' | 'patch' | 'knobs' | 'remove'];
  writeSync(1, `BEGIN ${key} ${JSON.stringify(wanted)}\n`);
  const snapshot = await editor.apply(change, null, actor);
  writeSync(1, `ACK ${key} ${JSON.stringify(stateOf(snapshot.models.find((model) => model.key === key)))} ${snapshot.revision}\n`);
}
