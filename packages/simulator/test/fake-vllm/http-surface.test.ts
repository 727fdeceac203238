import { expect } from 'chai';
import { endFakes, postJson, servingFake, startFake } from '../support/fakes.ts';

/** The `data:` events of a stream, parsed; the last one as text. */
async function eventsOf(answer: Response): Promise<Readonly<{ chunks: readonly Record<string, unknown>[]; last: string }>> {
  const events = (await answer.text()).split('\n\n').filter((event) => event !== '');
  const texts = events.map((event) => event.replace(/^data: /, ''));
  return { chunks: texts.slice(0, -1).map((text) => JSON.parse(text) as Record<string, unknown>), last: texts.at(-1) ?? '' };
}

const hello = [{ role: 'user', content: 'hello' }];

describe('the HTTP surface of the fake vllm', () => {
  afterEach(endFakes);

  it('refuses connections until it is ready', async () => {
    const first = await servingFake();
    const port = first.fake.port;
    first.fake.stop('SIGTERM');
    await first.fake.exited;
    const { fake } = startFake({ loadSeconds: 20 }, ['--port', String(port)]);
    const refusal = await fetch(`http://127.0.0.1:${port}/health`).catch((error: { cause?: { code?: string } }) => error.cause?.code);
    expect(refusal).to.equal('ECONNREFUSED');
    expect(await fake.ready).to.equal(true);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).to.equal(200);
  });

  it('answers health, ping, version and unknown paths', async () => {
    const { url } = await servingFake();
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.text()]).to.deep.equal([200, '']);
    expect((await fetch(`${url}/ping`)).status).to.equal(200);
    expect(await (await fetch(`${url}/version`)).json())
      .to.have.property('version')
      .that.matches(/^\d+\.\d+/);
    expect((await fetch(`${url}/nothing`)).status).to.equal(404);
    expect((await fetch(`${url}/v1/completions`)).status).to.equal(405);
  });

  it('lists every served name, with what was really loaded', async () => {
    const { url } = await servingFake({}, ['--served-model-name', 'a', 'b', '--max-model-len', '4096']);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: Record<string, unknown>[] };
    expect(data.map((model) => model['id'])).to.deep.equal(['a', 'b']);
    expect(data[0]).to.include({ object: 'model', owned_by: 'vllm', root: 'acme/model', parent: null, max_model_len: 4096 });
    expect(data[0]?.['permission']).to.be.an('array');
  });

  it('completes chat and text, with usage', async () => {
    const { url } = await servingFake();
    const chat = (await (
      await postJson(`${url}/v1/chat/completions`, { model: 'acme/model', messages: hello, max_tokens: 3 })
    ).json()) as Record<string, unknown>;
    expect(chat).to.have.nested.property('choices[0].message.content', 'The simulated model');
    expect(chat).to.have.nested.property('choices[0].finish_reason', 'length');
    expect(chat).to.have.nested.property('usage.completion_tokens', 3);
    const text = (await (
      await postJson(`${url}/v1/completions`, { model: 'acme/model', prompt: 'hello', max_tokens: 1 })
    ).json()) as Record<string, unknown>;
    expect(text).to.include({ object: 'text_completion' });
    expect(text).to.have.nested.property('choices[0].text', 'The');
  });

  it('streams chunks, then usage when asked for, then [DONE]', async () => {
    const { url } = await servingFake();
    const body = { model: 'acme/model', messages: hello, max_tokens: 2, stream: true, stream_options: { include_usage: true } };
    const answer = await postJson(`${url}/v1/chat/completions`, body);
    expect(answer.headers.get('content-type')).to.match(/^text\/event-stream/);
    const { chunks, last } = await eventsOf(answer);
    expect(last).to.equal('[DONE]');
    expect(chunks).to.have.length(4);
    expect(chunks[0]).to.have.nested.property('choices[0].delta.role', 'assistant');
    expect(chunks.slice(1, 3).map((chunk) => (chunk['choices'] as { delta: { content: string } }[])[0]?.delta.content)).to.deep.equal([
      'The',
      ' simulated',
    ]);
    expect(chunks[2]).to.have.nested.property('choices[0].finish_reason', 'length');
    expect(chunks[3]).to.deep.include({ choices: [] });
    expect(chunks[3]).to.have.nested.property('usage.completion_tokens', 2);
    const plain = await eventsOf(await postJson(`${url}/v1/completions`, { prompt: 'x', max_tokens: 2, stream: true }));
    expect(plain.chunks).to.have.length(2);
  });

  it('answers in the error shape of OpenAI', async () => {
    const { url } = await servingFake({}, ['--max-model-len', '100']);
    const unknown = await postJson(`${url}/v1/chat/completions`, { model: 'other', messages: hello });
    expect(unknown.status).to.equal(404);
    expect(await unknown.json()).to.deep.equal({
      error: { message: 'The model `other` does not exist.', type: 'NotFoundError', param: 'model', code: 404 },
    });
    const bodies = [
      { model: 'acme/model' },
      [],
      { model: 1, messages: hello },
      { messages: hello, max_tokens: 0 },
      { messages: hello, max_tokens: 1_000 },
    ];
    for (const body of bodies) {
      const answer = await postJson(`${url}/v1/chat/completions`, body);
      expect(answer.status, JSON.stringify(body)).to.equal(400);
      expect(await answer.json()).to.have.nested.property('error.type', 'BadRequestError');
    }
    expect((await fetch(`${url}/v1/completions`, { method: 'POST', body: 'no json' })).status).to.equal(400);
  });

  it('protects only the paths below /v1 with its key', async () => {
    const { url, output } = await servingFake({}, ['--api-key', 'sesame']);
    const refused = await fetch(`${url}/v1/models`);
    expect([refused.status, await refused.json()]).to.deep.equal([401, { error: 'Unauthorized' }]);
    expect((await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer sesame' } })).status).to.equal(200);
    expect((await fetch(`${url}/health`)).status).to.equal(200);
    expect((await fetch(`${url}/metrics`)).status).to.equal(200);
    expect(output()).not.to.contain('sesame');
  });

  it('counts requests and tokens under the labels of vllm, also while one runs', async () => {
    const { url } = await servingFake({ firstTokenMs: 1, tokenMs: 3_600_000 }, [
      '--served-model-name',
      'a',
      'b',
      '--enable-server-load-tracking',
    ]);
    const metrics = async (name: string): Promise<string | undefined> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return text.split('\n').find((line) => line.startsWith(`vllm:${name}{`));
    };
    const labels = '{engine="0",model_name="a"}';
    expect(await metrics('num_requests_running')).to.equal(`vllm:num_requests_running${labels} 0.0`);
    const hangUp = new AbortController();
    const body = JSON.stringify({ prompt: 'x'.repeat(40), stream: true });
    const stream = await fetch(`${url}/v1/completions`, { method: 'POST', body, signal: hangUp.signal });
    await stream.body?.getReader().read();
    expect(await metrics('num_requests_running')).to.equal(`vllm:num_requests_running${labels} 1.0`);
    expect(await metrics('prompt_tokens_total')).to.equal(`vllm:prompt_tokens_total${labels} 10.0`);
    expect(await metrics('generation_tokens_total')).to.equal(`vllm:generation_tokens_total${labels} 1.0`);
    expect(await (await fetch(`${url}/load`)).json()).to.deep.equal({ server_load: 1 });
    hangUp.abort();
    while ((await metrics('num_requests_running')) !== `vllm:num_requests_running${labels} 0.0`)
      await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await metrics('num_requests_waiting')).to.equal(`vllm:num_requests_waiting${labels} 0.0`);
    expect(await metrics('kv_cache_usage_perc')).to.equal(`vllm:kv_cache_usage_perc${labels} 0.0`);
  });

  it('embeds instead of completing when it serves a pooling model, and the other way round', async () => {
    const pooling = await servingFake({}, ['--runner', 'pooling']);
    const vectors = (await (await postJson(`${pooling.url}/v1/embeddings`, { model: 'acme/model', input: ['a', 'b'] })).json()) as {
      data: { embedding: number[] }[];
    };
    expect(vectors.data).to.have.length(2);
    expect(Math.hypot(...(vectors.data[0]?.embedding ?? []))).to.equal(1);
    expect((await postJson(`${pooling.url}/v1/embeddings`, { model: 'other', input: 'a' })).status).to.equal(404);
    expect((await postJson(`${pooling.url}/v1/embeddings`, {})).status).to.equal(400);
    expect((await postJson(`${pooling.url}/v1/completions`, { prompt: 'x' })).status).to.equal(400);
    const generating = await servingFake();
    expect((await postJson(`${generating.url}/v1/embeddings`, { input: 'a' })).status).to.equal(400);
  });

  it('counts tokens, and shows its load only when asked to track it', async () => {
    const { url } = await servingFake();
    expect(await (await postJson(`${url}/tokenize`, { prompt: '12345678' })).json()).to.include({ count: 2 });
    expect((await postJson(`${url}/tokenize`, {})).status).to.equal(400);
    expect((await fetch(`${url}/load`)).status).to.equal(404);
  });
});
