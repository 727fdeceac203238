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
      'services:\n  tts: { kind: tts, port: 8880 }\n  db: { name: Store, kind: qdrant, url: "http://db.lan:6333/", api_key: { from_env: DB_KEY } }\n',
    );
    const { services, warnings } = place.load({ DISABLED_SERVICES: 'tts other' });
    const [tts, db] = services.all();
    expect(tts).to.include({ key: 'tts', name: 'tts', port: 8880, url: null, healthPath: '/health', isDisabled: true, usesGpu: true });
    expect(db).to.include({
      name: 'Store',
      url: 'http://db.lan:6333',
      healthPath: '/healthz',
      apiKeyVariable: 'DB_KEY',
      isDisabled: false,
    });
    expect(db).to.include({ usesGpu: false, origin: 'file', user: null });
    expect(warnings.join()).to.contain('DISABLED_SERVICES names "other", which is no service. There are tts, db.');
  });

  it('takes the kinds by the names that they had, and says what they are called now', () => {
    const old = { speech_to_text: 'asr', text_to_speech: 'tts', vector_store: 'qdrant', web_ui: 'open_webui' };
    const lines = Object.keys(old).map((kind, index) => `  s${index}: { kind: ${kind}, port: ${index + 1} }\n`);
    place.write('config/services.yaml', `services:\n${lines.join('')}`);
    const { services, warnings } = place.load();
    expect(services.all().map(({ kind }) => kind)).to.deep.equal(Object.values(old));
    expect(warnings.join('\n')).to.contain('services.yaml line 3: the kind text_to_speech of service s1 is called tts now');
  });

  it('reads what a container is to have: user, cap, patches', () => {
    place.write(
      'config/services.yaml',
      `services:
  parakeet-asr:
    kind: asr
    port: 1
    user: audio
    uses_gpu: false
    memory_limit: 1.5GiB
    patches: [{ name: server, source: patches/server.py, target: /app/server.py }, { name: home, source: ~/x, target: /x }]
    probe_path: /transcribe
`,
    );
    const [service] = place.load().services.all();
    expect(service).to.deep.include({ user: 'audio', usesGpu: false, memoryLimitBytes: 1.5 * 2 ** 30 });
    expect(service?.probe).to.deep.equal({ path: '/transcribe', voice: null, speakers: null });
    expect(service?.patches).to.deep.equal([
      { name: 'server', source: place.path('config/patches/server.py'), target: '/app/server.py' },
      { name: 'home', source: '/home/me/x', target: '/x' },
    ]);
    expect(place.load({ PARAKEET_USER: 'other' }).services.all()[0]?.user).to.equal('other');
  });

  const faults = [
    { of: 'neither url nor port', entry: 'a: { kind: http }', at: '/services/a', says: 'either url or port' },
    { of: 'url and port', entry: 'a: { kind: http, port: 1, url: "http://x" }', at: '/services/a', says: 'either url or port' },
    { of: 'an unknown kind', entry: 'a: { kind: magic, port: 1 }', at: '/services/a/kind', says: '"diarizer"' },
    { of: 'an unknown host', entry: 'a: { kind: http, port: 1, host: mars }', at: '/services/a/host', says: 'The hosts are spark-a' },
    { of: 'a key in the file', entry: 'a: { kind: http, port: 1, api_key: hunter2 }', at: '/services/a/api_key', says: 'a map' },
    { of: 'a password in a url', entry: 'a: { kind: http, url: "http://u:p@x" }', at: '/services/a/url', says: 'must not hold a password' },
    { of: 'a cap of nothing', entry: 'a: { kind: http, port: 1, memory_limit: 8 }', at: '/services/a/memory_limit', says: 'from 64MiB' },
    { of: 'a cap in no unit', entry: 'a: { kind: http, port: 1, memory_limit: 8G }', at: '/services/a/memory_limit', says: '8GiB' },
    { of: 'a user that is none', entry: 'a: { kind: http, port: 1, user: "x; y" }', at: '/services/a/user', says: 'Login user' },
    { of: 'a key that is there twice', entry: 'a: { kind: http, port: 1 }\n  a: { kind: http, port: 2 }', at: '', says: 'unique' },
    {
      of: 'two services on one port',
      entry: 'b: { kind: http, port: 7, host: spark-a }\n  a: { kind: http, port: 7 }',
      at: '/services/a/port',
      says: 'Port 7 of spark-a belongs to service b already',
    },
    {
      of: 'the port of a cluster',
      entry: 'a: { kind: http, port: 8888 }',
      at: '/services/a/port',
      says: 'belongs to cluster default already',
    },
    {
      of: 'a target that leads elsewhere',
      entry: 'a: { kind: http, port: 1, patches: [{ name: x, source: x, target: /a/../b }] }',
      at: '/services/a/patches/0/target',
      says: 'without ".."',
    },
    {
      of: 'two patches of one file',
      entry: 'a: { kind: http, port: 1, patches: [{ name: x, source: x, target: /b }, { name: y, source: y, target: /b }] }',
      at: '/services/a/patches/1/target',
      says: 'Two patches write /b',
    },
  ] as const;
  for (const { of, entry, at, says } of faults) {
    it(`refuses ${of}, with its place`, () => {
      place.write('config/spark.yaml', 'hosts: { spark-a: { address: a } }\n');
      place.write('config/services.yaml', `services:\n  ${entry}\n`);
      const { code, issues } = place.fault();
      expect(code).to.equal('INVALID_SETTINGS');
      expect(issues[0]).to.include({ path: `config/services.yaml#${at}` });
      expect(issues[0]?.line).to.be.within(2, 3);
      expect(issues[0]?.message).to.contain(says);
    });
  }

  it('lets a monitor watch the port of a cluster, and two services share one while one is disabled', () => {
    place.write('config/spark.yaml', 'hosts: { spark-a: { address: a } }\n');
    place.write(
      'config/services.yaml',
      'services:\n  m: { kind: vllm, port: 8888 }\n  a: { kind: http, port: 1 }\n  b: { kind: http, port: 1 }\n',
    );
    expect(place.load({ DISABLED_SERVICES: 'b' }).services.all()).to.have.length(3);
  });
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
    expect(services.all().map(({ key }) => key)).to.include.members(['parakeet-asr', 'kokoro-tts', 'embeddings', 'qdrant', 'open-webui']);
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
