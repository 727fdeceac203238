import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DeliveryAttempt } from '@spark-control/core';
import { expect } from 'chai';
import { selfSigned } from './self-signed.ts';
import { sendEach } from './send-each.ts';

const CALLER = fileURLToPath(new URL('send-each.ts', import.meta.url));

describe('a webhook over TLS', function () {
  this.timeout(30_000);
  let folder: string;
  let server: Server;
  let names: (string | false)[];
  let requests: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const pair = selfSigned('gpu-box.local');
    writeFileSync(join(folder, 'ca.pem'), pair.cert);
    names = [];
    requests = 0;
    server = createServer(pair, (request, response) => {
      requests += 1;
      request.resume();
      response.writeHead(204).end();
    });
    server.on('secureConnection', (socket) => names.push((socket as typeof socket & { servername: string | false }).servername));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const urlOf = (host: string): string => `https://${host}:${(server.address() as AddressInfo).port}/hook`;

  it('arrives when its certificate is trusted and for the name that is meant', async () => {
    // In a process of its own, since Node reads NODE_EXTRA_CA_CERTS at its start.
    const env = { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
    const urls = ['gpu-box.local', 'other.local', '127.0.0.1'].map(urlOf);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--conditions', 'source', CALLER, ...urls], { env });
    const [right, otherName, noName] = JSON.parse(stdout) as DeliveryAttempt[];
    expect(right).to.include({ status: 204, error: null });
    expect(otherName?.error).to.equal('It did not arrive: its certificate is for another name.');
    expect(noName?.error).to.equal('It did not arrive: its certificate is for another name.');
    expect(names[0]).to.equal('gpu-box.local');
    expect(requests).to.equal(1);
  });

  it('does not arrive at a certificate that nobody vouches for', async () => {
    const [attempt] = await sendEach([urlOf('gpu-box.local')]);
    expect(attempt?.error).to.match(/^It did not arrive: its certificate is signed by itself/);
    expect(requests).to.equal(0);
  });
});
