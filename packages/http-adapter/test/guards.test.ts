import { expect } from 'chai';
import { hostNameOf } from '../src/middleware/host-guard.ts';
import { ROUTES } from './support/documented.ts';
import { ask, bodyOf, startServer, type TestServer } from './support/test-server.ts';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'] as const;
const isSafe = (method: string): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method);

type Case = Readonly<{
  name: string;
  headers(port: number): Record<string, string>;
  unsafeStatus: number | null;
  safeStatus: number | null;
}>;
const CASES: readonly Case[] = [
  { name: 'neither header', headers: () => ({}), unsafeStatus: null, safeStatus: null },
  { name: 'Sec-Fetch-Site: same-origin', headers: () => ({ 'sec-fetch-site': 'same-origin' }), unsafeStatus: null, safeStatus: null },
  { name: 'Sec-Fetch-Site: same-site', headers: () => ({ 'sec-fetch-site': 'same-site' }), unsafeStatus: 403, safeStatus: null },
  { name: 'Sec-Fetch-Site: cross-site', headers: () => ({ 'sec-fetch-site': 'cross-site' }), unsafeStatus: 403, safeStatus: null },
  { name: 'Sec-Fetch-Site: none', headers: () => ({ 'sec-fetch-site': 'none' }), unsafeStatus: null, safeStatus: null },
  { name: 'Origin of this host', headers: (port) => ({ origin: `http://127.0.0.1:${port}` }), unsafeStatus: null, safeStatus: null },
  { name: 'Origin of another host', headers: () => ({ origin: 'http://evil.test' }), unsafeStatus: 403, safeStatus: null },
  { name: 'Origin null', headers: () => ({ origin: 'null' }), unsafeStatus: 403, safeStatus: null },
  {
    name: 'a rebound name',
    headers: (port) => ({ host: `evil.test:${port}`, origin: `http://evil.test:${port}`, 'sec-fetch-site': 'same-origin' }),
    unsafeStatus: 421,
    safeStatus: 421,
  },
];

/** Every path of the table with its placeholders filled, and paths that nobody knows. */
const PATHS = [
  ...new Set(ROUTES.map(({ path }) => path.replace(/\{\w+\}/g, 'x')).filter((path) => path !== '/healthz')),
  '/api/nothing',
  '/nothing',
];

describe('the guards before routing', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    server.core.swap = async () => null;
    server.core.swaps = async () => [];
    server.core.readiness = async () => [];
  });
  after(() => server.close());

  for (const method of METHODS) {
    for (const { name, headers, unsafeStatus, safeStatus } of CASES) {
      const refused = isSafe(method) ? safeStatus : unsafeStatus;
      it(`${refused === null ? 'lets pass' : `answers ${refused} to`} ${method} with ${name}, on every path`, async () => {
        for (const path of PATHS) {
          if (path.endsWith('/events')) continue; // a stream that opens does not end by itself
          const answer = await ask(server.port, path, { method, headers: headers(server.port) });
          if (refused === null) expect(answer.status, `${method} ${path}`).to.not.be.oneOf([403, 421]);
          else expect(answer.status, `${method} ${path}`).to.equal(refused);
        }
      });
    }
  }

  it('refuses an Origin that differs in its port only', async () => {
    const answer = await ask(server.port, '/api/swap', { method: 'POST', headers: { origin: `http://127.0.0.1:${server.port + 1}` } });
    expect(answer.status).to.equal(403);
    expect(bodyOf(answer)).to.include({ code: 'CROSS_SITE', status: 403 });
  });

  it('says in its 421 how to add a name', async () => {
    const answer = await ask(server.port, '/api/status', { headers: { host: 'my-box.lan' } });
    expect(answer.status).to.equal(421);
    expect(bodyOf(answer)['detail']).to.contain('my-box.lan').and.to.contain('ALLOWED_HOSTS');
  });

  it('answers /healthz by whatever name a probe uses', async () => {
    expect((await ask(server.port, '/healthz', { headers: { host: 'anything.test' } })).status).to.equal(200);
    expect((await ask(server.port, '/readyz', { headers: { host: 'anything.test' } })).status).to.equal(421);
  });
});

describe('the host allow-list', () => {
  const names: readonly (readonly [host: string, status: number])[] = [
    ['localhost:9999', 200],
    ['LOCALHOST', 200],
    ['localhost.', 200],
    ['127.9.8.7', 200],
    ['[::1]:9999', 200],
    ['spark.local', 200],
    ['.local', 421],
    ['spark.local.evil.test', 421],
    ['box.lan', 200],
    ['deep.under.home.arpa', 200],
    ['home.arpa', 421],
    ['evilhome.arpa', 421],
    ['10.1.2.3', 421],
    ['localhost.evil.test', 421],
    ['127.0.0.1.evil.test', 421],
    ['evil.test@localhost', 421],
    ['a b', 421],
  ];
  for (const [host, status] of names) {
    it(`answers ${status} to Host "${host}"`, async () => {
      const server = await startServer({ allowedHosts: ['Box.lan.', '*.home.arpa'] });
      try {
        expect((await ask(server.port, '/api/version', { headers: { host } })).status).to.equal(status);
      } finally {
        await server.close();
      }
    });
  }

  it('holds the address it listens on, and on a wildcard those of the machine', async () => {
    const one = await startServer({ listenHost: '10.1.2.3' });
    expect((await ask(one.port, '/api/version', { headers: { host: '10.1.2.3' } })).status).to.equal(200);
    await one.close();
    const any = await startServer({ listenHost: '0.0.0.0' });
    expect((await ask(any.port, '/api/version', { headers: { host: '203.0.113.9' } })).status).to.equal(421);
    await any.close();
  });

  it('reads the name of a Host header', () => {
    expect(hostNameOf('Example:80')).to.equal('example');
    expect(hostNameOf('[FE80::1]:9')).to.equal('fe80::1');
    expect(hostNameOf(undefined)).to.equal(null);
    expect(hostNameOf('')).to.equal(null);
    expect(hostNameOf('a/b')).to.equal(null);
  });
});
