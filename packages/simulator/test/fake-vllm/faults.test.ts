import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { FAULTS, type FakeVllmFault, readProfile } from '../../src/index.ts';
import { endFakes, postJson, servingFake, startFake } from '../support/fakes.ts';

/** Runs a start that fails, and returns its exit code and log. */
async function failure(fault: FakeVllmFault, words: readonly string[] = []): Promise<Readonly<{ code: number; log: string }>> {
  const { fake, output, memory } = startFake({ fault }, words);
  const code = await fake.exited;
  expect(await fake.ready).to.equal(false);
  expect(memory.read().free, 'free memory after the exit').to.be.greaterThan(0.92 * memory.read().total);
  return { code, log: output() };
}

describe('a fault of the fake vllm', () => {
  afterEach(endFakes);

  it('out_of_memory dies in the middle of the weights with the words of torch', async () => {
    const { code, log } = await failure('out_of_memory');
    expect(code).to.equal(1);
    expect(log).to.match(
      /4\/8 \[[\s\S]*EngineCore failed to start\.[\s\S]*torch\.OutOfMemoryError: CUDA out of memory\. Tried to allocate/,
    );
    expect(log).to.contain('Engine core initialization failed. See root cause above.');
    expect(log).not.to.contain('8/8');
  });

  it('crash_in_load dies of a broken shard', async () => {
    const { code, log } = await failure('crash_in_load');
    expect(code).to.equal(1);
    expect(log).to.contain('SafetensorError: Error while deserializing header');
  });

  it('kv_too_small says which length would fit', async () => {
    const { code, log } = await failure('kv_too_small');
    expect(code).to.equal(1);
    expect(log).to.match(
      /To serve at least one request with the models's max seq len \(131072\), \(\d+\.\d\d GiB KV cache is needed.*estimated maximum model length is \d+/,
    );
  });

  it('port_taken says so before anything is loaded', async () => {
    const { code, log } = await failure('port_taken');
    expect(code).to.equal(1);
    expect(log).to.match(/\[Errno 98\].*address already in use/);
    expect(log).not.to.contain('Starting to load model');
  });

  it('exit_at_start dies at once', async () => {
    const { code, log } = await failure('exit_at_start');
    expect(code).to.equal(1);
    expect(log).to.contain('ValidationError: 1 validation error for ModelConfig');
  });

  it('hang_in_capture never gets further, and ends when told to', async () => {
    const clock = new FakeClock();
    const { fake, output } = startFake({ fault: 'hang_in_capture' }, [], { clock });
    while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(3_600_000);
    expect(output()).to.match(/Capturing CUDA graphs \(mixed prefill-decode, PIECEWISE\): {2}36%\|[^\n]*$/);
    fake.stop('SIGTERM');
    await clock.advance(1_000);
    expect(await fake.exited).to.equal(0);
  });

  it('slow_stop goes on serving after TERM, until it is killed', async () => {
    const { fake, url } = await servingFake({ fault: 'slow_stop' });
    fake.stop('SIGTERM');
    expect((await fetch(`${url}/health`)).status).to.equal(200);
    fake.stop('SIGKILL');
    expect(await fake.exited).to.equal(137);
  });

  it('unhealthy_after_ready serves first and answers 503 when its engine has died', async () => {
    const { fake, output, url } = await servingFake({ fault: 'unhealthy_after_ready', unhealthyAfterSeconds: 0.1 });
    while (!output().includes('EngineDeadError')) await new Promise((resolve) => setTimeout(resolve, 2));
    expect((await fetch(`${url}/health`)).status).to.equal(503);
    expect((await postJson(`${url}/v1/completions`, { prompt: 'x' })).status).to.equal(500);
    fake.stop('SIGTERM');
    expect(await fake.exited).to.equal(0);
  });

  it('warmup_fails is healthy and answers completions with 500', async () => {
    const { url } = await servingFake({ fault: 'warmup_fails' });
    expect((await fetch(`${url}/health`)).status).to.equal(200);
    const answer = await postJson(`${url}/v1/completions`, { prompt: 'x', max_tokens: 1 });
    expect(answer.status).to.equal(500);
    expect(await answer.json()).to.have.nested.property('error.type', 'InternalServerError');
  });

  it('is not needed for a port that is really taken, nor for memory that is really short', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const blocked = startFake({}, ['--port', String(port)]);
    expect(await blocked.fake.exited).to.equal(1);
    expect(blocked.output()).to.contain('[Errno 98]');
    squatter.close();
    const greedy = startFake({}, ['--gpu-memory-utilization', '0.97']);
    expect(await greedy.fake.exited).to.equal(1);
    expect(greedy.output()).to.match(
      /Free memory on device cuda:0 \(114\.99\/121\.69 GiB\) on startup is less than desired GPU memory utilization \(0\.97, 118\.04 GiB\)\./,
    );
    const huge = startFake({ weightsBytes: 130 * 1024 ** 3 });
    expect(await huge.fake.exited).to.equal(1);
    expect(huge.output()).to.contain('No available memory for the cache blocks');
  });

  it('is refused when its name is misspelt, instead of passing as none', () => {
    for (const fault of FAULTS) expect(readProfile({ fault }).fault).to.equal(fault);
    expect(() => readProfile({ fault: 'out_of_memroy' })).to.throw(TypeError);
    expect(() => readProfile({ loadSecond: 1 })).to.throw(TypeError, 'loadSecond');
    expect(() => readProfile({ loadSeconds: -1 })).to.throw(TypeError, 'loadSeconds');
  });
});
