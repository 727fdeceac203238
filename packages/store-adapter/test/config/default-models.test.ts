import { expect } from 'chai';
import { configurationFolder } from '../support/configuration.ts';

const yaml = (entry: string): string => `hosts:
  a: { address: a }
  b: { address: b }
clusters:
  one: { hosts: [a], launcher: docker_run, default_model: ${entry} }
  two: { hosts: [b], launcher: docker_run }
`;
const MODELS = 'models:\n  qwen: { repo: acme/qwen }\n  gemma: { repo: acme/gemma, clusters: [two] }\n';

describe('the default model of a cluster', () => {
  const place = configurationFolder();
  beforeEach(() => place.write('config/models.yaml', MODELS));

  it('comes back after a lock and a reboot, and not after idle time, unless the file says otherwise', () => {
    place.write('config/spark.yaml', yaml('{ model: qwen }'));
    const { defaultModels, warnings } = place.load();
    const rule = { cluster: 'one', model: 'qwen', afterLockRelease: true, afterIdleMs: null, afterReboot: true };
    expect(defaultModels).to.deep.equal([rule]);
    expect(warnings).to.deep.equal([]);
  });

  it('is switched by each of its three switches', () => {
    place.write('config/spark.yaml', yaml('{ model: qwen, after_lock_release: false, after_idle_seconds: 900, after_reboot: false }'));
    const [rule] = place.load().defaultModels;
    expect(rule).to.deep.include({ afterLockRelease: false, afterIdleMs: 900_000, afterReboot: false });
  });

  it('is none where the file, or there being no file, says so', () => {
    expect(place.load().defaultModels).to.deep.equal([]);
    place.write('config/spark.yaml', 'hosts:\n  a: { address: a }\n');
    expect(place.load().defaultModels).to.deep.equal([]);
  });

  it('may not be in the catalog yet, or not on this cluster: that is a warning', () => {
    place.write('config/spark.yaml', yaml('{ model: qwenn }'));
    expect(place.load().warnings).to.deep.equal(['Cluster one has a default model that is not in the catalog: qwenn.']);
    place.write('config/spark.yaml', yaml('{ model: gemma }'));
    expect(place.load().warnings).to.deep.equal(['Cluster one has a default model that may only run on two: gemma.']);
  });

  it('goes back after no idle time where that is too short, and says so', () => {
    const path = place.write('config/spark.yaml', yaml('{ model: qwen, after_idle_seconds: 5 }'));
    const { defaultModels, warnings } = place.load();
    expect(defaultModels[0]).to.include({ model: 'qwen', afterIdleMs: null });
    expect(warnings.join()).to.contain(`${path}#/clusters/one/default_model/after_idle_seconds, line 5: `).and.to.contain('at least 60');
  });

  const faults = [
    { of: 'a reserved key', entry: '{ model: unmanaged }', at: '/model', says: 'reserved' },
    { of: 'a name that is no key', entry: '{ model: "Qwen 3" }', at: '/model', says: 'Key of a model' },
    { of: 'no model', entry: '{ after_reboot: true }', at: '', says: '"model"' },
    { of: 'a switch that is a word', entry: '{ model: qwen, after_reboot: "yes" }', at: '/after_reboot', says: 'true or false' },
    { of: 'a switch nobody knows', entry: '{ model: qwen, after_swap: true }', at: '/after_swap', says: 'after_reboot' },
    { of: 'a bare name', entry: 'qwen', at: '', says: 'a map' },
  ] as const;
  for (const { of, entry, at, says } of faults) {
    it(`refuses ${of}, with its place`, () => {
      place.write('config/spark.yaml', yaml(entry));
      const { code, issues } = place.fault();
      expect(code).to.equal('INVALID_SETTINGS');
      expect(issues[0]?.path).to.equal(`config/spark.yaml#/clusters/one/default_model${at}`);
      expect(issues[0]?.line).to.equal(5);
      expect(issues[0]?.message).to.contain(says);
    });
  }
});
