import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { parse } from 'yaml';
import { configurationFolder } from '../support/configuration.ts';

const CONFIG = fileURLToPath(new URL('../../../../config/', import.meta.url));
const shipped = (name: string): string => readFileSync(join(CONFIG, name), 'utf8');

describe('services.yaml', () => {
  const place = configurationFolder();

  it('lists services, and marks those that are disabled', () => {
    place.write(
      'config/services.yaml',
      'services:\n  tts: { kind: text_to_speech, port: 8880 }\n  db: { name: Store, kind: vector_store, url: "http://db.lan:6333/", api_key: { from_env: DB_KEY } }\n',
    );
    const [tts, db] = place.load({ DISABLED_SERVICES: 'tts other' }).services;
    expect(tts).to.include({ key: 'tts', name: 'tts', port: 8880, url: null, healthPath: '/health', isDisabled: true });
    expect(db).to.include({
      name: 'Store',
      url: 'http://db.lan:6333',
      healthPath: '/healthz',
      apiKeyVariable: 'DB_KEY',
      isDisabled: false,
    });
  });

  const faults = [
    { of: 'neither url nor port', yaml: 'services:\n  a: { kind: http }\n', at: '/services/a', line: 2 },
    { of: 'url and port', yaml: 'services:\n  a: { kind: http, port: 1, url: "http://x" }\n', at: '/services/a', line: 2 },
    { of: 'an unknown kind', yaml: 'services:\n  a: { kind: magic, port: 1 }\n', at: '/services/a/kind', line: 2 },
    { of: 'an unknown host', yaml: 'services:\n  a:\n    kind: http\n    port: 1\n    host: mars\n', at: '/services/a/host', line: 5 },
    { of: 'a key in the file', yaml: 'services:\n  a: { kind: http, port: 1, api_key: hunter2 }\n', at: '/services/a/api_key', line: 2 },
  ] as const;
  for (const { of, yaml, at, line } of faults) {
    it(`refuses ${of}, with its place`, () => {
      place.write('config/spark.yaml', 'hosts: { a: { address: a } }\n');
      place.write('config/services.yaml', yaml);
      const { code, issues } = place.fault();
      expect(code).to.equal('INVALID_SETTINGS');
      expect(issues[0]).to.include({ path: `config/services.yaml#${at}`, line });
    });
  }
});

describe('the configuration that comes with Spark Control', () => {
  const place = configurationFolder();

  it('is valid, runs simulated, and has more than ten models without a warning', () => {
    for (const name of ['models.yaml', 'services.yaml']) place.write(`config/${name}`, shipped(name));
    const { simulated, catalog, services, warnings } = place.load();
    expect(simulated).to.equal(true);
    expect(catalog.current().models.length).to.be.greaterThan(10);
    expect(catalog.current().models.filter(({ weightsBytes, source }) => weightsBytes === null && source.kind === 'repo')).to.deep.equal(
      [],
    );
    expect(services.map(({ key }) => key)).to.include.members(['parakeet-asr', 'kokoro-tts', 'embeddings', 'qdrant', 'open-webui']);
    expect(warnings).to.deep.equal([]);
  });

  it('has an example for a pair under launch-cluster.sh', () => {
    place.write('config/spark.yaml', shipped('spark.example.yaml'));
    const { clusters, warnings } = place.load();
    expect(clusters).to.have.length(1);
    expect(clusters[0]).to.include({
      key: 'default',
      launcher: 'launch_cluster',
      port: 8888,
      container: 'vllm_node',
      launcherDirectory: '~/spark-vllm-docker',
    });
    expect(clusters[0]?.hosts.map(({ fabricAddress }) => fabricAddress)).to.deep.equal(['192.168.177.11', '192.168.177.12']);
    expect(warnings.join()).not.to.contain('spark.yaml');
  });

  it('has an example for two single hosts under docker run', () => {
    const [, second = ''] = shipped('spark.example.yaml').split('# --- Installation B');
    const sections = second.split('\n#\n').slice(1).join('\n');
    place.write('config/spark.yaml', sections.replaceAll(/^# ?/gm, ''));
    const { clusters } = place.load();
    expect(clusters.map(({ key, hosts, port, container }) => [key, hosts.length, port, container])).to.deep.equal([
      ['default', 1, 8000, 'vllm-gemma4'],
      ['second', 1, 8000, 'vllm-gemma4'],
    ]);
  });

  for (const [yaml, schema] of [
    ['models.yaml', 'models'],
    ['services.yaml', 'services'],
    ['spark.example.yaml', 'spark'],
  ] as const) {
    it(`has a JSON Schema that accepts ${yaml} and refuses a field that nobody knows`, () => {
      const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(shipped(`${schema}.schema.json`)) as object);
      const content = parse(shipped(yaml)) as Record<string, unknown>;
      expect(validate(content), JSON.stringify(validate.errors)).to.equal(true);
      expect(validate({ ...content, nonsense: 1 })).to.equal(false);
      expect(shipped(yaml)).to.contain(`$schema=./${schema}.schema.json`);
    });
  }
});
