import { expect } from 'chai';
import { initialLoadProgress, LOAD_STAGES, type LoadStage, mayBeSilent, observeLine } from '../../src/index.ts';
import { after } from '../support/log-fixtures.ts';

const E = '(EngineCore_DP0 pid=9) ';
const info = (message: string): string => `${E}INFO 11-21 12:00:00 [some_file.py:123] ${message}`;
const shards = (done: number, total: number, rank = E): string =>
  `${rank}Loading safetensors checkpoint shards:  22% Completed | ${done}/${total} [04:29<18:47, 29.67s/it]`;
const graphs = (done: number, total: number, mode = 'decode, FULL', rank = E): string =>
  `${rank}Capturing CUDA graphs (${mode}):  75%|███████▍  | ${done}/${total} [00:09<00:03,  4.01it/s]`;

describe('observeLine', () => {
  const table: readonly (readonly [line: string, stage: LoadStage, label: string])[] = [
    ['Loading configuration from .env file...', 'dispatch', 'starting the container'],
    ['Solo mode enabled. Skipping node detection.', 'dispatch', 'starting the container'],
    ['Auto-detecting interfaces...', 'dispatch', 'starting the container'],
    ['Head Node: 10.77.0.11', 'dispatch', 'starting the container'],
    ['Action: exec', 'dispatch', 'starting the container'],
    ['Checking SSH connectivity to worker nodes...', 'dispatch', 'checking the hosts'],
    ['  SSH to 10.77.0.12: OK', 'dispatch', 'checking the hosts'],
    ['Note: Command requires 1 node(s) (tp=1 * pp=1 * dp=1); using 1 of 2 configured node(s).', 'dispatch', 'starting the container'],
    ['Verifying Docker image consistency across cluster nodes...', 'dispatch', 'comparing images'],
    ['  [WORKER] 10.77.0.12: sha256:7be1 (match)', 'dispatch', 'comparing images'],
    ['Docker image consistency check passed.', 'dispatch', 'starting the container'],
    ['Starting Head Node on 10.77.0.11...', 'dispatch', 'starting the container'],
    ['Starting Worker Node on 10.77.0.12...', 'dispatch', 'starting the container'],
    ["Applying mod 'fix' to 10.77.0.11...", 'dispatch', 'preparing the container'],
    ['Copying launch script to 10.77.0.11...', 'dispatch', 'preparing the container'],
    ['Starting Ray HEAD node on 10.77.0.11...', 'dispatch', 'starting Ray'],
    ['Waiting for cluster to be ready...', 'dispatch', 'waiting for Ray'],
    ['Cluster head is responsive.', 'dispatch', 'waiting for Ray'],
    ['Executing command: vllm serve org/name', 'dispatch', 'starting vLLM'],
    ['Executing command on head node: vllm serve org/name', 'dispatch', 'starting vLLM'],
    ['Executing command on head node (rank 0): vllm serve org/name', 'dispatch', 'starting vLLM'],
    ['Launching worker (rank 1) on 10.77.0.12...', 'dispatch', 'starting vLLM'],
    ['Command dispatched in background (Daemon mode). Container: vllm_node', 'dispatch', 'starting vLLM'],
    ['Cluster started in background (Daemon mode).', 'dispatch', 'starting vLLM'],
    [info(' ▄▄ ▄█ █     █     █ ▀▄▀ █  version 0.29.1'), 'engine', 'starting the engine'],
    [info('  █▄█▀ █     █     █     █  model   org/name'), 'engine', 'starting the engine'],
    [info('vLLM API server version 0.9.2'), 'engine', 'starting the engine'],
    [info("non-default args: {'model': 'org/name'}"), 'engine', 'starting the engine'],
    [info("Initializing a V1 LLM engine (v0.32.0) with config: model='org/name'"), 'engine', 'starting the engine'],
    [info("Initializing a V0 LLM engine (v0.9.2) with config: model='org/name'"), 'engine', 'starting the engine'],
    [info('world_size=2 rank=1 local_rank=0 distributed_init_method=tcp://10.77.0.11:29501 backend=nccl'), 'engine', 'joining the ranks'],
    [info('rank 0 in world size 2 is assigned as DP rank 0, PP rank 0, TP rank 0'), 'engine', 'joining the ranks'],
    ['Fetching 14 files:  50%|█████     | 7/14 [01:10<01:10, 10.02s/it]', 'weights', 'downloading files 7/14'],
    [info('Starting to load model org/name...'), 'weights', 'loading weights'],
    [info('Checkpoint size: 92.85 GiB. Available RAM: 17.97 GiB.'), 'weights', 'loading weights'],
    [shards(11, 49), 'weights', 'weights 11/49'],
    [`${E}Loading safetensors using Fastsafetensor loader:   5% Completed | 2/42 [00:06<02:14,  3.36s/it]`, 'weights', 'weights 2/42'],
    ['Loading pt checkpoint shards: 100% Completed | 3/3 [00:06<00:00,  2.00s/it]', 'weights', 'weights 3/3'],
    [info('Loading weights took 180.25 seconds'), 'weights', 'weights read'],
    [info('Model loading took 38.24 GiB memory and 226.512052 seconds'), 'compile', 'weights loaded'],
    [info('Model loading took 38.24 GiB and 226.512052 seconds'), 'compile', 'weights loaded'],
    [info("Using cache directory: /root/.cache/vllm/torch_compile_cache/91/rank_0_0 for vLLM's torch.compile"), 'compile', 'compiling'],
    [info('Dynamo bytecode transform time: 8.69 s'), 'compile', 'compiling'],
    [info('Directly load the compiled graph(s) for dynamic shape from the cache, took 6.203 s'), 'compile', 'compiling'],
    [info('Compiling a graph for dynamic shape takes 21.40 s'), 'compile', 'compiling'],
    [info('torch.compile takes 30.09 s in total'), 'compile', 'compiling'],
    [info('torch.compile took 30.09 s in total'), 'compile', 'compiling'],
    [info('Estimated CUDA graph memory: 1.10 GiB total'), 'kv', 'allocating the KV cache'],
    [info('Available KV cache memory: 81.79 GiB'), 'kv', 'allocating the KV cache'],
    [info('GPU KV cache size: 7,228,559 tokens'), 'kv', 'allocating the KV cache'],
    [info('Maximum concurrency for 131,072 tokens per request: 55.15x'), 'kv', 'allocating the KV cache'],
    [`${E}DeepGEMM warmup:  47%|████▋     | 594/1261 [00:41<00:46, 14.31it/s]`, 'kv', 'warming up kernels 594/1261'],
    [graphs(11, 11, 'mixed prefill-decode, PIECEWISE'), 'graphs', 'capturing graphs 11/11'],
    [graphs(38, 51), 'graphs', 'capturing graphs 38/51'],
    ['Capturing CUDA graph shapes:  50%|█████     | 33/67 [00:11<00:12,  2.80it/s]', 'graphs', 'capturing graphs 33/67'],
    [info('Graph capturing finished in 31 secs, took 0.45 GiB'), 'graphs', 'graphs captured'],
    [info('init engine (profile, create kv cache, warmup model) took 212.68 s (compilation: 13.01 s)'), 'server', 'starting server'],
    [info('init engine (profile, create kv cache, warmup model) took 212.68 seconds'), 'server', 'starting server'],
    [info('Starting vLLM API server on http://0.0.0.0:8000'), 'server', 'starting server'],
    [info('Starting vLLM API server 0 on http://0.0.0.0:8000'), 'server', 'starting server'],
    [info('Starting vLLM server on http://0.0.0.0:8000'), 'server', 'starting server'],
    [info('Available routes are:'), 'server', 'starting server'],
    ['INFO:     Started server process [61]', 'server', 'starting server'],
    ['(APIServer pid=61) INFO:     Waiting for application startup.', 'server', 'starting server'],
    ['(APIServer pid=61) INFO:     Application startup complete.', 'server', 'server started'],
    ['INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)', 'server', 'server started'],
    [info('Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.3 tokens/s'), 'server', 'server started'],
  ];
  for (const [line, stage, label] of table) {
    it(`reads ${JSON.stringify(line.slice(0, 90))} as ${stage}: ${label}`, () => {
      expect(after(line)).to.include({ stage, label });
    });
  }

  it('puts the stages one after the other, as long as the weights say', () => {
    const at = (line: string): number => after(line).fraction;
    expect(at('Command dispatched in background (Daemon mode). Container: n')).to.be.closeTo(0.02, 1e-9);
    expect(at(info('Starting to load model org/name...'))).to.be.closeTo(0.07, 1e-9);
    expect(at(shards(7, 14))).to.be.closeTo(0.07 + 0.6 * 0.9 * 0.5, 1e-9);
    expect(at(info('Model loading took 38.24 GiB memory and 226.5 seconds'))).to.be.closeTo(0.67, 1e-9);
    expect(at(info('torch.compile took 30.09 s in total'))).to.be.closeTo(0.77, 1e-9);
    expect(at(graphs(51, 51))).to.be.closeTo(0.8 + 0.15 * 0.5, 1e-9);
    expect(at(info('init engine (profile, create kv cache, warmup model) took 212.68 s'))).to.be.closeTo(0.95, 1e-9);
    expect(at('INFO:     Application startup complete.')).to.equal(1);
  });

  const meaningless = [
    '',
    '4f1c0a7be2d95338',
    'Traceback (most recent call last):',
    'Error: Unknown argument or action',
    "[HEAD] 10.77.0.11: Container 'n' is RUNNING.",
    info('Route: /health, Methods: GET'),
    info('Received request: prompt: Application startup complete.'),
    'weights 9/14',
    'INFO:     Shutting down',
    'Loading safetensors checkpoint shards:  0% Completed | 0/0 [00:00<?, ?it/s]',
    'Some other bar:  47%|####  | 594/1261 [00:01<00:02]',
    ': 10%|#| 1/2',
  ];
  for (const line of meaningless) {
    it(`returns the same state for ${JSON.stringify(line.slice(0, 70))}`, () => {
      const state = line.startsWith('Loading') ? after(shards(3, 9)) : after(info('Starting to load model x...'));
      expect(observeLine(state, line)).to.equal(state);
    });
  }

  it('returns the same state for a line that is repeated', () => {
    const lines = [
      info('Dynamo bytecode transform time: 8.69 s'),
      shards(3, 9),
      info('Loading weights took 3 seconds'),
      graphs(3, 9),
      info('Graph capturing finished in 3 secs'),
    ];
    for (const line of lines) {
      const state = after(line);
      expect(observeLine(state, line)).to.equal(state);
    }
  });

  it('says another word at the same place', () => {
    const state = after(info('Starting to load model org/name...'));
    expect(observeLine(state, 'Fetching 14 files:   0%|     | 0/14 [00:00<?, ?it/s]').label).to.equal('downloading files 0/14');
    const compiling = after(info('Compiling a graph for dynamic shape takes 21.40 s'));
    expect(observeLine(compiling, info('torch.compile took 30.09 s in total')).fraction).to.be.closeTo(0.77, 1e-9);
  });

  it('begins with nothing', () => {
    expect(initialLoadProgress()).to.deep.equal({
      stage: 'dispatch',
      fraction: 0,
      label: 'starting',
      isPulling: false,
      reached: 0,
      weights: [],
      graphs: [],
    });
  });

  it('counts kernels that warm up in the second half of the KV stage', () => {
    const at = (done: number): number => after(`DeepGEMM warmup:  47%|##| ${done}/1000 [00:41<00:46]`).fraction;
    expect(at(0)).to.be.closeTo(0.785, 1e-9);
    expect(at(500)).to.be.closeTo(0.7925, 1e-9);
    expect(at(1_000)).to.be.closeTo(0.8, 1e-9);
  });

  it('names the rank by its process, and by the source only where one is given', () => {
    const rank = (source?: string): string | undefined => observeLine(initialLoadProgress(), shards(1, 2), source).weights[0]?.rank;
    expect([rank(), rank(''), rank('spark-1')]).to.deep.equal(['EngineCore_DP0', 'EngineCore_DP0', 'spark-1 EngineCore_DP0']);
  });

  it('calls the graphs captured when a rank ends without a bar, and when the bar it drew is full', () => {
    const end = info('Graph capturing finished in 31 secs, took 0.45 GiB');
    expect(after(end)).to.include({ label: 'graphs captured' });
    expect(after(graphs(51, 51), end)).to.include({ label: 'graphs captured' });
    expect(after(graphs(3, 51, 'decode, FULL', '(Worker_TP1 pid=2) '), end)).to.include({ label: 'capturing graphs 3/51' });
  });

  it('counts the slowest of the ranks that draw a bar', () => {
    const [w0, w1] = ['(Worker_TP0 pid=7) ', '(Worker_TP1 pid=8) '];
    const both = after(shards(2, 14, w0), shards(5, 14, w1), shards(9, 14, w0));
    expect(both.label).to.equal('weights 5/14');
    expect(both.fraction).to.equal(after(shards(5, 14)).fraction);
    expect(observeLine(both, shards(11, 14, w1)).label).to.equal('weights 9/14');
  });

  it('tells ranks of the same name on two hosts apart by the source', () => {
    const head = observeLine(initialLoadProgress(), shards(2, 14), 'spark-1');
    const two = observeLine(observeLine(head, shards(9, 14), 'spark-2'), shards(12, 14), 'spark-2');
    expect(two.label).to.equal('weights 2/14');
  });

  it('does not fall when a slow rank appears late', () => {
    const [w0, w1] = ['(Worker_TP0 pid=7) ', '(Worker_TP1 pid=8) '];
    const before = after(shards(9, 14, w0));
    const late = observeLine(before, shards(1, 14, w1));
    expect(late.fraction).to.equal(before.fraction);
    expect(late.label).to.equal('weights 9/14');
    const caughtUp = [3, 9, 10].reduce((state, done) => observeLine(state, shards(done, 14, w1)), observeLine(late, shards(12, 14, w0)));
    expect(caughtUp.label).to.equal('weights 10/14');
  });

  it('waits with the end of the weights for the slowest rank', () => {
    const ended = '(Worker_TP1 pid=8) INFO 11-21 12:00:00 [a.py:1] Model loading took 38.24 GiB memory and 226.5 seconds';
    const state = after(shards(3, 14, '(Worker_TP0 pid=7) '), ended);
    expect(state).to.include({ stage: 'weights', label: 'weights 3/14' });
    expect(observeLine(state, shards(14, 14, '(Worker_TP0 pid=7) '))).to.include({ stage: 'compile', label: 'weights loaded' });
  });

  it('neither falls nor says done when a draft model begins a second bar', () => {
    const first = after(shards(14, 14), info('Loading weights took 180.25 seconds'));
    const second = observeLine(first, shards(0, 4));
    expect(second.label).to.equal('weights 0/4 (pass 2)');
    expect(second.fraction).to.equal(first.fraction).and.below(0.67);
    const third = [shards(4, 4), shards(0, 4), shards(4, 4)].reduce((state, line) => observeLine(state, line), second);
    expect(third.label).to.equal('weights 4/4 (pass 3)');
    expect(third.fraction).to.be.above(second.fraction).and.below(0.67);
    expect(observeLine(third, info('Model loading took 38.24 GiB memory and 226.5 seconds')).fraction).to.be.closeTo(0.67, 1e-9);
  });

  it('takes a weights bar after a pass without one for the next pass', () => {
    expect(after(info('Loading weights took 9.1 seconds'), shards(1, 8)).label).to.equal('weights 1/8 (pass 2)');
  });

  it('counts piecewise and full graphs as two passes', () => {
    const first = after(graphs(11, 11, 'mixed prefill-decode, PIECEWISE'));
    const second = observeLine(first, graphs(0, 51));
    expect(second.fraction).to.equal(first.fraction).and.closeTo(0.875, 1e-9);
    expect(observeLine(second, graphs(38, 51)).label).to.equal('capturing graphs 38/51 (pass 2)');
    expect(observeLine(second, info('Graph capturing finished in 31 secs, took 0.45 GiB')).fraction).to.be.closeTo(0.95, 1e-9);
  });

  it('changes neither stage nor label when a lost connection makes it read the log again', () => {
    const state = after(
      info('Starting to load model x...'),
      shards(14, 14),
      info('Model loading took 3 GiB memory and 2 seconds'),
      info('torch.compile took 3 s in total'),
    );
    const again = [info('Starting to load model x...'), shards(0, 14), shards(7, 14), shards(14, 14)].reduce(
      (now, line) => observeLine(now, line),
      state,
    );
    expect(again).to.deep.equal(state);
  });

  it('goes on from the progress in the journal, and names what it reads meanwhile', () => {
    const resumed = initialLoadProgress({ resumeFrom: { fraction: 0.5, label: 'weights 9/14' } });
    expect(resumed).to.include({ fraction: 0.5, label: 'weights 9/14' });
    const early = observeLine(resumed, shards(1, 14));
    expect(early).to.include({ fraction: 0.5, label: 'weights 1/14', stage: 'weights' });
    expect(observeLine(early, shards(13, 14)).fraction).to.be.above(0.5);
  });

  it('starts inside 0..1 whatever the journal holds', () => {
    for (const fraction of [-1, 7, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(initialLoadProgress({ resumeFrom: { fraction, label: '' } }).fraction).to.be.within(0, 1);
    }
  });

  it('knows an image pull until the engine starts', () => {
    const pulls = [
      "Unable to find image 'vllm-node:latest' locally",
      'latest: Pulling from eugr/spark-vllm',
      '0a1b2c3d4e5f: Pulling fs layer',
      '0a1b2c3d4e5f: Download complete',
      '0a1b2c3d4e5f: Pull complete',
    ];
    for (const line of pulls) expect(after(line)).to.include({ isPulling: true, label: 'pulling the image', stage: 'dispatch' });
    const dispatched = after(...pulls, 'Command dispatched in background (Daemon mode). Container: n');
    expect(dispatched.isPulling).to.equal(true);
    expect(observeLine(dispatched, info('vLLM API server version 0.9.2')).isPulling).to.equal(false);
    expect(after(info('vLLM API server version 0.9.2'), pulls[0] ?? '').isPulling).to.equal(false);
  });

  it('does not grow with the ranks that a log invents', () => {
    let state = initialLoadProgress();
    for (let rank = 0; rank < 500; rank += 1) state = observeLine(state, shards(1, 2, `(Worker_TP${rank} pid=7) `));
    expect(state.weights).to.have.lengthOf(64);
  });

  it('lets only compiling and warming up be silent', () => {
    expect(LOAD_STAGES.filter(mayBeSilent)).to.deep.equal(['compile', 'kv']);
  });
});
