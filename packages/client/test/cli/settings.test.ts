import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Cli } from '../support/cli.ts';
import { FakeApi, problem } from '../support/fake-api.ts';
import { aGrant, aRenewal, aSwap, LOCK_ID } from '../support/wire.ts';

describe('the settings of sparkctl', () => {
  const api = new FakeApi();
  let cli: Cli;
  before(() => api.listen());
  after(() => api.stop());
  beforeEach(() => {
    cli = new Cli(api.url);
    api.seen.length = 0;
    api.on('GET /api/version', { status: 200, body: { version: '1', simulated: false } });
    api.on('GET /api/swap/lock', { status: 200, body: { cluster: 'x', held: false, state: 'free', lock: null, last_fence: 0, queue: [] } });
  });
  afterEach(() => cli.remove());

  const ASK = ['version', '--server'];
  const sentKey = () => api.seen.at(-1)?.headers.authorization;
  const sentCluster = () => api.seen.at(-1)?.query.get('cluster');
  function write(content: unknown, mode = 0o600, folder = '.config'): string {
    mkdirSync(join(cli.home, folder), { recursive: true });
    const path = join(cli.home, folder, 'sparkctl.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
    chmodSync(path, mode);
    return path;
  }
  function secretFile(text: string, mode = 0o600): string {
    const path = join(cli.home, 'secret');
    writeFileSync(path, text, { mode });
    return path;
  }
  const unset = { env: { SPARK_BASE_URL: '' } };

  it('come from flags before the environment before the file', async () => {
    write({ url: api.url, cluster: 'of-file', api_key: 'sk-file' });
    const env = { ...unset.env, SPARK_CLUSTER: 'of-env', SPARK_API_KEY: 'sk-env' };
    await cli.run(['lock', 'show'], unset);
    expect([sentCluster(), sentKey()]).to.deep.equal(['of-file', 'Bearer sk-file']);
    await cli.run(['lock', 'show'], { env });
    expect([sentCluster(), sentKey()]).to.deep.equal(['of-env', 'Bearer sk-env']);
    await cli.run(['lock', 'show', '--cluster', 'of-flag', '--key-file', secretFile('sk-flag\n')], { env });
    expect([sentCluster(), sentKey()]).to.deep.equal(['of-flag', 'Bearer sk-flag']);
    const { stderr } = await cli.run([...ASK, '--url', 'http://127.0.0.1:1']);
    expect(stderr).to.contain('http://127.0.0.1:1 ');
  });

  it('fall back to the server of this machine', async () => {
    const { stderr } = await cli.run([...ASK, '--json'], { env: { SPARK_BASE_URL: '' } });
    // Something may well listen there; then it has answered, in whatever way.
    if (stderr !== '') expect(stderr).to.match(/9999|Is the URL right/);
    expect(api.seen).to.have.length(0);
  });

  it('are found in XDG_CONFIG_HOME, unless that is relative, and in the file that is named', async () => {
    write({ url: api.url, cluster: 'home' });
    const xdg = write({ url: api.url, cluster: 'xdg' }, 0o600, 'elsewhere');
    await cli.run(['lock', 'show'], { env: { ...unset.env, XDG_CONFIG_HOME: join(cli.home, 'elsewhere') } });
    expect(sentCluster()).to.equal('xdg');
    await cli.run(['lock', 'show'], { env: { ...unset.env, XDG_CONFIG_HOME: 'elsewhere' } });
    expect(sentCluster()).to.equal('home');
    await cli.run(['lock', 'show', '--config', xdg], unset);
    expect(sentCluster()).to.equal('xdg');
  });

  it('name a file with the key, as seen from their own folder', async () => {
    write({ url: api.url, api_key_file: '../secret' });
    secretFile('sk-of-its-file\nmore');
    await cli.run(ASK, unset);
    expect(sentKey()).to.equal('Bearer sk-of-its-file');
  });

  it('warn of a key that others may read, and of nothing else', async () => {
    const path = write({ url: api.url, api_key: 'sk-file' }, 0o644);
    expect((await cli.run(ASK, unset)).stderr).to.equal(`sparkctl: ${path} holds a secret and others may read it; chmod 600 it\n`);
    write({ url: api.url }, 0o644);
    expect((await cli.run(ASK, unset)).stderr).to.equal('');
    expect((await cli.run([...ASK, '--key-file', secretFile('sk', 0o640)])).stderr).to.contain('chmod 600');
  });

  it('keep the key of one server from another, and say so when that one refuses', async () => {
    write({ url: 'http://spark.local:9999', api_key: 'sk-file' });
    await cli.run(ASK);
    expect(sentKey()).to.equal(undefined);
    api.on('GET /api/version', problem(401, 'UNAUTHENTICATED'));
    const { stderr, code } = await cli.run(ASK);
    expect(code).to.equal(8);
    expect(stderr).to.contain(`is for http://spark.local:9999 and was not sent to ${api.url}`).and.not.to.contain('sk-file');
  });

  for (const [content, says] of [
    ['{"api_key": "sk-1",}', 'is not JSON'],
    ['["sk-1"]', 'should hold a JSON object'],
    [{ api_key: 1 }, '"api_key" has to be a text'],
    [{ url: 'nonsense' }, '"nonsense" is no URL'],
    [{ api_key_file: 'absent' }, 'cannot be read (ENOENT)'],
    [{ api_key: 'sk-1\nx' }, 'characters that cannot be sent'],
  ] as const) {
    it(`are refused when the file ${says}, without its key being shown`, async () => {
      write(content);
      const { code, stderr, stdout } = await cli.run(ASK, unset);
      expect(code).to.equal(2);
      expect(stderr).to.contain(says);
      expect(stdout + stderr).not.to.contain('sk-1');
    });
  }

  it('may have a name that is not known, which is only told', async () => {
    write({ url: api.url, ulr: 'x' });
    const { code, stderr } = await cli.run(ASK, unset);
    expect(code).to.equal(0);
    expect(stderr).to.contain('"ulr" is not known there; url, cluster, api_key, api_key_file are');
  });

  it('are not needed for help', async () => {
    write('{');
    expect(await cli.run(['help', 'swap'])).to.have.property('code', 0);
  });

  describe('of the lock that one holds', () => {
    beforeEach(() => {
      api.on('POST /api/swap', { status: 202, body: aSwap() }).on('PUT /api/swap/lock', { status: 200, body: aRenewal() });
      api.on('DELETE /api/swap/lock', { status: 204 }).on('POST /api/swap/lock', { status: 201, body: aGrant() });
    });

    it('come from --lock-file before SPARK_LOCK_ID, and go with swaps as a header', async () => {
      const env = { SPARK_LOCK_ID: 'lck_env' };
      await cli.run(['swap', 'm'], { env });
      await cli.run(['unload', '--lock-file', secretFile('lck_file\n')], { env });
      await cli.run(['swap', 'm'], { env: { SPARK_LOCK_ID: '' } });
      expect(api.seen.map(({ headers }) => headers['x-swap-lock'])).to.deep.equal(['lck_env', 'lck_file', undefined]);
    });

    it('are shown by nothing but lock acquire', async () => {
      const env = { SPARK_LOCK_ID: LOCK_ID };
      for (const words of [
        ['swap', 'm'],
        ['lock', 'renew'],
        ['lock', 'release'],
        ['lock', 'show'],
      ]) {
        for (const json of [[], ['--json']]) {
          const { code, stdout, stderr } = await cli.run([...words, ...json], { env });
          expect(code).to.equal(0);
          expect(stdout + stderr, words.join(' ')).not.to.contain(LOCK_ID);
        }
      }
      const plain = await cli.run(['lock', 'acquire']);
      expect(plain.stdout).to.equal(`${LOCK_ID}\n`);
      expect(plain.stderr).to.equal('default: held by tester until 2026-11-21T08:00:00Z, fence 7\n');
      expect(JSON.parse((await cli.run(['lock', 'acquire', '--json'])).stdout)).to.deep.equal(aGrant());
    });

    it('can be put into a file that only their owner may read', async () => {
      const path = secretFile('lck_before\n', 0o644);
      const { stdout, stderr } = await cli.run(['lock', 'acquire', '--lock-file', path, '--json']);
      expect(stdout + stderr).not.to.contain(LOCK_ID);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      await cli.run(['lock', 'renew', '--lock-file', path]);
      expect(api.seen.at(-1)?.body).to.deep.equal({ lock_id: LOCK_ID });
    });

    it('are kept in that file when the lock is not granted, and no lock is taken when it cannot be written', async () => {
      const path = secretFile('lck_before\n');
      api.on('POST /api/swap/lock', problem(409, 'LOCK_HELD'));
      await cli.run(['lock', 'acquire', '--lock-file', path]);
      await cli.run(['lock', 'release', '--lock-file', path]);
      expect(api.seen.at(-1)?.headers['x-swap-lock']).to.equal('lck_before');
      api.seen.length = 0;
      expect(await cli.run(['lock', 'acquire', '--lock-file', join(cli.home, 'no', 'such')])).to.have.property('code', 2);
      expect(api.seen).to.have.length(0);
    });
  });
});
