/** What a flag takes. `choice` with `open: true` also takes other words: plug-ins and newer versions add some. */
export type FlagType = Readonly<
  | { kind: 'boolean' }
  | { kind: 'integer'; min?: number; max?: number }
  | { kind: 'number'; min?: number; max?: number; aboveMin?: boolean }
  | { kind: 'text'; maxLength?: number }
  | { kind: 'choice'; values: readonly string[]; open: boolean }
  /** A positive integer, `-1`, `auto`, or a figure with k (1,000), K (1,024), m, M, g, G. */
  | { kind: 'length' }
  | { kind: 'json' }
  /** A JSON object or an optimisation level. */
  | { kind: 'level_or_json'; max: number }
  | { kind: 'words' }
>;

/** One flag of `vllm serve`. `danger` says what may go wrong and is shown wherever the flag is set. */
export type FlagSpec = Readonly<{ type: FlagType; description: string; danger: string | null }>;

const bool: FlagType = { kind: 'boolean' };
const count: FlagType = { kind: 'integer', min: 1 };
const text: FlagType = { kind: 'text' };
const json: FlagType = { kind: 'json' };
const words: FlagType = { kind: 'words' };
const integer = (min: number, max?: number): FlagType => (max === undefined ? { kind: 'integer', min } : { kind: 'integer', min, max });
const choice = (...values: readonly string[]): FlagType => ({ kind: 'choice', values, open: false });
const suggestion = (...values: readonly string[]): FlagType => ({ kind: 'choice', values, open: true });
const flag = (type: FlagType, description: string, danger: string | null = null): FlagSpec => ({ type, description, danger });

const REMOTE_CODE = 'Runs Python code from the model repository on the host: only for repositories you trust.';
const SLEEP = 'On GB10 waking up crashed the engine or the host; Spark Control never uses sleep for a swap.';
const OFFLOAD = 'CPU and GPU share one memory on a Spark: moving weights to the CPU frees nothing.';

/** The flags that an entry may set by name; others go into `extra_args`. Ranges are vLLM's own. */
export const FLAG_TABLE: Readonly<Record<string, FlagSpec>> = {
  'gpu-memory-utilization': flag(
    { kind: 'number', min: 0, max: 1, aboveMin: true },
    'Share of the memory that vLLM takes for weights, activations and KV cache (default 0.92; 0.80 leaves room for side services).',
  ),
  'kv-cache-memory-bytes': flag(count, 'Bytes of KV cache; takes the place of the share for that part.'),
  'max-model-len': flag({ kind: 'length' }, 'Longest context in tokens, for example 32768, 32k (32,000), 32K (32,768) or auto.'),
  'max-num-seqs': flag(count, 'Requests that run at the same time.'),
  'max-num-batched-tokens': flag(count, 'Tokens of one scheduler step; at least max-num-seqs.'),
  'max-logprobs': flag(integer(-1), 'Largest number of log probabilities that a request may ask for.'),
  'block-size': flag(count, 'Tokens of one KV cache block.'),
  'kv-cache-dtype': flag(
    suggestion('auto', 'float16', 'bfloat16', 'fp8', 'fp8_e4m3', 'fp8_e5m2', 'fp8_inc', 'fp8_ds_mla', 'nvfp4'),
    'Number format of the KV cache.',
  ),
  'enable-prefix-caching': flag(bool, 'Reuse the KV cache of equal prompt beginnings (default on).'),
  'enable-chunked-prefill': flag(bool, 'Split long prompts over several steps (default on).'),
  'prefix-caching-hash-algo': flag(suggestion('builtin', 'sha256', 'sha256_cbor', 'xxhash'), 'Hash that recognises equal prefixes.'),
  'mamba-cache-mode': flag(choice('all', 'align', 'none'), 'How states of Mamba layers are cached.'),
  dtype: flag(choice('auto', 'half', 'float16', 'bfloat16', 'float', 'float32'), 'Number format of weights and activations.'),
  quantization: flag(text, 'Quantisation method; usually found out from the model.'),
  'load-format': flag(
    suggestion(
      ...['auto', 'pt', 'safetensors', 'instanttensor', 'npcache', 'dummy', 'tensorizer', 'runai_streamer', 'runai_streamer_sharded'],
      ...['bitsandbytes', 'sharded_state', 'gguf', 'mistral', 'fastsafetensors', 'b12x'],
    ),
    'How weights are read. fastsafetensors stalls when the weights exceed about 80 % of memory.',
  ),
  'safetensors-load-strategy': flag(choice('lazy', 'eager', 'prefetch', 'torchao'), 'How safetensors files are read.'),
  tokenizer: flag(text, 'Repository or folder of another tokenizer.'),
  'tokenizer-mode': flag(suggestion('auto', 'hf', 'slow', 'mistral', 'custom'), 'Tokenizer implementation.'),
  'tokenizer-revision': flag(text, 'Branch, tag or commit of the tokenizer.'),
  'download-dir': flag(text, 'Folder inside the container for downloads.', 'Weights outside the cache are lost with the container.'),
  'trust-remote-code': flag(bool, 'Allow code from the model repository.', REMOTE_CODE),
  seed: flag(integer(0), 'Seed of the sampler.'),
  'generation-config': flag(text, 'Where sampling defaults come from: auto, vllm, or a folder.'),
  'override-generation-config': flag(json, 'Sampling defaults of this server.'),
  'hf-overrides': flag(json, 'Values that replace those of the model configuration.'),
  'served-model-name': flag(words, 'Further names beside `served_model_name`, for example an alias that several models share.'),
  runner: flag(choice('auto', 'generate', 'pooling'), 'Kind of model runner.'),
  convert: flag(suggestion('auto', 'none', 'embed', 'classify'), 'Turn a generative model into another kind.'),
  'enable-auto-tool-choice': flag(bool, 'Let the model call tools; needs tool-call-parser.'),
  'tool-call-parser': flag(text, 'Parser of tool calls, for example hermes, qwen3_coder, gemma4.'),
  'reasoning-parser': flag(text, 'Parser of reasoning, for example qwen3, deepseek_r1.'),
  'chat-template': flag({ kind: 'text', maxLength: 100_000 }, 'Chat template: a file inside the container, or the template itself.'),
  'chat-template-content-format': flag(choice('auto', 'string', 'openai'), 'How message contents are passed to the template.'),
  'default-chat-template-kwargs': flag(json, 'Template parameters, for example {"enable_thinking": false}.'),
  'limit-mm-per-prompt': flag(json, 'Images, videos and sounds that one prompt may hold.'),
  'mm-processor-kwargs': flag(json, 'Parameters of the multimodal processor.'),
  'language-model-only': flag(bool, 'Load the language part of a multimodal model only.'),
  'speculative-config': flag(json, 'Speculative decoding.'),
  'compilation-config': flag({ kind: 'level_or_json', max: 3 }, 'Compilation and CUDA graphs: a level from 0 to 3, or JSON.'),
  'enforce-eager': flag(bool, 'No CUDA graphs: starts sooner, answers slower.'),
  'attention-backend': flag(text, 'Attention kernels.'),
  'moe-backend': flag(text, 'Kernels of mixture-of-experts layers.'),
  'enable-expert-parallel': flag(bool, 'Spread experts over the hosts.'),
  'enable-lora': flag(bool, 'Allow LoRA adapters.'),
  'max-loras': flag(count, 'Adapters in one batch.'),
  'max-lora-rank': flag(count, 'Largest rank of an adapter.'),
  'lora-modules': flag(words, 'Adapters as name=path; needs enable-lora.'),
  'cpu-offload-gb': flag({ kind: 'number', min: 0 }, 'GiB of weights kept on the CPU.', OFFLOAD),
  'kv-offloading-size': flag({ kind: 'number', min: 0 }, 'GiB of KV cache kept on the CPU.', OFFLOAD),
  'kv-offloading-backend': flag(choice('native', 'lmcache'), 'What moves the KV cache.'),
  'scheduling-policy': flag(choice('fcfs', 'priority'), 'Order of requests.'),
  'stream-interval': flag(count, 'Tokens between two chunks of a stream.'),
  'async-scheduling': flag(bool, 'Schedule the next step while the GPU works.'),
  'uvicorn-log-level': flag(choice('debug', 'info', 'warning', 'error', 'critical', 'trace'), 'Log level of the HTTP server.'),
  'disable-access-log-for-endpoints': flag(text, 'Paths that are not logged, for example /health,/metrics.'),
  'enable-log-requests': flag(bool, 'Log each request.', 'Prompts appear in the log.'),
  'enable-server-load-tracking': flag(bool, 'Count running requests at /load.'),
  'enable-sleep-mode': flag(bool, 'Allow the engine to sleep.', SLEEP),
  'root-path': flag(text, 'Path prefix behind a proxy.'),
};
