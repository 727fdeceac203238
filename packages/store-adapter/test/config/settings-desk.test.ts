import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuditEntry, Issue, SettingChange, SettingsView } from '@spark-control/core';
import { expect } from 'chai';
import { YamlSettings } from '../../src/index.ts';
import { configurationFolder } from '../support/configuration.ts';

const ACTOR = { name: 'ann', address: null, requestId: null };
const FILE = `# The pair in the cellar.
ssh:
  user: nvidia # everywhere

hosts:
  one: { address: 10.0.0.1 }
  two:
    address: 10.0.0.2
    port: 2222 # behind the router

server:
  port: 9000
`;

describe('the settings', () => {
  const place = configurationFolder();
  let audit: AuditEntry[] = [];

  const desk = (env: Readonly<Record<string, string>> = {}, readOnly: string | null = null): YamlSettings => {
    audit = [];
    return new YamlSettings({
      source: { folder: place.path('config'), dataFolder: place.path('data'), env: { HOME: '/home/me', ...env } },
      record: async (entry) => void audit.push(entry),
      clock: { now: () => 1_700_000_000_000 },
      warnings: ['an oddity'],
      readOnly,
    });
  };
  const at = (view: SettingsView, path: string) => {
    const found = view.settings.find((setting) => setting.path === path);
    if (found === undefined) throw new Error(`no setting ${path}`);
    return found;
  };
  const refused = async (of: YamlSettings, changes: readonly SettingChange[], expected: string | null = null) => {
    const error = await of.change(changes, expected, ACTOR).then(
      () => {
        throw new Error('expected the change to be refused');
      },
      (reason: unknown) => reason as { code: string; message: string; details: { issues?: readonly Issue[] } },
    );
    return { ...error, code: error.code, message: error.message, issues: (error.details?.issues ?? []).map(({ path }) => path) };
  };
  const text = (): string => readFileSync(place.path('config/spark.yaml'), 'utf8');

  it('are shown with their sources: file, environment, default', async () => {
    place.write('config/spark.yaml', FILE);
    const view = await desk({ PORT: '9100', VLLM_PORT: '8000', VLLM_CONTAINER: ' ', DRAIN_SECONDS: 'soon' }).view();
    expect(at(view, '/server/port')).to.include({ value: 9100, source: 'environment', variable: 'PORT', writable: false });
    expect(at(view, '/server/host')).to.include({ value: '127.0.0.1', source: 'default', variable: 'HOST', writable: true });
    expect(at(view, '/hosts/two/port')).to.include({ value: 2222, source: 'file', variable: null, writable: true });
    expect(at(view, '/hosts/one/user')).to.include({ value: 'nvidia', source: 'file' });
    expect(at(view, '/hosts/one/fabric_address')).to.include({ value: null, source: 'default' });
    // The variable stands in for what the file does not say: the file goes before it.
    expect(at(view, '/clusters/default/port')).to.include({ value: 8000, source: 'environment', variable: 'VLLM_PORT', writable: true });
    expect(at(view, '/clusters/default/container')).to.include({ value: 'vllm_node', source: 'default' });
    expect(at(view, '/limits/drain_seconds')).to.include({ value: 30, source: 'default' });
    expect(at(view, '/deadlines/stop_seconds')).to.include({ value: 120, source: 'default', variable: 'DEADLINE_STOP_SECONDS' });
    for (const { path, description } of view.settings) expect(description, path).to.not.equal('');
    expect(view.warnings).to.deep.equal(['an oddity']);
    expect(view.restartRequired).to.equal(false);
  });

  it('are those of the environment where that names the hosts, and simulated Sparks are nobody’s', async () => {
    const view = await desk({ SPARK1_HOST: '10.0.0.1', SPARK1_USER: 'me', SPARK2_HOST: '10.0.0.2', SPARK2_PORT: 'x' }).view();
    expect(at(view, '/hosts/spark2/user')).to.include({ value: 'me', source: 'environment', variable: 'SPARK1_USER', writable: false });
    expect(at(view, '/hosts/spark2/port')).to.include({ value: 22, source: 'environment' }).and.include({ writable: false });
    const simulated = await desk().view();
    expect(simulated.settings.some(({ path }) => path.startsWith('/hosts/'))).to.equal(false);
  });

  it('never show a secret, only that it is set', async () => {
    place.write('config/services.yaml', 'services: { db: { kind: http, port: 6333, api_key: { from_env: DB_PASS } } }\n');
    const env = {
      SWAP_WEBHOOK_SECRET: 'canary-1',
      NGC_API_KEY: 'canary-2',
      DB_PASS: 'canary-3',
      SWAP_WEBHOOK_URL: 'http://me:canary-4@hook.lan/x?token=canary-5',
    };
    const view = await desk(env).view();
    expect(JSON.stringify(view)).to.not.contain('canary');
    expect(at(view, 'env#/SWAP_WEBHOOK_SECRET')).to.include({ value: '***', source: 'environment', secret: true, writable: false });
    expect(at(await desk().view(), 'env#/NGC_API_KEY')).to.include({ value: null, source: 'default', secret: true });
    expect(at(view, 'env#/DB_PASS')).to.include({ value: '***', description: 'Key of db.' });
  });

  it('are changed in the file, where comments and order stay', async () => {
    place.write('config/spark.yaml', FILE);
    const settings = desk();
    const before = await settings.view();
    const changes = [
      { path: '/hosts/two/port', value: 2200 },
      { path: '/server/port', value: null },
      { path: '/clusters/default/port', value: 8000 },
      { path: '/deadlines/stop_seconds', value: 60 },
    ];
    const view = await settings.change(changes, before.revision, ACTOR);
    expect(text()).to.equal(`# The pair in the cellar.
ssh:
  user: nvidia # everywhere

hosts:
  one: { address: 10.0.0.1 }
  two:
    address: 10.0.0.2
    port: 2200 # behind the router

clusters:
  default:
    hosts: [ one, two ]
    port: 8000

deadlines:
  stop_seconds: 60
`);
    expect(at(view, '/clusters/default/port')).to.include({ value: 8000, source: 'file' });
    expect(view.restartRequired).to.equal(true);
    expect(view.revision).to.not.equal(before.revision);
    expect(place.load().clusters[0]?.port).to.equal(8000);
    expect(audit).to.have.length(1);
    expect(audit[0]).to.include({
      action: 'settings_changed',
      target: place.path('config/spark.yaml'),
      note: '/hosts/two/port, /server/port, /clusters/default/port, /deadlines/stop_seconds',
    });
    expect(readdirSync(place.path('config'))).to.deep.equal(['spark.yaml']);
  });

  it('are changed one after the other, and only by who has seen the last change', async () => {
    place.write('config/spark.yaml', FILE);
    const settings = desk();
    const { revision } = await settings.view();
    const [first, second] = await Promise.allSettled([
      settings.change([{ path: '/server/port', value: 1 }], revision, ACTOR),
      settings.change([{ path: '/server/port', value: 2 }], revision, ACTOR),
    ]);
    expect(first.status).to.equal('fulfilled');
    expect(second).to.have.nested.property('reason.code', 'STALE_REVISION');
    expect(text()).to.contain('port: 1\n');
    writeFileSync(place.path('config/spark.yaml'), FILE);
    expect((await settings.view()).revision).to.equal(revision);
    expect((await settings.view()).restartRequired).to.equal(false);
  });

  it('are changed over what somebody else has written meanwhile', async () => {
    mkdirSync(place.path('config'));
    const settings = desk();
    place.write('config/spark.yaml', FILE);
    await settings.change([{ path: '/clusters/default/port', value: 8000 }], null, ACTOR);
    expect(text()).to.contain('hosts: [ one, two ]');
  });

  it('make the file when there is none, if hosts are given', async () => {
    mkdirSync(place.path('config'));
    const settings = desk();
    expect(await refused(settings, [{ path: '/server/port', value: 9000 }])).to.deep.include({ code: 'INVALID_SETTINGS', issues: [''] });
    expect(existsSync(place.path('config/spark.yaml'))).to.equal(false);
    await settings.change([{ path: '/hosts/one', value: { address: '10.0.0.1', port: 2200 } }], null, ACTOR);
    expect(text()).to.match(/^# .*\n# .*\n\nhosts:\n {2}one:\n {4}address: 10.0.0.1\n {4}port: 2200\n$/);
    expect(place.load().clusters[0]?.hosts[0]).to.include({ address: '10.0.0.1', sshPort: 2200 });
    const lent = desk({ SPARK1_HOST: 'a' });
    expect((await lent.change([{ path: '/hosts/one/port', value: 22 }], null, ACTOR)).settings).to.not.equal([]);
  });

  const faults: readonly (readonly [of: string, change: SettingChange, at: string])[] = [
    ['a number out of range', { path: '/server/port', value: 70_000 }, '/server/port'],
    ['a number that is a word', { path: '/limits/body_bytes', value: 'much' }, '/limits/body_bytes'],
    ['a bad number in a section', { path: '/server', value: { port: -1 } }, '/server/port'],
    ['an unknown field', { path: '/server/colour', value: 'red' }, '/server/colour'],
    ['an unknown section', { path: '/colours', value: {} }, '/colours'],
    ['a bad address', { path: '/hosts/one/address', value: 'a b' }, '/hosts/one/address'],
    ['a bad key', { path: '/hosts/One', value: { address: 'a' } }, '/hosts/One'],
    ['a host nobody knows', { path: '/clusters/default', value: { hosts: ['mars'] } }, '/clusters/default/hosts/0'],
    ['the last host taken away', { path: '/hosts', value: null }, ''],
    ['a prototype', { path: '/__proto__/x', value: 1 }, '/__proto__/x'],
    ['the whole file', { path: '/', value: {} }, '/'],
  ];
  for (const [of, change, where] of faults) {
    it(`refuse ${of}, with its place, and leave the file alone`, async () => {
      place.write('config/spark.yaml', FILE);
      const { code, issues } = await refused(desk(), [{ path: '/server/host', value: '0.0.0.0' }, change]);
      expect([code, issues]).to.deep.equal(['INVALID_SETTINGS', [where]]);
      expect(text()).to.equal(FILE);
      expect(audit).to.deep.equal([]);
    });
  }

  it('refuse what the environment decides, by the name of the variable', async () => {
    place.write('config/spark.yaml', FILE);
    for (const path of ['/server/port', '/server']) {
      const { code, message } = await refused(desk({ PORT: '9100' }), [{ path, value: null }]);
      expect(code).to.equal('READ_ONLY');
      expect(message).to.contain('PORT');
    }
    // A variable that fell back decides nothing.
    expect(at(await desk({ PORT: 'x' }).change([{ path: '/server/port', value: 1 }], null, ACTOR), '/server/port').value).to.equal(1);
  });

  it('refuse to touch a file in another encoding, whose letters they would change', async () => {
    place.write('config/spark.yaml', FILE);
    const settings = desk();
    const latin = Buffer.from(FILE.replace('cellar', 'K\xfcche'), 'latin1');
    writeFileSync(place.path('config/spark.yaml'), latin);
    const { code, message } = await refused(settings, [{ path: '/server/port', value: 1 }]);
    expect([code, message.includes('not UTF-8 throughout')]).to.deep.equal(['INVALID_SETTINGS', true]);
    expect(readFileSync(place.path('config/spark.yaml')).equals(latin)).to.equal(true);
  });

  it('refuse to touch a file that is broken, and show what was read before', async () => {
    place.write('config/spark.yaml', FILE);
    const settings = desk();
    writeFileSync(place.path('config/spark.yaml'), 'hosts: [\n');
    expect((await refused(settings, [{ path: '/server/port', value: 1 }])).code).to.equal('INVALID_SETTINGS');
    const view = await settings.view();
    expect(at(view, '/server/port').value).to.equal(9000);
    expect(view.files[0]?.problem).to.contain('not valid').and.to.contain('line');
    expect(view.warnings[0]).to.contain('the next start would fail');
    expect(text()).to.equal('hosts: [\n');
  });

  it('are read-only in a folder that cannot be written, by path and with what to do', async () => {
    if (process.getuid?.() === 0 && process.seteuid === undefined) throw new Error('no way to give up rights here');
    place.write('config/spark.yaml', FILE);
    const folder = place.path('config');
    const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
      if (process.getuid?.() !== 0) return work();
      process.seteuid?.(65_534);
      try {
        return await work();
      } finally {
        process.seteuid?.(0);
      }
    };
    chmodSync(dirname(folder), 0o755);
    for (const [mode, fileMode] of [
      [0o555, 0o666],
      [0o777, 0o444],
    ] as const) {
      const settings = desk();
      chmodSync(folder, mode);
      chmodSync(place.path('config/spark.yaml'), fileMode);
      const { code, message } = await asNobody(() => refused(settings, [{ path: '/server/port', value: 1 }]));
      expect(code).to.equal('READ_ONLY');
      expect(message).to.contain(place.path('config/spark.yaml')).and.to.contain('Give its user the right to write both');
      if (fileMode !== 0o444) continue; // of a folder the system tells by the real user, which a test cannot change for a while
      const view = await asNobody(() => settings.view());
      expect(view.files[0]).to.include({ exists: true, writable: false });
      expect(at(view, '/server/host').writable).to.equal(false);
    }
    chmodSync(folder, 0o755);
    expect(text()).to.equal(FILE);
  });

  it('say on simulated Sparks that hosts come first, and take them with the rest', async () => {
    mkdirSync(place.path('config'), { recursive: true });
    const settings = desk();
    const { code, message } = await refused(settings, [{ path: '/deadlines/stop_seconds', value: 90 }]);
    expect([code, message]).to.deep.equal([
      'INVALID_SETTINGS',
      'The change is not valid: spark.yaml has to name the hosts: bring /hosts with the same change, or let "sparkctl init" write the file.',
    ]);
    const both = [
      { path: '/hosts/a', value: { address: '10.0.0.1' } },
      { path: '/deadlines/stop_seconds', value: 90 },
    ];
    expect(at(await settings.change(both, null, ACTOR), '/deadlines/stop_seconds')).to.include({ value: 90, writable: true });
  });

  it('are read-only where they come with the package, and where there is no folder', async () => {
    expect(await refused(desk({}, 'replaced with the package'), [{ path: '/server/port', value: 1 }])).to.include({
      code: 'READ_ONLY',
      message: 'replaced with the package',
    });
    const { code, message } = await refused(desk(), [{ path: '/hosts/a', value: { address: 'a' } }]);
    expect([code, message.includes('is not there. Make it')]).to.deep.equal(['READ_ONLY', true]);
  });
});
