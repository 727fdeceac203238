import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeepHealth, Service, ServiceKind, ServiceStatus } from '@spark-control/core';
import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { aService } from '../../../core/test/support/service-samples.ts';
import { HttpServiceProbe } from '../../src/index.ts';

const NEVER = new AbortController().signal;
const CANARY = 'canary-7f3e21';

type Seen = Readonly<{ method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }>;
type Reply = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

const text = (seen: Seen): string => seen.body.toString('latin1');
const sends =
  (body: unknown, status = 200, type = 'application/json'): Reply =>
  (_seen, response) =>
    response
      .writeHead(status, { 'content-type': type })
      .end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));

describe('a service asked over HTTP', () => {
  let server: Server;
  let baseUrl: string;
  let seen: Seen[];
  let routes: Record<string, Reply>;
  let secret: string | null;
  let probe: HttpServiceProbe;

  beforeEach(async () => {
    [seen, routes, secret] = [[], {}, null];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
        seen.push(one);
        (routes[one.url] ?? sends('', 404))(one, response, request);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const deadlines = { statusMs: 150, modelsMs: 150, deepMs: 150 };
    probe = new HttpServiceProbe({ secrets: { read: () => secret }, clock: new FakeClock(), deadlines });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const statusOf = (over: Partial<Service> = {}): Promise<ServiceStatus> => probe.status(aService(over), baseUrl, NEVER);
  const deepOf = (kind: ServiceKind, over: Partial<Service> = {}): Promise<DeepHealth> =>
    probe.deep(aService({ kind, ...over }), baseUrl, NEVER);

  describe('for its status', () => {
    it('is up when its health path answers, however long the answer is', async () => {
      routes['/health'] = sends('x'.repeat(3 * 2 ** 20), 200, 'text/html');
      expect(await statusOf()).to.include({ service: 'kokoro-tts', state: 'up', detail: 'It answers.', latencyMs: 0 });
    });

    it('is degraded when it answers that all is not well', async () => {
      routes['/health'] = sends('', 503);
      expect(await statusOf()).to.include({ state: 'degraded', detail: 'It is not ready (status 503).' });
      routes['/health'] = sends('', 500);
      expect(await statusOf()).to.include({ state: 'degraded', detail: 'It answered GET /health with status 500.' });
    });

    it('is down when nothing answers, when it hangs, and when the connection is cut', async () => {
      const nowhere = await probe.status(aService(), 'http://127.0.0.1:1', NEVER);
      expect(nowhere).to.include({ state: 'down', detail: 'It did not answer GET /health: the connection was refused.', latencyMs: null });
      routes['/health'] = () => undefined;
      expect(await statusOf()).to.include({ state: 'down', detail: 'It did not answer GET /health within 0.15 s.' });
      routes['/health'] = (_seen, _response, request) => request.socket.resetAndDestroy();
      expect(await statusOf()).to.include({ state: 'down', detail: 'It did not answer GET /health: the connection was cut.' });
    });

    it('is looked for where servers of models usually answer', async () => {
      routes['/v1/health/ready'] = sends('');
      expect(await statusOf({ kind: 'openai', healthPath: '/v1/models' })).to.include({ state: 'up' });
      expect(seen.map(({ url }) => url)).to.deep.equal(['/v1/models', '/health', '/v1/health/ready']);
    });

    it('says what is wrong with its key, and never the key', async () => {
      routes['/health'] = sends(`no: ${CANARY}`, 401);
      expect((await statusOf()).detail).to.equal('It wants a key: name the variable that holds it with api_key.');
      expect((await statusOf({ apiKeyVariable: 'TTS_KEY' })).detail).to.equal('It wants a key, and TTS_KEY is not set.');
      secret = CANARY;
      expect((await statusOf({ apiKeyVariable: 'TTS_KEY' })).detail).to.equal('It refuses the key in TTS_KEY.');
      expect(seen.at(-1)?.headers.authorization).to.equal(`Bearer ${CANARY}`);
      secret = `${CANARY}\r\nx: y`;
      const odd = await statusOf({ apiKeyVariable: 'TTS_KEY' });
      expect(odd).to.include({ state: 'down', detail: 'Its key in TTS_KEY holds characters that no header can carry.' });
    });

    it('rejects with the reason of an abort', async () => {
      routes['/health'] = () => undefined;
      const gone = new AbortController();
      const asked = probe.status(aService(), baseUrl, gone.signal);
      const reason = new Error('nobody waits');
      gone.abort(reason);
      expect(await asked.catch((error: unknown) => error)).to.equal(reason);
    });
  });

  describe('in depth', () => {
    it('makes one token, of the model it serves', async () => {
      routes['/v1/models'] = sends({ data: [{ id: 'acme/one' }] });
      routes['/v1/completions'] = sends({ choices: [{ text: 'a' }] });
      expect(await deepOf('openai')).to.include({ status: 'pass', detail: 'acme/one made one token.' });
      expect(JSON.parse(text(seen[1]!))).to.include({ model: 'acme/one', max_tokens: 1 });
    });

    it('transcribes half a second of 16 kHz audio', async () => {
      routes['/v1/audio/transcriptions'] = sends({ text: '' });
      expect(await deepOf('asr', { model: 'parakeet\r\n--x' })).to.include({
        status: 'pass',
        detail: 'It transcribed half a second of audio.',
      });
      const form = text(seen[0]!);
      expect(form).to.contain('name="model"\r\n\r\nparakeet  --x\r\n').and.to.contain('name="response_format"\r\n\r\njson\r\n');
      const wav = seen[0]!.body.subarray(seen[0]!.body.indexOf('RIFF'));
      expect([wav.readUInt32LE(24), wav.readUInt16LE(34), wav.readUInt32LE(40)]).to.deep.equal([16_000, 16, 16_000]);
      expect(wav.subarray(44, 16_044).some((byte) => byte !== 0)).to.equal(true);
    });

    it('finds the speakers where the entry says', async () => {
      const probeOf = (speakers: string | null) => ({ probe: { path: '/diarize', voice: null, speakers } });
      routes['/diarize'] = sends({ output: { turns: [] }, segments: 'none' });
      expect(await deepOf('diarizer', probeOf('output.turns[].who'))).to.include({ status: 'pass' });
      const { status, detail } = await deepOf('diarizer', probeOf(null));
      expect([status, detail]).to.deep.equal([
        'fail',
        'It answered POST /diarize without a list "segments"; speaker_path says where the speakers are.',
      ]);
    });

    it('speaks one word', async () => {
      routes['/v1/audio/speech'] = sends(Buffer.alloc(500), 200, 'audio/wav');
      const over = { model: 'kokoro', probe: { path: null, voice: 'af_heart', speakers: null } };
      expect(await deepOf('tts', over)).to.include({ status: 'pass', detail: 'It spoke one word (500 bytes of audio).' });
      expect(JSON.parse(text(seen[0]!))).to.include({ model: 'kokoro', voice: 'af_heart', input: 'Ready.' });
      routes['/v1/audio/speech'] = sends('<html>', 200, 'text/html');
      expect((await deepOf('tts')).detail).to.equal('It answered POST /v1/audio/speech with something that is no audio.');
    });

    it('embeds one word', async () => {
      routes['/v1/embeddings'] = sends({ data: [{ embedding: [0.1, 0.2, 0.3] }] });
      expect(await deepOf('embeddings')).to.include({ status: 'pass', detail: 'It embedded one word in 3 dimensions.' });
      routes['/v1/embeddings'] = sends({ data: [] });
      expect(await deepOf('embeddings')).to.include({ status: 'fail', detail: 'It answered POST /v1/embeddings without a vector.' });
    });

    it('queries the first collection of a vector store, with the key in its own header', async () => {
      secret = CANARY;
      routes['/collections'] = sends({ result: { collections: [{ name: 'my notes/1' }] } });
      routes['/collections/my%20notes%2F1/points/scroll'] = sends({ result: { points: [] } });
      const over = { apiKeyVariable: 'QDRANT_API_KEY', healthPath: '/healthz' };
      expect(await deepOf('qdrant', over)).to.include({ status: 'pass', detail: 'It answered a query of collection my notes/1.' });
      expect(seen.map(({ headers }) => headers['api-key'])).to.deep.equal([CANARY, CANARY]);
      routes['/collections'] = sends({ result: { collections: [] } });
      expect(await deepOf('qdrant', over)).to.include({ status: 'pass', detail: 'It answers, and has no collection yet.' });
      routes['/collections'] = sends(`wrong ${CANARY}`, 403);
      expect(await deepOf('qdrant', over)).to.include({ status: 'fail', detail: 'It refuses the key in QDRANT_API_KEY.' });
    });

    it('asks an Open WebUI for its models only with a key', async () => {
      routes['/health'] = sends({ status: true });
      expect(await deepOf('open_webui')).to.include({ status: 'pass' });
      expect(seen).to.have.length(1);
      secret = CANARY;
      routes['/api/models'] = sends({ data: [{ id: 'a' }, { id: 'b' }] });
      const over = { apiKeyVariable: 'KEY' };
      expect((await deepOf('open_webui', over)).detail).to.equal('It answers, and knows 2 models.');
      expect(await probe.models(aService({ kind: 'open_webui', ...over }), baseUrl, NEVER)).to.deep.equal(['a', 'b']);
      routes['/api/models'] = sends('', 401);
      expect(await probe.models(aService({ kind: 'open_webui', ...over }), baseUrl, NEVER)).to.equal(null);
    });

    it('has nothing more to ask a plain HTTP service', async () => {
      expect(await deepOf('http')).to.include({ status: 'skip', latencyMs: null });
      expect(seen).to.deep.equal([]);
    });

    for (const { of, reply, says } of [
      { of: 'HTML in place of JSON', reply: sends('<html>sign in</html>', 200, 'text/html'), says: 'something that is not JSON' },
      { of: 'an answer that never ends', reply: sends('x'.repeat(5 * 2 ** 20)), says: 'It sent more than 4194304 bytes in answer.' },
      { of: 'silence', reply: () => undefined, says: 'It did not answer POST /v1/embeddings within 0.15 s.' },
      { of: 'a cut', reply: ((_s, _r, request) => request.socket.destroy()) as Reply, says: 'the connection was cut' },
      { of: 'a path it does not have', reply: sends('', 404), says: 'It has no /v1/embeddings (status 404).' },
    ]) {
      it(`fails in our words for ${of}`, async () => {
        routes['/v1/embeddings'] = reply;
        const { status, detail } = await deepOf('embeddings');
        expect(status).to.equal('fail');
        expect(detail).to.contain(says).and.not.to.contain('sign in');
      });
    }
  });
});
