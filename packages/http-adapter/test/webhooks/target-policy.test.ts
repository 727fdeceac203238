import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import fc from 'fast-check';
import { addressText, type IpAddress, parseAddress, parseRange } from '../../src/webhooks/ip-address.ts';
import { judgeTarget, type Resolve, systemResolve } from '../../src/webhooks/resolve-target.ts';
import { addressObjection, type Listener } from '../../src/webhooks/target-policy.ts';
import { NAMES, SPELLINGS } from './address-spellings.ts';

const never = new AbortController().signal;
const RUNS = process.env['SPARK_PROVE'] === '1' ? 100_000 : 300;

const resolveFromTable: Resolve = async (name) => {
  const code = name === 'slow-dns.local' ? 'EAI_AGAIN' : 'ENOTFOUND';
  const found = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (found === undefined) throw Object.assign(new Error(`getaddrinfo ${code} ${name}`), { code });
  return found;
};

async function objectionTo(url: string, allowLoopback: boolean, listeners: readonly Listener[] = []): Promise<string | null> {
  const judgement = await judgeTarget(url, allowLoopback, { resolve: resolveFromTable, listeners: () => listeners }, never);
  return judgement.kind === 'allowed' ? null : judgement.objection;
}

const address = (text: string): IpAddress => {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed;
};

describe('the target policy', () => {
  it(`judges ${SPELLINGS.length} spellings of addresses as written down, in both modes`, async () => {
    expect(SPELLINGS.length).to.be.at.least(200);
    expect(new Set(SPELLINGS.map(([url]) => url)).size, 'spellings that differ').to.equal(SPELLINGS.length);
    const wrong: string[] = [];
    for (const [url, verdict, says] of SPELLINGS) {
      for (const allowLoopback of [false, true]) {
        const objection = await objectionTo(url, allowLoopback);
        const isRefused = verdict === 'never' || verdict === 'form' || (verdict === 'opt_in' && !allowLoopback);
        const isRight = isRefused ? objection?.includes(says) : objection === null;
        if (!isRight) wrong.push(`${JSON.stringify(url)} (${verdict}, loopback ${allowLoopback}): ${objection}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('asks the resolver for nothing but names that are well formed', async () => {
    const asked: string[] = [];
    const resolve: Resolve = async (name) => {
      asked.push(name);
      return ['192.168.1.20'];
    };
    for (const [url] of SPELLINGS.filter(([, verdict]) => verdict === 'form'))
      await judgeTarget(url, true, { resolve, listeners: () => [] }, never);
    expect(asked).to.deep.equal([]);
    await judgeTarget('http://192.168.1.21/', false, { resolve, listeners: () => [] }, never);
    expect(asked).to.deep.equal([]);
  });

  it('refuses ourselves, however we listen and whatever way leads there', async () => {
    const lan = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    const ours = 'Spark Control itself listens';
    const cases: [Listener, string, boolean][] = [
      [{ host: '127.0.0.1', port: 9999 }, 'http://127.0.0.1:9999/', true],
      [{ host: '127.0.0.1', port: 9999 }, 'http://0x7f.1:9999/', true],
      [{ host: '127.0.0.1', port: 9999 }, 'http://[::ffff:127.0.0.1]:9999/', true],
      [{ host: '127.0.0.1', port: 9999 }, 'http://localhost:9999/', true],
      [{ host: '127.0.0.1', port: 9999 }, 'http://127.0.0.1:9998/', false],
      [{ host: '127.0.0.1', port: 9999 }, 'http://192.168.1.20:9999/', false],
      [{ host: '127.0.0.1', port: 80 }, 'http://127.0.0.1/', true],
      [{ host: '127.0.0.1', port: 443 }, 'https://127.0.0.1/', true],
      [{ host: '192.168.1.20', port: 9999 }, 'http://gpu-box.local:9999/', true],
      [{ host: '192.168.1.20', port: 9999 }, 'http://127.0.0.1:9999/', false],
      [{ host: '::ffff:192.168.1.20', port: 9999 }, 'http://192.168.1.20:9999/', true],
      [{ host: '::1', port: 9999 }, 'http://[::1]:9999/', true],
      [{ host: 'localhost', port: 9999 }, 'http://127.0.0.1:9999/', true],
      [{ host: '0.0.0.0', port: 9999 }, 'http://127.8.8.8:9999/', true],
      [{ host: '::', port: 9999 }, 'http://127.0.0.1:9999/', true],
      [{ host: '', port: 9999 }, 'http://[::1]:9999/', true],
      [{ host: '0.0.0.0', port: 9999 }, 'http://192.168.1.20:9999/', false],
      ...(lan === undefined ? [] : ([[{ host: '0.0.0.0', port: 9999 }, `http://${lan}:9999/`, true]] as [Listener, string, boolean][])),
    ];
    for (const [listener, url, isOurs] of cases) {
      const objection = await objectionTo(url, true, [{ host: '10.0.0.9', port: 1 }, listener]);
      if (isOurs) expect(objection, `${url} with ${listener.host}`).to.contain(ours);
      else expect(objection, `${url} with ${listener.host}`).to.equal(null);
    }
  });

  it('takes an address of this machine for ours when the server listens on all of them', () => {
    const policy = { allowLoopback: false, listeners: [{ host: '::', port: 9999 }], ownAddresses: ['192.168.1.5', 'fe80::5%eth0'] };
    expect(addressObjection(address('192.168.1.5'), 9999, policy)).to.contain('itself listens');
    expect(addressObjection(address('192.168.1.5'), 9998, policy)).to.equal(null);
    expect(addressObjection(address('192.168.1.6'), 9999, policy)).to.equal(null);
  });

  it('leaves a lookup alone when it is told to stop, and says why it did', async () => {
    const stop = new AbortController();
    const judging = judgeTarget(
      'http://gpu-box.local/',
      false,
      { resolve: () => new Promise(() => undefined), listeners: () => [] },
      stop.signal,
    );
    const reason = new Error('stop');
    stop.abort(reason);
    const rejected = await judging.catch((error: unknown) => error);
    expect(rejected).to.equal(reason);
  });

  it('resolves as the machine does', async () => {
    const found = await systemResolve('localhost');
    expect(found).to.have.length.greaterThan(0);
    for (const text of found) expect(addressText(address(text))).to.be.oneOf(['127.0.0.1', '::1']);
  });
});

describe('addresses', () => {
  it('are the same however they are written', () => {
    for (const [spelling, text] of [
      ['[::1]', '::1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['fe80::1%eth0', 'fe80::1'],
      ['FD00::A', 'fd00::a'],
      ['::ffff:10.0.0.1', '10.0.0.1'],
      ['::ffff:a00:1', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.1'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ] as const)
      expect(addressText(address(spelling)), spelling).to.equal(text);
    for (const text of ['', 'localhost', '127.1', '0x7f.1', '10.0.0.256', '1:2', '::ffff:10.0.0', 'fe80::1::2'])
      expect(parseAddress(text), text).to.equal(null);
  });

  it('survive being written and read again', () => {
    const ipv4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map((value) => ({ family: 4, value }) as const);
    const ipv6 = fc
      .bigInt({ min: 0n, max: (1n << 128n) - 1n })
      .filter((value) => value >> 32n !== 0xffffn)
      .map((value) => ({ family: 6, value }) as const);
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (given) => {
        expect(parseAddress(addressText(given))).to.deep.equal(given);
      }),
      { numRuns: RUNS },
    );
  });

  it('never get a better verdict by being wrapped into IPv6', () => {
    const policy = { allowLoopback: false, listeners: [], ownAddresses: [] };
    const wrappings = [0xffffn << 32n, 0n, 0xffffn << 48n, (0x64ff9bn << 96n) | 0n].map((prefix) => (value: bigint) => prefix | value);
    const to6to4 = (value: bigint): bigint => (0x2002n << 112n) | (value << 80n) | 1n;
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffff_ffffn }), fc.constantFrom(...wrappings, to6to4), (value, wrap) => {
        if (addressObjection({ family: 4, value }, 80, policy) === null) return;
        const wrapped = parseAddress(addressText({ family: 6, value: wrap(value) }));
        expect(wrapped !== null && addressObjection(wrapped, 80, policy)).to.be.a('string');
      }),
      { numRuns: RUNS },
    );
  });

  it('come in ranges that are constants, so that a wrong one is a defect', () => {
    for (const text of ['', '10.0.0.0', '10.0.0/8', '10.0.0.0/x', 'fe80::/']) expect(() => parseRange(text), text).to.throw(RangeError);
  });
});
