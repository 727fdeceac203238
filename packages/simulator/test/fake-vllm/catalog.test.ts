import { fileURLToPath } from 'node:url';
import { buildPlan, type FlagValue, type KnownFlag, knownFlags, type Model, modelKey, vllmArgs } from '@spark-control/core';
import { expect } from 'chai';
import { YamlCatalogSource } from '../../../store-adapter/src/index.ts';
import { profileOf } from '../../src/cluster/load-time.ts';
import { parseCommandLine } from '../../src/fake-vllm/serve-options.ts';
import { SIMULATED_SPARKS, spedUp, systemClock } from '../../src/index.ts';
import { endFakes, startFake } from '../support/fakes.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../../../config/${name}`, import.meta.url));

const BARE: Model = {
  key: modelKey('bare'),
  name: 'Bare',
  description: null,
  source: { kind: 'repo', repo: 'acme/bare', revision: null },
  servedModelName: 'bare',
  image: null,
  nodes: 1,
  weightsBytes: null,
  flags: {},
  extraArgs: [],
  env: {},
  clusters: [],
  origin: 'catalog',
};

/** Values that the catalog takes for a flag. */
function samples({ type }: KnownFlag): readonly FlagValue[] {
  switch (type.kind) {
    case 'boolean':
      return [true, false];
    case 'integer':
      return [type.min ?? 1];
    case 'number':
      return [0.5];
    case 'text':
      return ['word', '-dash', ''];
    case 'choice':
      return type.values;
    case 'length':
      return [4096, '32k', '32K', 'auto', -1];
    case 'json':
      return [{ a: 1 }];
    case 'level_or_json':
      return [0, type.max, { mode: 3 }];
    case 'words':
      return [['one', 'two words']];
  }
}

describe('the fake vllm and the catalog', () => {
  afterEach(endFakes);

  it('takes every flag that an entry may set, with every kind of value', () => {
    for (const flag of knownFlags()) {
      for (const value of samples(flag)) {
        const words = ['serve', ...vllmArgs({ ...BARE, flags: { [flag.name]: value } })];
        const parsed = parseCommandLine(words);
        // A check across flags may still refuse it; argparse may not.
        if (parsed.kind === 'exit' && parsed.exitCode === 2) expect.fail(`${words.join(' ')}: ${parsed.output}`);
      }
    }
  });

  it('loads every model of the catalog that comes with the program', async () => {
    const catalog = new YamlCatalogSource({ files: { models: file('models.yaml'), overrides: file('no-overrides.yaml') }, pollMs: 0 });
    const { models } = catalog.current();
    expect(models.length).to.be.greaterThan(5);
    for (const model of models) {
      const plan = buildPlan(model, SIMULATED_SPARKS);
      const words = ['serve', ...plan.args, '--port', '0', '-tp', String(plan.nodes.length)];
      const { fake, output } = startFake(profileOf(plan), [], { argv: words, clock: spedUp(systemClock, 1_000) });
      expect(await fake.ready, `${model.key}: ${output()}`).to.equal(true);
      fake.stop('SIGKILL');
      await fake.exited;
    }
  });
});
