import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostKey, type NewService } from '@spark-control/core';
import { FilePatchSource, YamlServiceRegistry } from '@spark-control/store-adapter';
import { expect } from 'chai';
import { aService } from '../../../core/test/support/service-samples.ts';
import { configurationFolder } from '../support/configuration.ts';
import { rejection } from '../support/folders.ts';

const BASE = 'services:\n  tts: { kind: tts, port: 8880, container: kokoro }\n  db: { kind: qdrant, port: 6333 }\n';
const NIM: NewService = {
  ...{ key: 'nim', name: 'A NIM', kind: 'openai', host: hostKey('spark-a'), port: 8001, healthPath: '/v1/health/ready' },
  ...{ model: null, container: 'nim', usesGpu: true },
};

describe('services-overrides.yaml', () => {
  const place = configurationFolder();
  beforeEach(() => {
    place.write('config/spark.yaml', 'hosts: { spark-a: { address: a } }\n');
    place.write('config/services.yaml', BASE);
  });

  it('changes fields, adds services, hides them, and moves them elsewhere', () => {
    const overrides = `services:
  tts: { url: "http://far.lan", name: Far }
  db: null
  watch: { kind: vllm, port: 8888 }
`;
    place.write('data/services-overrides.yaml', overrides);
    const all = place.load().services.all();
    expect(all.map(({ key, origin }) => [key, origin])).to.deep.equal([
      ['tts', 'override'],
      ['watch', 'override'],
    ]);
    expect(all[0]).to.include({ url: 'http://far.lan', port: null, name: 'Far', container: 'kokoro' });
  });

  it('is looked for where SERVICES_OVERRIDES says, and need not be there', () => {
    place.write('else/where.yaml', 'services: { db: null }\n');
    expect(place.load({ SERVICES_OVERRIDES: place.path('else/where.yaml') }).services.all()).to.have.length(1);
    expect(place.load({ SERVICES_OVERRIDES: place.path('nowhere/at/all.yaml') }).services.all()).to.have.length(2);
  });

  it('is told apart in faults, by path and line', () => {
    place.write('data/services-overrides.yaml', '# mine\nservices:\n  tts: { port: 6333 }\n  x: { kind: http, port: 5, colour: red }\n');
    const { issues } = place.fault();
    expect(issues[0]).to.deep.include({ path: 'data/services-overrides.yaml#/services/x/colour', line: 4, code: 'unknown_field' });
    place.write('data/services-overrides.yaml', '# mine\nservices:\n  db: { port: 8880 }\n');
    expect(place.fault().issues[0]).to.include({ path: 'data/services-overrides.yaml#/services/db/port', line: 3, code: 'port_clash' });
  });
});

describe('the registry of services', () => {
  const place = configurationFolder();
  let tick: () => void = () => undefined;
  let registry: YamlServiceRegistry;
  const open = (): YamlServiceRegistry => {
    const files = { services: place.path('config/services.yaml'), overrides: place.path('data/services-overrides.yaml') };
    const surroundings = { clusters: [], disabled: [], userOf: () => null, home: '/home/me' };
    registry = new YamlServiceRegistry({
      files,
      surroundings,
      repeat: (poll) => {
        tick = poll;
        return () => undefined;
      },
    });
    return registry;
  };
  const later = (name: string): void => utimesSync(place.path(name), new Date(), new Date(Date.now() + 5_000));
  beforeEach(() => {
    place.write('config/services.yaml', BASE);
    mkdirSync(place.path('data'), { recursive: true });
  });

  it('sees a changed file, keeps the last good services while it is broken, and says so', () => {
    open();
    place.write('config/services.yaml', `${BASE}  more: { kind: http, port: 1 }\n`);
    later('config/services.yaml');
    tick();
    expect(registry.all().map(({ key }) => key)).to.deep.equal(['tts', 'db', 'more']);
    place.write('config/services.yaml', 'services: [\n');
    tick();
    expect(registry.all()).to.have.length(3);
    expect(registry.fault).to.contain('the last good ones are used').and.to.contain('services.yaml');
    rmSync(place.path('config/services.yaml'));
    tick();
    expect(registry.fault).to.contain('The file is gone.');
    place.write('config/services.yaml', BASE);
    tick();
    expect([registry.all().length, registry.fault]).to.deep.equal([2, null]);
  });

  it('adds a service to the overrides, whose comments and order stay', async () => {
    place.write('data/services-overrides.yaml', '# mine\nservices:\n  db: null # not here\n  tts: { name: Voice }\n');
    const added = await open().add(NIM);
    expect(added).to.include({ ...NIM, origin: 'override', isDisabled: false });
    const text = readFileSync(place.path('data/services-overrides.yaml'), 'utf8');
    expect(text).to.match(/^# mine\nservices:\n {2}db: null # not here\n {2}tts: \{ name: Voice \}\n {2}nim:\n/);
    expect(registry.all().map(({ key }) => key)).to.deep.equal(['tts', 'nim']);
    expect(readFileSync(place.path('config/services.yaml'), 'utf8')).to.equal(BASE);
  });

  it('does not touch overrides in another encoding, whose letters it would change', async () => {
    const latin = Buffer.from('# f\xfcr uns\nservices: {}\n', 'latin1');
    place.write('data/services-overrides.yaml', '');
    writeFileSync(place.path('data/services-overrides.yaml'), latin);
    expect((await rejection(open().add(NIM))).message).to.contain('not UTF-8 throughout');
    expect(readFileSync(place.path('data/services-overrides.yaml')).equals(latin)).to.equal(true);
  });

  it('makes the file when there is none, and reads it again in the next process', async () => {
    await open().add(NIM);
    expect(open().all().at(-1)).to.include(NIM);
  });

  for (const { of, over, code } of [
    { of: 'whose key is taken', over: { key: 'tts' }, code: 'duplicate' },
    { of: 'whose port is taken', over: { port: 6333, host: null }, code: 'port_clash' },
    { of: 'whose key is none', over: { key: 'Not A Key' }, code: 'bad_key' },
  ]) {
    it(`refuses a service ${of}, and writes nothing`, async () => {
      const error = (await rejection(open().add({ ...NIM, ...over }))) as {
        code?: string;
        message: string;
        details?: { issues: { code: string }[] };
      };
      expect(error.code).to.equal('INVALID_SETTINGS');
      expect(error.details?.issues.map((issue) => issue.code)).to.include(code);
      expect(existsSync(place.path('data/services-overrides.yaml'))).to.equal(false);
    });
  }

  it('says which folder to make or to make writable when the file cannot be written', async () => {
    open();
    rmSync(place.path('data'), { recursive: true });
    const error = await rejection(registry.add(NIM));
    expect(error.code).to.equal('READ_ONLY');
    expect(error.message).to.contain(place.path('data')).and.to.contain('Make it');
  });
});

describe('the files of patches', () => {
  const place = configurationFolder();
  const read = (...sources: readonly string[]) =>
    new FilePatchSource().read(
      aService({ patches: sources.map((source, index) => ({ name: `p${index}`, source, target: `/t${index}` })) }),
    );

  it('are read with their checksums', async () => {
    const source = place.write('x.py', 'abc');
    symlinkSync(source, place.path('link.py'));
    const [file, link] = await read(source, place.path('link.py'));
    expect(file?.digest).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(link?.digest).to.equal(file?.digest);
    expect(Buffer.from(file?.content ?? []).toString()).to.equal('abc');
  });

  it('are refused one by one when they are missing, no files, or too large', async () => {
    place.write('big.py', 'x'.repeat(2 ** 20 + 1));
    const error = (await rejection(read(place.path('gone.py'), place.path(''), place.path('big.py')))) as {
      code?: string;
      message: string;
      details?: { issues: { path: string; message: string }[] };
    };
    expect(error.code).to.equal('INVALID_SETTINGS');
    const issues = error.details?.issues ?? [];
    expect(issues.map(({ path }) => path)).to.deep.equal([0, 1, 2].map((index) => `/services/kokoro-tts/patches/${index}/source`));
    expect(issues[0]?.message).to.contain('gone.py (patch p0) is not there');
    expect(issues[1]?.message).to.contain('is no file');
    expect(issues[2]?.message).to.contain('1048577 bytes');
  });

  it('are refused together when they are too much for one script', async () => {
    const sources = [0, 1, 2].map((index) => place.write(`${index}.py`, 'x'.repeat(2 ** 20)));
    expect((await rejection(read(...sources))).message).to.contain('bytes together');
  });
});
