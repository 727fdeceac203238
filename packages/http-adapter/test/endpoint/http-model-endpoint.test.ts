import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { isSparkError } from '@spark-control/core';
import { expect } from 'chai';
import { activityInMetrics, requestsInMetrics } from '../../src/endpoint/metrics-text.ts';
import { HttpModelEndpoint } from '../../src/index.ts';

const never = new AbortController().signal;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (isSparkError(error)) return error.code;
    throw error;
  }
}

describe('HttpModelEndpoint', () => {
  let server: Server;
  let url: string;
  let listener: RequestListener;
  let endpoint: HttpModelEndpoint;
  let connections: number;
  const seen: { url: string; body: string }[] = [];

  beforeEach(async () => {
    connections = 0;
    seen.length = 0;
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ url: request.url ?? '', body });
        listener(request, response);
      });
    });
    server.on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    endpoint = new HttpModelEndpoint({ healthMs: 100, modelsMs: 100, loadMs: 100, completionMs: 100 });
  });
  afterEach(async () => {
    endpoint.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const answers = (status: number, body: unknown = ''): void => {
    listener = (_request, response) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const hangs = (): void => {
    listener = () => undefined;
  };

  it('tells healthy, unhealthy and unreachable apart', async () => {
    answers(200);
    expect(await endpoint.health(url, never)).to.deep.equal({ kind: 'healthy' });
    answers(503, 'engine dead');
    expect(await endpoint.health(url, never)).to.deep.equal({ kind: 'unhealthy', status: 503 });
    hangs();
    expect(await endpoint.health(url, never)).to.include({ kind: 'unreachable' });
    listener = (request) => request.socket.destroy();
    expect(await endpoint.health(url, never)).to.deep.include({
      kind: 'unreachable',
      reason: 'The model server did not answer GET /health: the connection was cut.',
    });
    const refused = await endpoint.health('http://127.0.0.1:1', never);
    expect(refused).to.deep.equal({
      kind: 'unreachable',
      reason: 'The model server did not answer GET /health: the connection was refused.',
    });
  });

  it('does not take for HTTP what is none', async () => {
    const tcp = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const health = await endpoint.health(`http://127.0.0.1:${(tcp.address() as AddressInfo).port}`, never);
    expect(health).to.deep.equal({
      kind: 'unreachable',
      reason: 'The model server did not answer GET /health: what answers there is no HTTP server.',
    });
    tcp.close();
  });

  it('keeps its connection for the next call, and recovers when that was closed meanwhile', async () => {
    answers(200);
    for (let n = 0; n < 5; n += 1) await endpoint.health(url, never);
    expect(connections).to.equal(1);
    let calls = 0;
    listener = (request, response) => {
      calls += 1;
      // The first call meets a connection that the server is just closing.
      if (calls === 1) request.socket.resetAndDestroy();
      else response.end();
    };
    expect(await endpoint.health(url, never)).to.deep.equal({ kind: 'healthy' });
    expect(calls).to.equal(2);
  });

  it('reads the models with what was really loaded', async () => {
    answers(200, { data: [{ id: 'qwen', root: '/models/qwen', max_model_len: 4096 }, { id: 'lora', root: null }, { id: 7 }, null] });
    expect(await endpoint.models(url, never)).to.deep.equal([
      { id: 'qwen', root: '/models/qwen', maxModelLen: 4096 },
      { id: 'lora', root: null, maxModelLen: null },
    ]);
    for (const bad of [[], {}, { data: 'x' }, 'not json', null]) {
      answers(200, bad);
      expect(await codeOf(endpoint.models(url, never))).to.equal('UPSTREAM_FAILED');
    }
    answers(500);
    expect(await codeOf(endpoint.models(url, never))).to.equal('UPSTREAM_FAILED');
    hangs();
    expect(await codeOf(endpoint.models(url, never))).to.equal('UPSTREAM_TIMEOUT');
  });

  it('gives up on an answer without end', async () => {
    listener = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024))) {}
      };
      response.on('drain', more);
      more();
    };
    const patient = new HttpModelEndpoint({ modelsMs: 5_000 });
    expect(await codeOf(patient.models(url, never))).to.equal('UPSTREAM_FAILED');
    patient.close();
  });

  it('counts requests in flight, over all engines', async () => {
    answers(200, 'vllm:num_requests_running{engine="0"} 1.0\nvllm:num_requests_waiting{engine="0"} 2\n');
    expect(await endpoint.requestsInFlight(url, never)).to.equal(3);
    answers(404);
    expect(await endpoint.requestsInFlight(url, never)).to.equal(null);
  });

  it('tells how much a model is used, as far as it says', async () => {
    answers(200, 'vllm:num_requests_running 1\nvllm:request_success_total{finished_reason="stop"} 7\n');
    expect(await endpoint.activity(url, never)).to.deep.equal({ inFlight: 1, finished: 7 });
    answers(404);
    expect(await endpoint.activity(url, never)).to.equal(null);
    hangs();
    expect(await codeOf(endpoint.activity(url, never))).to.equal('UPSTREAM_TIMEOUT');
  });

  it('asks for one token, by chat where completions are not served, and for a vector where neither is', async () => {
    answers(200, { choices: [{ text: 'x' }] });
    await endpoint.completeOneToken(url, 'qwen', never);
    expect(JSON.parse(seen[0]!.body)).to.include({ model: 'qwen', max_tokens: 1, prompt: 'Hi' });
    listener = (request, response) => {
      const isChat = request.url === '/v1/chat/completions';
      response.writeHead(isChat ? 200 : 404).end(isChat ? '{"choices":[{}]}' : '{}');
    };
    await endpoint.completeOneToken(url, 'qwen', never);
    expect(seen.map((call) => call.url)).to.deep.equal(['/v1/completions', '/v1/completions', '/v1/chat/completions']);
    listener = (request, response) => {
      const isEmbedding = request.url === '/v1/embeddings';
      response.writeHead(isEmbedding ? 200 : 400).end(isEmbedding ? '{"data":[{"embedding":[0.1]}]}' : '{}');
    };
    await endpoint.completeOneToken(url, 'embedder', never);
    expect(JSON.parse(seen.at(-1)!.body)).to.deep.equal({ model: 'embedder', input: 'Hi' });
    for (const [status, body] of [
      [200, { choices: [] }],
      [200, {}],
      [404, {}],
      [500, { secret: 1 }],
      [200, 'x'],
    ] as const) {
      answers(status, body);
      expect(await codeOf(endpoint.completeOneToken(url, 'qwen', never)), `${status}`).to.equal('UPSTREAM_FAILED');
    }
    hangs();
    expect(await codeOf(endpoint.completeOneToken(url, 'qwen', never))).to.equal('UPSTREAM_TIMEOUT');
  });

  it('settles with the reason of an abort, before and within a call', async () => {
    hangs();
    const reason = new Error('the phase is over');
    for (const start of ['health', 'models', 'requestsInFlight'] as const) {
      const abort = new AbortController();
      const call = endpoint[start](url, abort.signal);
      abort.abort(reason);
      expect(
        await call.then(
          () => null,
          (error: unknown) => error,
        ),
      ).to.equal(reason);
      expect(
        await endpoint[start](url, abort.signal).then(
          () => null,
          (error: unknown) => error,
        ),
      ).to.equal(reason);
    }
  });
});

describe('activityInMetrics', () => {
  const running = 'vllm:num_requests_running{engine="0"} 1.0\nvllm:num_requests_waiting 2\n';
  it('adds up what runs, waits and has finished', () => {
    const finished = 'vllm:request_success_total{finished_reason="stop"} 40.0\nvllm:request_success_total{finished_reason="abort"} 2\n';
    expect(activityInMetrics(running + finished)).to.deep.equal({ inFlight: 3, finished: 42 });
  });
  it('knows that a server may not count, or say nothing at all', () => {
    expect(activityInMetrics(running)).to.deep.equal({ inFlight: 3, finished: null });
    expect(activityInMetrics('vllm:request_success_total 40\n')).to.equal(null);
    expect(activityInMetrics('')).to.equal(null);
  });
});

describe('requestsInMetrics', () => {
  const cases: readonly (readonly [text: string, expected: number | null])[] = [
    ['', null],
    ['# HELP vllm:num_requests_running x\n# TYPE vllm:num_requests_running gauge\n', null],
    [
      'vllm:num_requests_running{engine="0",model_name="a b"} 1.0\nvllm:num_requests_running{engine="1",model_name="a"} 2.0\nvllm:num_requests_waiting 3e0\n',
      6,
    ],
    ['vllm:num_requests_waiting_by_reason{reason="capacity"} 5\n', null],
    ['vllm:num_requests_running NaN\n', null],
    ['vllm:num_requests_running 0\r\n', 0],
    ['xvllm:num_requests_running 4\nvllm:num_requests_running 4 1700000000\n', 4],
  ];
  for (const [text, expected] of cases)
    it(`reads ${expected} from ${JSON.stringify(text).slice(0, 60)}`, () => expect(requestsInMetrics(text)).to.equal(expected));
});
