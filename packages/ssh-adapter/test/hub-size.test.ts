import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { parseSize, sizeScript } from '../src/hub-size.ts';

const refusalOf = (ask: () => unknown): unknown => {
  try {
    return ask();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};

describe('the size of a repository', () => {
  let hub: Server;
  let asked: { url: string | undefined; authorization: string | undefined }[];
  let answer: { status: number; body: string };
  before(async () => {
    hub = createServer((request, response) => {
      asked.push({ url: request.url, authorization: request.headers.authorization });
      response.writeHead(answer.status).end(answer.body);
    });
    await once(hub.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => hub.close());
  beforeEach(() => {
    asked = [];
    answer = {
      status: 200,
      body: JSON.stringify({
        siblings: [
          { rfilename: 'a', size: 1_000 },
          { rfilename: 'b', size: 24 },
        ],
      }),
    };
  });

  const ask = async (token: string | null, revision: string | null = null): Promise<number | null> => {
    const { port } = hub.address() as AddressInfo;
    const sh = spawn('sh', ['-s'], { env: { ...process.env, HF_ENDPOINT: `http://127.0.0.1:${port}` } });
    sh.stdin.end(sizeScript('org/name', revision, token));
    let output = '';
    sh.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(sh, 'close');
    return parseSize(output);
  };

  it('is what its files weigh, as the hub says', async () => {
    expect(await ask(null)).to.equal(1_024);
    expect(asked).to.deep.equal([{ url: '/api/models/org/name/revision/main?blobs=true', authorization: undefined }]);
  });

  it('is asked for with the token and the revision', async () => {
    expect(await ask('hf_abc', 'refs/pr/1')).to.equal(1_024);
    expect(asked).to.deep.equal([{ url: '/api/models/org/name/revision/refs%2Fpr%2F1?blobs=true', authorization: 'Bearer hf_abc' }]);
  });

  it('is not known when the hub refuses, says something else, or leaves a size out', async () => {
    for (const [status, body] of [
      [401, '{"siblings":[{"size":1}]}'],
      [200, '<html>'],
      [200, '{}'],
      [200, '{"siblings":[]}'],
      [200, '{"siblings":[{"size":1},{"size":null}]}'],
    ] as const) {
      answer = { status, body };
      expect(await ask(null), body).to.equal(null);
    }
  });

  it('keeps the token out of every argument', () => {
    const script = sizeScript('org/name', null, 'hf_canary');
    const argvs = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${script}`], { encoding: 'utf8' });
    expect(argvs).to.contain('--config').and.to.not.contain('hf_canary');
  });

  it('is read from the words of the client too', () => {
    expect(parseSize('\u001eapi\n\u001edry\n[dry-run] Will download 5 files (out of 5) totalling 15.2G.\n')).to.equal(15.2e9);
    expect(parseSize('\u001eapi\n\u001edry\nsomething else\n')).to.equal(null);
  });

  it('takes nothing that could become another command', () => {
    for (const token of ['a"b', 'a\nb', 'a\\b', 'ä', ''])
      expect(refusalOf(() => sizeScript('org/name', null, token))).to.equal('UNSAFE_ARGUMENT');
    expect(refusalOf(() => sizeScript('org/name/../x', null, null))).to.equal('UNSAFE_ARGUMENT');
  });
});
