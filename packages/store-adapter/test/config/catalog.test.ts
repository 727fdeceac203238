import { rmSync, utimesSync } from 'node:fs';
import type { CatalogSnapshot } from '@spark-control/core';
import { YamlCatalogSource } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { configurationFolder } from '../support/configuration.ts';

const TWO_MODELS = `models:
  qwen:
    repo: Qwen/Qwen3-32B-FP8
    flags: { max-model-len: 4096, seed: 1 }
    env: { FIRST: one, SECOND: two }
  tuned:
    local_path: /models/tuned
`;

describe('the catalog of models.yaml', () => {
  const place = configurationFolder();
  const keysOf = ({ models }: CatalogSnapshot): readonly string[] => models.map(({ key }) => key);

  it('holds the models in the order of the file', () => {
    place.write('config/models.yaml', TWO_MODELS);
    const snapshot = place.load().catalog.current();
    expect(keysOf(snapshot)).to.deep.equal(['qwen', 'tuned']);
    expect(snapshot.fault).to.equal(null);
    expect(snapshot.models[1]).to.deep.include({
      source: { kind: 'local_path', path: '/models/tuned' },
      servedModelName: 'tuned',
      nodes: 1,
    });
  });

  it('is empty with a warning when there is no file', () => {
    const { catalog, warnings } = place.load();
    expect(catalog.current().models).to.deep.equal([]);
    expect(warnings.join('\n')).to.contain('models.yaml');
  });

  it('lets overrides change fields, flags and variables one by one, add models and hide them', () => {
    place.write('config/models.yaml', TWO_MODELS);
    place.write(
      'data/models-overrides.yaml',
      `models:
  qwen: { name: Mine, flags: { max-model-len: 8192, seed: null }, env: { SECOND: three } }
  tuned: null
  extra: { repo: a/b }
`,
    );
    const { models } = place.load().catalog.current();
    expect(models.map(({ key, origin }) => [key, origin])).to.deep.equal([
      ['qwen', 'override'],
      ['extra', 'custom'],
    ]);
    expect(models[0]).to.deep.include({ name: 'Mine', flags: { 'max-model-len': 8192 } });
    expect(models[0]?.env).to.deep.equal({ FIRST: { kind: 'literal', value: 'one' }, SECOND: { kind: 'literal', value: 'three' } });
  });

  it('lets an override swap the repository for a folder', () => {
    place.write('config/models.yaml', TWO_MODELS);
    place.write('data/models-overrides.yaml', 'models:\n  qwen: { local_path: /models/qwen }\n');
    expect(place.load().catalog.current().models[0]?.source).to.deep.equal({ kind: 'local_path', path: '/models/qwen' });
  });

  it('takes the overrides from MODELS_OVERRIDES', () => {
    const path = place.write('elsewhere.yaml', 'models: { only: { repo: a/b } }\n');
    expect(keysOf(place.load({ MODELS_OVERRIDES: path }).catalog.current())).to.deep.equal(['only']);
  });

  it('warns of models that no cluster can run', () => {
    place.write('config/models.yaml', 'models:\n  wide: { repo: a/b, nodes: 3 }\n  lost: { repo: a/b2, clusters: [mars] }\n');
    const warnings = place.load().warnings.join('\n');
    expect(warnings).to.contain('wide needs 3 hosts').and.to.contain('does not exist: mars');
  });

  const faults = [
    { of: 'YAML that does not parse', yaml: 'models:\n  a: [\n', at: '', says: 'not valid YAML' },
    { of: 'a field at the top that nobody knows', yaml: 'models: {}\nmodel: {}\n', at: '/model', line: 2, says: 'no field "model"' },
    { of: 'a wrong type', yaml: 'models:\n  a:\n    repo: a/b\n    nodes: two\n', at: '/models/a/nodes', line: 4, says: 'whole number' },
    { of: 'an unknown field', yaml: 'models:\n  a:\n    repo: a/b\n    falgs: {}\n', at: '/models/a/falgs', line: 4, says: 'flags' },
    { of: 'a model without a source', yaml: 'models:\n  a:\n    name: A\n', at: '/models/a', line: 2, says: 'Set repo or local_path' },
    {
      of: 'a misspelt flag',
      yaml: 'models:\n  a:\n    repo: a/b\n    flags:\n      max-modle-len: 1\n',
      at: '/models/a/flags/max-modle-len',
      line: 5,
      says: 'max-model-len',
    },
    {
      of: 'a flag out of range',
      yaml: 'models:\n  a:\n    repo: a/b\n    flags: { gpu-memory-utilization: 8 }\n',
      at: '/models/a/flags/gpu-memory-utilization',
      line: 4,
      says: '1',
    },
    { of: 'models that are a list', yaml: 'models:\n  - a\n', at: '/models', line: 1, says: 'map' },
  ] as const;
  for (const fault of faults) {
    it(`refuses ${fault.of}, with its place`, () => {
      place.write('config/models.yaml', fault.yaml);
      const { code, issues } = place.fault();
      expect(code).to.equal('INVALID_CATALOG');
      expect(issues[0]?.path).to.equal(`config/models.yaml#${fault.at}`);
      if ('line' in fault) expect(issues[0]?.line).to.equal(fault.line);
      expect(issues[0]?.message).to.contain(fault.says);
    });
  }

  it('reports a fault of the overrides in the overrides', () => {
    place.write('config/models.yaml', TWO_MODELS);
    place.write('data/models-overrides.yaml', 'models:\n  qwen:\n    nodes: many\n');
    expect(place.fault().issues).to.have.length(1);
    expect(place.fault().issues[0]).to.include({ path: 'data/models-overrides.yaml#/models/qwen/nodes', line: 3 });
  });
});

describe('a catalog whose file changes', () => {
  const place = configurationFolder();
  let tick: () => void = () => {};
  let source: YamlCatalogSource | null = null;
  let isStopped = false;

  const open = (content: string): YamlCatalogSource => {
    const models = place.write('config/models.yaml', content);
    isStopped = false;
    source = new YamlCatalogSource({
      files: { models, overrides: place.path('data/models-overrides.yaml') },
      repeat: (onTick) => {
        tick = onTick;
        return () => {
          isStopped = true;
        };
      },
    });
    return source;
  };
  /** Writes with a time of its own: two writes within one tick of the file system's clock would look the same. */
  const change = (content: string, second: number): void => {
    utimesSync(place.write('config/models.yaml', content), 2_000_000_000 + second, 2_000_000_000 + second);
    tick();
  };
  afterEach(() => source?.dispose());

  it('is read again, with a higher revision, and tells who asked', () => {
    const catalog = open('models: { a: { repo: a/a } }\n');
    const first = catalog.current();
    const told: CatalogSnapshot[] = [];
    catalog.subscribe((snapshot) => told.push(snapshot));
    change('models: { b: { repo: b/b } }\n', 1);
    expect(catalog.current().models.map(({ key }) => key)).to.deep.equal(['b']);
    expect(catalog.current().revision).to.be.greaterThan(first.revision);
    expect(told).to.deep.equal([catalog.current()]);
    expect(first.models.map(({ key }) => key)).to.deep.equal(['a']);
  });

  it('keeps its revision when only comments changed', () => {
    const catalog = open('models: { a: { repo: a/a } }\n');
    const { revision } = catalog.current();
    change('# a comment\nmodels: { a: { repo: a/a } }\n', 1);
    expect(catalog.current().revision).to.equal(revision);
  });

  it('keeps the last good models while the file is broken or gone, says so, and recovers', () => {
    const catalog = open('models: { a: { repo: a/a } }\n');
    const { revision } = catalog.current();
    change('models: { a: { repo: a/a }\n', 1);
    expect(catalog.current().models.map(({ key }) => key)).to.deep.equal(['a']);
    expect(catalog.current().fault).to.contain('models.yaml').and.to.contain('line');
    expect(catalog.current().revision, 'the models are as they were').to.equal(revision);

    rmSync(place.path('config/models.yaml'));
    tick();
    expect(catalog.current().models.map(({ key }) => key)).to.deep.equal(['a']);
    expect(catalog.current().fault).to.contain('The file is gone');

    change('models: { a: { repo: a/a } }\n', 2);
    expect(catalog.current()).to.deep.include({ fault: null });
  });

  it('sees overrides that appear later', () => {
    const catalog = open('models: { a: { repo: a/a } }\n');
    place.write('data/models-overrides.yaml', 'models: { a: { name: Other } }\n');
    tick();
    expect(catalog.current().models[0]).to.include({ name: 'Other', origin: 'override' });
  });

  it('stops looking once it is disposed', () => {
    open('models: {}\n').dispose();
    expect(isStopped).to.equal(true);
  });
});
