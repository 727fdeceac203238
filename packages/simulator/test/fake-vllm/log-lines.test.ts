import { expect } from 'chai';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { spedUp, systemClock } from '../../src/index.ts';
import { endFakes, servingFake, startFake } from '../support/fakes.ts';

const GIB = 1024 ** 3;

/** In order, as facts of real logs have them. */
const LITERALS: readonly RegExp[] = [
  /^\(APIServer pid=42\) INFO \d\d-\d\d \d\d:\d\d:\d\d \[utils\.py:\d+\] .*version \d+\.\d+/m,
  /model {3}acme\/model$/m,
  /non-default args: \{'model_tag': 'acme\/model', /,
  /^\(EngineCore pid=102\) INFO .* Initializing a V1 LLM engine \(v\d.*\) with config: model='acme\/model'/m,
  /world_size=1 rank=0 local_rank=0 distributed_init_method=tcp:\/\/\S+ backend=nccl/,
  /Starting to load model acme\/model\.\.\./,
  /Checkpoint size: 16\.00 GiB\. Available RAM: \d+\.\d\d GiB\./,
  /^\(EngineCore pid=102\) \rLoading safetensors checkpoint shards: {3}0% Completed \| 0\/8 \[00:00<\?, \?it\/s\]$/m,
  /\rLoading safetensors checkpoint shards: {2}37% Completed \| 3\/8 \[\d\d:\d\d<\d\d:\d\d, +\d+\.\d\d(s\/it|it\/s)\]\n/,
  /\rLoading safetensors checkpoint shards: 100% Completed \| 8\/8 \[/,
  /Loading weights took \d+\.\d\d seconds/,
  /Model loading took 16\.00 GiB memory and \d+\.\d{6} seconds/,
  /Using cache directory: \S+torch_compile_cache\S+ for vLLM's torch\.compile/,
  /Dynamo bytecode transform time: \d+\.\d\d s/,
  /Directly load the compiled graph\(s\) .* from the cache, took \d+\.\d{3} s/,
  /torch\.compile takes \d+\.\d\d s in total/,
  /Estimated CUDA graph memory: 1\.10 GiB total/,
  /Available KV cache memory: \d+\.\d\d GiB/,
  /GPU KV cache size: [\d,]+ tokens/,
  /Maximum concurrency for 131,072 tokens per request: \d+\.\d\dx/,
  /\rCapturing CUDA graphs \(mixed prefill-decode, PIECEWISE\): 100%\|█{10}\| 11\/11 \[[^\n]*\]\n/,
  /\rCapturing CUDA graphs \(decode, FULL\): {2}\d\d%\|█* *\| \d\/7 \[[^\n\r]*\]\r/,
  /Graph capturing finished in \d+ secs, took 0\.45 GiB/,
  /init engine \(profile, create kv cache, warmup model\) took \d+\.\d\d s \(compilation: \d+\.\d\d s\)/,
  /Starting vLLM server on http:\/\/0\.0\.0\.0:0/,
  /Available routes are:/,
  /^\(APIServer pid=42\) INFO: {5}Started server process \[42\]$/m,
  /INFO: {5}Waiting for application startup\./,
  /INFO: {5}Application startup complete\./,
  /INFO: {5}Uvicorn running on http:\/\/0\.0\.0\.0:\d+ \(Press CTRL\+C to quit\)/,
  /INFO: {5}Shutting down$/m,
  /INFO: {5}Application shutdown complete\.$/m,
];

function expectInOrder(text: string, patterns: readonly RegExp[]): void {
  let from = 0;
  for (const pattern of patterns) {
    const match = pattern.exec(text.slice(from));
    if (match === null) expect.fail(`${pattern} does not follow ${text.slice(Math.max(0, from - 200), from)}`);
    from += match.index + 1;
  }
}

describe('the log of the fake vllm', () => {
  afterEach(endFakes);

  it('has the literal lines of a whole life in their order', async () => {
    const { fake, output } = await servingFake();
    fake.stop('SIGTERM');
    expect(await fake.exited).to.equal(0);
    expectInOrder(output(), LITERALS);
  });

  it('tells times that add up to the load time it was given', async () => {
    const { output } = await servingFake({ loadSeconds: 100, shards: 4 }, [], { clock: spedUp(systemClock, 2_000) });
    const seconds = (pattern: RegExp): number => Number(pattern.exec(output())?.[1]);
    expect(seconds(/Loading weights took (\S+) seconds/)).to.be.closeTo(54, 0.01);
    expect(seconds(/init engine .* took (\S+) s \(/)).to.be.closeTo(31, 0.01);
    expect(output()).to.match(/50% Completed \| 2\/4 \[00:27<00:27, 13\.50s\/it\]/);
  });

  it('names the loader that was asked for, and leaves out compiling and graphs in eager mode', async () => {
    const { output } = await servingFake({}, ['--load-format', 'fastsafetensors', '--enforce-eager']);
    expect(output()).to.match(/\rLoading safetensors using Fastsafetensor loader: {2}12% Completed \| 1\/8 \[/);
    expect(output()).not.to.match(/torch\.compile|Capturing CUDA graphs/);
  });

  it('prints no bars on a worker rank, and takes its share of the weights', async () => {
    const { fake, output, memory } = startFake({ weightsBytes: 40 * GIB }, ['-tp', '2', '--nnodes', '2', '--node-rank', '1', '--headless']);
    expect(await fake.ready).to.equal(true);
    expect(fake.port).to.equal(null);
    expect(output()).to.match(/^\(Worker_TP1 pid=102\) INFO .* Model loading took 20\.00 GiB memory/m);
    expect(output()).not.to.contain('Completed |');
    expect(memory.read().total - memory.read().free).to.be.greaterThan(0.92 * memory.read().total);
    fake.stop('SIGTERM');
    expect(await fake.exited).to.equal(0);
  });

  it('is ready after exactly its load time, on its own clock', async () => {
    const clock = new FakeClock();
    const { fake } = startFake({ loadSeconds: 4 }, [], { clock });
    let isReady = false;
    void fake.ready.then(() => {
      isReady = true;
    });
    // The port is tried first, which takes real time and none of the clock's.
    while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(3_999);
    expect(isReady).to.equal(false);
    await clock.advance(1);
    expect(await fake.ready).to.equal(true);
    fake.stop('SIGKILL');
    expect(await fake.exited).to.equal(137);
  });

  it('lives as many times faster as it is told', async () => {
    const clock = new FakeClock();
    const { fake } = startFake({ loadSeconds: 40 }, [], { clock: spedUp(clock, 20) });
    while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_000);
    expect(await fake.ready).to.equal(true);
  });
});
