import { generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { getJson, getUntil, postJson, requestSwap, settled, swapUntil } from './support/client.ts';
import { Folders, MODELS } from './support/folders.ts';
import { type Running, run } from './support/running.ts';

type Status = Readonly<{ catalog: Readonly<{ fault: string | null }> }>;
type Hosts = Readonly<{
  items: readonly Readonly<{ key: string; reachable: boolean | null; code: string | null; reason: string | null }>[];
}>;
type Report = Readonly<{ checks: readonly Readonly<{ name: string; status: string; detail: string; host: string | null }>[] }>;

const someKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

/** A port of loopback where nobody listens. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

describe('a catalog that breaks while the server runs', () => {
  const folders = new Folders();
  let running: Running;
  before(async () => {
    running = await run(folders);
  });
  after(async () => {
    await running.stop();
    folders.remove();
  });

  it('leaves the last good models in use and says so, until it is mended', async () => {
    const { url } = running;
    const keys = async (): Promise<readonly string[]> =>
      (await getJson<{ items: readonly { key: string }[] }>(`${url}/api/models`)).items.map(({ key }) => key);
    folders.write('models.yaml', `${MODELS}  bad: [\n`);
    const { catalog } = await getUntil<Status>(`${url}/api/status`, (status) => status.catalog.fault !== null);
    expect(catalog.fault).to.match(/last good one is used: .+models\.yaml#, line 5: This is not valid YAML/);
    expect((await fetch(`${url}/readyz`)).status).to.equal(200);
    expect(await keys()).to.deep.equal(['small', 'large']);
    const swap = await requestSwap(url, 'small');
    expect(await swapUntil(url, swap.id, settled)).to.include({ phase: 'ready' });

    folders.write('models.yaml', `${MODELS}  third: { name: Third, repo: acme/third }\n`);
    await getUntil<Status>(`${url}/api/status`, (status) => status.catalog.fault === null);
    expect(await keys()).to.deep.equal(['small', 'large', 'third']);
  });
});

describe('hosts that cannot be reached', function () {
  this.timeout(30_000);
  const KEY = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const made: Folders[] = [];
  let running: Running | null = null;
  afterEach(async () => {
    await running?.stop();
    running = null;
  });
  after(() => made.map((folders) => folders.remove()));

  async function withHost(env: Readonly<Record<string, string>>): Promise<string> {
    const folders = new Folders();
    made.push(folders);
    running = await run(folders, {
      env: {
        SPARK1_HOST: '127.0.0.1',
        SPARK1_USER: 'nobody',
        SPARK1_FINGERPRINT: KEY,
        LAUNCHER: 'docker_run',
        VLLM_PORT: String(await closedPort()),
        ...env,
      },
    });
    return running.url;
  }

  const CASES = [
    {
      name: 'nobody listens',
      env: async () => ({ SPARK1_PORT: String(await closedPort()), SPARK1_KEY_FILE: KEYS.good }),
      code: 'HOST_UNREACHABLE',
      reason: /refuses connections/,
    },
    {
      name: 'the key file is missing',
      env: async () => ({ SPARK1_PORT: String(await closedPort()), SPARK1_KEY_FILE: '/nowhere/id_ed25519' }),
      code: 'HOST_AUTH_FAILED',
      reason: /\/nowhere\/id_ed25519/,
    },
    {
      name: 'the key file is no key',
      env: async () => ({ SPARK1_PORT: String(await closedPort()), SPARK1_KEY_FILE: KEYS.bad }),
      code: 'HOST_AUTH_FAILED',
      reason: /does not hold a private key/,
    },
    {
      name: 'others may read the key file',
      env: async () => ({ SPARK1_PORT: String(await closedPort()), SPARK1_KEY_FILE: KEYS.open }),
      code: 'HOST_AUTH_FAILED',
      reason: /can be read by other users/,
    },
  ] as const;

  const place = new Folders({ good: someKey(), open: someKey(), bad: 'this is no key\n' });
  const KEYS = { good: join(place.config, 'good'), open: join(place.config, 'open'), bad: join(place.config, 'bad') };
  before(() => {
    chmodSync(KEYS.good, 0o600);
    chmodSync(KEYS.open, 0o644);
    chmodSync(KEYS.bad, 0o600);
  });
  after(() => place.remove());

  for (const { name, env, code, reason } of CASES) {
    it(`are shown with a code and the reason, checks say unknown, and a swap fails in validating, when ${name}`, async () => {
      const url = await withHost(await env());
      expect((await fetch(`${url}/readyz`)).status).to.equal(200);
      const hosts = await getUntil<Hosts>(`${url}/api/hosts`, ({ items }) => items[0]?.reachable === false);
      expect(hosts.items[0]).to.include({ reachable: false, code });
      expect(hosts.items[0]?.reason).to.match(reason);

      const report = await postJson<Report>(`${url}/api/swap/small/validate`, {});
      expect(report.status, JSON.stringify(report.body)).to.equal(200);
      const unknown = report.body.checks.filter((check) => check.host === 'spark1');
      expect(unknown.map((check) => check.status))
        .to.include('unknown')
        .and.not.include('pass');
      expect(unknown.some((check) => reason.test(check.detail))).to.equal(true);

      const asked = await requestSwap(url, 'small');
      const swap = await swapUntil(url, asked.id, settled);
      expect(swap.phase).to.equal('failed');
      expect(swap.cause?.code).to.equal(code);
      expect(swap.cause?.message).to.match(reason);
    });
  }
});
