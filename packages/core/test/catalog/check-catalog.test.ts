import { expect } from 'chai';
import { checkCatalog, type Issue } from '../../src/index.ts';

const issues = (raw: unknown): readonly Issue[] => {
  const result = checkCatalog(raw);
  return 'issues' in result ? result.issues : [];
};

describe('checkCatalog', () => {
  it('gives back the models in the order of the file', () => {
    const result = checkCatalog({ b: { repo: 'o/b' }, a: { repo: 'o/a' } }, { origin: 'override', path: '/catalog' });
    expect('models' in result && result.models.map((model) => [model.key, model.origin])).to.deep.equal([
      ['b', 'override'],
      ['a', 'override'],
    ]);
  });

  it('takes an empty map', () => expect(checkCatalog({})).to.deep.equal({ models: [] }));

  it('is invalid as a whole when one entry is, and names each fault', () => {
    const found = issues({ a: { repo: 'o/a' }, b: { repo: 'o' }, c: 5 });
    expect(found.map((issue) => `${issue.path} ${issue.code}`)).to.deep.equal(['/models/b/repo bad_repo', '/models/c wrong_type']);
  });

  it('refuses two models under one served name', () => {
    const found = issues({ a: { repo: 'o/a', served_model_name: 'best' }, b: { repo: 'o/b', served_model_name: 'best' } });
    expect(found).to.have.length(1);
    expect(found[0]).to.include({ path: '/models/b/served_model_name', code: 'duplicate_name' });
    expect(found[0]?.message).to.include('"best" already leads to model a').and.include('served-model-name: [...]');
  });

  it('refuses the key of another model as served name, also of one further down', () => {
    expect(issues({ a: { repo: 'o/a', served_model_name: 'b' }, b: { repo: 'o/b' } }).map((issue) => issue.path)).to.deep.equal([
      '/models/a/served_model_name',
    ]);
  });

  it('lets several models share an alias', () => {
    const flags = { 'served-model-name': ['default'] };
    expect(issues({ a: { repo: 'o/a', flags }, b: { repo: 'o/b', flags } })).to.deep.equal([]);
  });

  for (const raw of [null, [], 'x', 1]) {
    it(`refuses ${JSON.stringify(raw)} in place of the map`, () =>
      expect(issues(raw).map((issue) => issue.path)).to.deep.equal(['/models']));
  }
});
