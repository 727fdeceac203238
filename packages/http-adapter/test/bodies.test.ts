import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

type Issue = { path: string; code: string; message: string };

describe('a request body', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  const send = (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }, path = '/api/swap') =>
    ask(server.port, path, { method: 'POST', headers, body });

  it('is refused by its declared length before it is read', async () => {
    const gigabyte = 1_000_000_000;
    const sent = await new Promise<{ status: number; text: string; written: number; closed: boolean }>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1');
      let text = '';
      const head = `POST /api/swap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${gigabyte}\r\n\r\n`;
      socket.write(head + ' '.repeat(10_000));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        // The whole answer is there while the connection is still open; then the server lets it go.
        if (text.includes('"request_id"') && text.endsWith('}')) void server.clock.advance(500);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve({ status: Number(text.slice(9, 12)), text, written: socket.bytesWritten, closed: true }));
    });
    expect(sent.status).to.equal(413);
    expect(sent.text).to.contain('PAYLOAD_TOO_LARGE').and.to.contain('65536').and.to.contain('Connection: close');
    expect(sent.written).to.be.lessThan(20_000);
  });

  it('is counted while it comes in chunks, and not read beyond the limit', async () => {
    const outgoing = request({
      port: server.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/api/swap',
      headers: { 'content-type': 'application/json' },
    });
    const answered = new Promise<number>((resolve, reject) => {
      outgoing.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
        void server.clock.advance(500);
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
      );
    });
    const gone = new Promise<void>((resolve) => outgoing.on('close', resolve));
    const chunk = Buffer.alloc(16 * 1024, 0x20);
    let written = 0;
    const write = (): void => {
      while (!outgoing.destroyed && written < 1_000_000_000) {
        written += chunk.length;
        if (!outgoing.write(chunk)) return void outgoing.once('drain', write);
      }
    };
    write();
    expect(await answered).to.equal(413);
    await gone;
    expect(written).to.be.lessThan(32 * 1024 * 1024);
  });

  it('of a refused request is not read either', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write('POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      });
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.endsWith('}')) void server.clock.advance(500);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answer)
      .to.match(/^HTTP\/1.1 404/)
      .and.to.contain('Connection: close');
  });

  it('has to say that it is JSON, in UTF-8, as it is', async () => {
    const types = ['', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/json; charset=latin1'];
    for (const type of types) {
      const answer = await send('{"model":null}', { 'content-type': type });
      expect(answer.status, type).to.equal(415);
      expect(bodyOf(answer)).to.include({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    }
    expect((await send('x', { 'content-type': 'application/json', 'content-encoding': 'gzip' })).status).to.equal(415);
    for (const type of [
      'application/json',
      'Application/JSON; charset=UTF-8',
      'application/vnd.x+json',
      'application/json;charset="utf-8"',
    ]) {
      expect((await send('{"model":7}', { 'content-type': type })).status, type).to.equal(422);
    }
  });

  it('that is not JSON is malformed, and is not quoted back', async () => {
    for (const text of ['{', '{"model": secret}', 'nul', '{"model":null}}', '\u0000']) {
      const answer = await send(text);
      expect(answer.status, text).to.equal(400);
      expect(bodyOf(answer)).to.include({ code: 'MALFORMED_JSON' });
      expect(answer.text).to.not.contain('secret');
    }
    expect((await send(Buffer.from([0x22, 0xff, 0x22]))).status).to.equal(400);
  });

  it('nested too deep is refused without harm', async () => {
    for (const depth of [65, 20_000]) {
      const answer = await send(`{"model":null,"reason":${'['.repeat(depth)}${']'.repeat(depth)}}`);
      expect(answer.status).to.equal(422);
      expect(bodyOf<{ issues: Issue[] }>(answer).issues[0]?.code).to.equal('too_deep');
    }
    const brackets = await post(server.port, '/api/swap', { model: null, reason: 7, requested_by: '[{"'.repeat(60) });
    expect(bodyOf<{ issues: Issue[] }>(brackets).issues.map(({ path }) => path)).to.deep.equal(['/reason']);
  });

  it('is refused with all its faults at once, each with its path', async () => {
    const answer = await post(server.port, '/api/swap?dry=1', {
      cluster: 5,
      drain_seconds: -1,
      on_busy: 'wait',
      extra: true,
      'a/b~c': 1,
      constructor: 1,
    });
    expect(answer.status).to.equal(422);
    const { issues, code } = bodyOf<{ issues: Issue[]; code: string }>(answer);
    expect(code).to.equal('INVALID_REQUEST');
    expect(issues.map(({ path, code: kind }) => `${path} ${kind}`).sort()).to.deep.equal([
      '/a~1b~0c unknown_field',
      '/cluster wrong_type',
      '/constructor unknown_field',
      '/drain_seconds too_small',
      '/extra unknown_field',
      '/model required',
      '/on_busy not_allowed',
      '/query/dry unknown_field',
    ]);
  });

  it('may be left out where it holds nothing that is needed', async () => {
    const missing = await ask(server.port, '/api/swap', { method: 'POST' });
    expect(missing.status).to.equal(422);
    expect(bodyOf<{ issues: Issue[] }>(missing).issues).to.deep.equal([{ path: '', code: 'required', message: 'a JSON body is required' }]);
    server.core.swap = async () => null;
    server.core.cancelSwap = async () => {
      throw new Error('reached');
    };
    expect((await ask(server.port, '/api/swap/swp_1/cancel', { method: 'POST' })).status).to.equal(500);
  });

  it('with a field named like a prototype changes nothing', async () => {
    const answer = await send('{"model":null,"__proto__":{"polluted":true}}');
    expect(answer.status).to.equal(422);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
    expect((await ask(server.port, '/api/swaps?__proto__=1&limit=5')).status).to.equal(422);
  });
});
