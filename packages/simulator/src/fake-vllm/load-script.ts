import type { MemorySnapshot } from './host-memory.ts';
import { gib, grouped, KV_BYTES_PER_TOKEN, type LoadFigures, loadFigures, OVERHEAD_BYTES, PHASES } from './load-timeline.ts';
import type { FakeVllmProfile } from './profile.ts';
import { captureBar, shardBar } from './progress-bars.ts';
import { bar, engineFailure, line, memory, plain, raw, type Step } from './script-step.ts';
import { type ServeOptions, VLLM_VERSION } from './serve-options.ts';

export type LoadSituation = Readonly<{ options: ServeOptions; profile: FakeVllmProfile }>;

/** Python's way of writing a value. */
function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, item]) => `'${key}': ${pythonRepr(item)}`)
      .join(', ')}}`;
  return String(value);
}

/** What happens before the engine looks at the memory. */
export function startScript({ options, profile }: LoadSituation): readonly Step[] {
  const seconds = profile.loadSeconds;
  if (profile.fault === 'exit_at_start') {
    const cause = `pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig\n  Value error, The checkpoint you are trying to load has model type \`fake\` but Transformers does not recognize this architecture.`;
    return [plain(0, `Traceback (most recent call last):\n${cause}`), { at: 0, action: { kind: 'exit', code: 1 } }];
  }
  const given = { model_tag: options.model, ...options.given, ...(options.apiKeys.length > 0 ? { api_key: ['***'] } : {}) };
  const ranks = Math.max(options.tensorParallel, options.nodes);
  const engine = seconds * 0.03;
  const banner = [
    '',
    '       █     █     █▄   ▄█',
    ` ▄▄ ▄█ █     █     █ ▀▄▀ █  version ${VLLM_VERSION}`,
    `  █▄█▀ █     █     █     █  model   ${options.model}`,
    '   ▀▀  ▀▀▀▀▀ ▀▀▀▀▀ ▀     ▀',
    '',
  ];
  return [
    line(0, 'utils.py:299', banner.join('\n'), 'api'),
    line(0, 'utils.py:233', `non-default args: ${pythonRepr(given)}`, 'api'),
    line(seconds * 0.01, 'model.py:529', 'Resolved architecture: FakeForCausalLM', 'api'),
    line(seconds * 0.01, 'model.py:1549', `Using max model len ${options.maxModelLen ?? profile.maxModelLen}`, 'api'),
    line(
      engine,
      'core.py:101',
      `Initializing a V1 LLM engine (v${VLLM_VERSION}) with config: model='${options.model}', speculative_config=None, tensor_parallel_size=${options.tensorParallel}, served_model_name=${options.servedModelNames[0] ?? ''}, load_format=${options.loadFormat}`,
    ),
    line(
      seconds * PHASES.distributed,
      'parallel_state.py:1392',
      `world_size=${ranks} rank=${options.nodeRank} local_rank=0 distributed_init_method=tcp://127.0.0.1:29501 backend=nccl`,
    ),
  ];
}

function weightSteps({ options, profile }: LoadSituation, figures: LoadFigures, memoryNow: MemorySnapshot): readonly Step[] {
  const start = profile.loadSeconds * PHASES.weights;
  const end = profile.loadSeconds * PHASES.weightsEnd;
  const shards = Math.max(1, Math.floor(profile.shards));
  const label =
    options.loadFormat === 'fastsafetensors' ? 'Loading safetensors using Fastsafetensor loader' : 'Loading safetensors checkpoint shards';
  // Ends in the middle: the fault strikes while there is something to see.
  const last = profile.fault === 'crash_in_load' || profile.fault === 'out_of_memory' ? Math.floor(shards / 2) : shards;
  const steps: Step[] = [
    line(start, 'gpu_model_runner.py:4021', `Starting to load model ${options.model}...`),
    line(
      start,
      'weight_utils.py:774',
      `Checkpoint size: ${gib(profile.weightsBytes)} GiB. Available RAM: ${gib(memoryNow.available)} GiB.`,
    ),
  ];
  for (let done = 0; done <= last; done += 1) {
    const at = start + ((end - start) * done) / shards;
    // Only rank 0 draws the bar.
    if (options.nodeRank === 0) steps.push(bar(at, `${shardBar(label, done, shards, at - start)}\n`));
    steps.push(memory(at, (figures.weights * done) / shards));
  }
  if (profile.fault === 'out_of_memory') {
    const cause = `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.37 GiB. GPU 0 has a total capacity of ${gib(memoryNow.total)} GiB of which 1.02 GiB is free.`;
    return [...steps, ...engineFailure(end, 'model_executor/model_loader/base_loader.py", line 57', cause)];
  }
  if (profile.fault === 'crash_in_load') {
    const cause = 'safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered';
    return [...steps, ...engineFailure(end, 'model_executor/model_loader/weight_utils.py", line 828', cause)];
  }
  return [
    ...steps,
    line(end, 'default_loader.py:293', `Loading weights took ${(end - start).toFixed(2)} seconds`),
    line(
      end,
      'gpu_model_runner.py:4118',
      `Model loading took ${gib(figures.weights)} GiB memory and ${(end - start + profile.loadSeconds * 0.01).toFixed(6)} seconds`,
    ),
  ];
}

function compileSteps({ options, profile }: LoadSituation): readonly Step[] {
  if (options.enforceEager) return [];
  const seconds = profile.loadSeconds;
  const at = seconds * PHASES.compile;
  const end = seconds * (PHASES.kvCache - 0.01);
  const dynamo = (end - at) * 0.4;
  return [
    line(
      at,
      'backends.py:871',
      `Using cache directory: /root/.cache/vllm/torch_compile_cache/5c0e1d7f2a/rank_${options.nodeRank}_0/backbone for vLLM's torch.compile`,
    ),
    line(at + dynamo, 'backends.py:931', `Dynamo bytecode transform time: ${dynamo.toFixed(2)} s`),
    line(
      end,
      'backends.py:303',
      `Directly load the compiled graph(s) for compile range (1, 8192) from the cache, took ${(end - at - dynamo).toFixed(3)} s`,
    ),
    line(end, 'monitor.py:48', `torch.compile takes ${(end - at).toFixed(2)} s in total`),
  ];
}

/** The check that vLLM makes once it knows how much is left for the KV cache; `null`: enough. */
function kvFault({ options, profile }: LoadSituation, figures: LoadFigures): string | null {
  const needed = (figures.maxModelLen * KV_BYTES_PER_TOKEN) / figures.ranks;
  const available = profile.fault === 'kv_too_small' ? needed * 0.4 : figures.kvCache;
  if (available <= 0) {
    return 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.';
  }
  if (available >= needed) return null;
  const longest = Math.floor((available * figures.ranks) / KV_BYTES_PER_TOKEN / 16) * 16;
  const advice = `Try increasing \`gpu_memory_utilization\` (now ${options.gpuMemoryUtilization}) or decreasing \`max_model_len\` when initializing the engine.`;
  return `ValueError: To serve at least one request with the models's max seq len (${figures.maxModelLen}), (${gib(needed)} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(available)} GiB). Based on the available memory, the estimated maximum model length is ${longest}. ${advice}`;
}

function kvSteps(situation: LoadSituation, figures: LoadFigures): readonly Step[] {
  const at = situation.profile.loadSeconds * PHASES.kvCache;
  const fault = kvFault(situation, figures);
  if (fault !== null) return engineFailure(at, 'v1/core/kv_cache_utils.py", line 683', fault);
  const concurrency = (figures.kvTokens / figures.maxModelLen).toFixed(2);
  return [
    line(at, 'gpu_model_runner.py:5140', `Estimated CUDA graph memory: ${gib(OVERHEAD_BYTES)} GiB total`),
    line(at, 'gpu_worker.py:375', `Available KV cache memory: ${gib(figures.kvCache)} GiB`),
    memory(at, figures.weights + figures.kvCache + OVERHEAD_BYTES),
    line(at, 'kv_cache_utils.py:1314', `GPU KV cache size: ${grouped(figures.kvTokens)} tokens`),
    line(at, 'kv_cache_utils.py:1319', `Maximum concurrency for ${grouped(figures.maxModelLen)} tokens per request: ${concurrency}x`),
  ];
}

function captureSteps(label: string, count: number, from: number, to: number, stopAt: number): readonly Step[] {
  const steps: Step[] = [];
  for (let done = 0; done <= Math.min(count, stopAt); done += 1) {
    const at = from + ((to - from) * done) / count;
    const text = captureBar(label, done, count, at - from);
    steps.push(done === 0 ? bar(at, text) : raw(at, `\r${text}`));
  }
  return stopAt < count ? [...steps, { at: to, action: { kind: 'hang' } }] : [...steps, raw(to, '\n')];
}

function graphSteps({ options, profile }: LoadSituation): readonly Step[] {
  if (options.enforceEager) return [];
  const from = profile.loadSeconds * PHASES.graphs;
  const to = profile.loadSeconds * PHASES.graphsEnd;
  const middle = from + (to - from) * 0.6;
  if (options.nodeRank > 0) return profile.fault === 'hang_in_capture' ? [{ at: from, action: { kind: 'hang' } }] : [];
  const hangs = profile.fault === 'hang_in_capture';
  const mixed = captureSteps('Capturing CUDA graphs (mixed prefill-decode, PIECEWISE)', 11, from, middle, hangs ? 4 : 11);
  if (hangs) return mixed;
  return [
    ...mixed,
    ...captureSteps('Capturing CUDA graphs (decode, FULL)', 7, middle, to, 7),
    line(to, 'gpu_model_runner.py:5246', `Graph capturing finished in ${Math.max(1, Math.round(to - from))} secs, took 0.45 GiB`),
  ];
}

/** From the memory check to the moment before the HTTP server listens, or to the failure. */
export function loadScript(situation: LoadSituation, memoryNow: MemorySnapshot): readonly Step[] {
  const { options, profile } = situation;
  const figures = loadFigures(options, profile, memoryNow.total);
  const start = profile.loadSeconds * PHASES.distributed;
  if (memoryNow.free < figures.budget) {
    const cause = `ValueError: Free memory on device cuda:0 (${gib(memoryNow.free)}/${gib(memoryNow.total)} GiB) on startup is less than desired GPU memory utilization (${options.gpuMemoryUtilization}, ${gib(figures.budget)} GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.`;
    return engineFailure(start, 'v1/worker/utils.py", line 79', cause);
  }
  const server = profile.loadSeconds * PHASES.server;
  const compiled = options.enforceEager ? 0 : profile.loadSeconds * (PHASES.kvCache - 0.01 - PHASES.compile);
  const steps = [
    ...weightSteps(situation, figures, memoryNow),
    ...compileSteps(situation),
    ...kvSteps(situation, figures),
    ...graphSteps(situation),
    line(
      server,
      'core.py:288',
      `init engine (profile, create kv cache, warmup model) took ${(server - profile.loadSeconds * PHASES.compile).toFixed(2)} s (compilation: ${compiled.toFixed(2)} s)`,
    ),
  ];
  const end = steps.findIndex((step) => step.action.kind === 'exit' || step.action.kind === 'hang');
  return end < 0 ? steps : steps.slice(0, end + 1);
}
