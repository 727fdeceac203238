import { bool, choice, count, flagGroup, integer, json, suggestion, text, words } from './flag-spec.ts';

const OFFLOAD = 'CPU and GPU share one memory on a Spark: moving weights to the CPU frees nothing.';

/** Flags of the engine: what it keeps in memory, what it runs at the same time, and how it computes. Ranges are vLLM's own. */
export const ENGINE_FLAGS = {
  ...flagGroup('memory', {
    'gpu-memory-utilization': [
      { kind: 'number', min: 0, max: 1, aboveMin: true },
      'Share of the memory that vLLM takes for weights, activations and KV cache (0.80 leaves room for side services).',
      { default: 0.92 },
    ],
    'kv-cache-memory-bytes': [count, 'Bytes of KV cache; takes the place of the share for that part.', { since: '0.11.0' }],
    'max-model-len': [{ kind: 'length' }, 'Longest context in tokens, for example 32768, 32k (32,000), 32K (32,768) or auto.'],
    'max-num-seqs': [count, 'Requests that run at the same time (128 and more, by what the server is used for).'],
    'max-num-batched-tokens': [count, 'Tokens of one scheduler step; at least max-num-seqs.'],
    'cpu-offload-gb': [{ kind: 'number', min: 0 }, 'GiB of weights kept on the CPU.', { default: 0, danger: OFFLOAD }],
  }),
  ...flagGroup('cache', {
    'block-size': [count, 'Tokens of one KV cache block.'],
    'kv-cache-dtype': [
      suggestion('auto', 'float16', 'bfloat16', 'fp8', 'fp8_e4m3', 'fp8_e5m2', 'fp8_inc', 'fp8_ds_mla', 'nvfp4'),
      'Number format of the KV cache.',
      { default: 'auto' },
    ],
    'enable-prefix-caching': [bool, 'Reuse the KV cache of equal prompt beginnings.', { default: true }],
    'prefix-caching-hash-algo': [
      suggestion('builtin', 'sha256', 'sha256_cbor', 'xxhash'),
      'Hash that recognises equal prefixes.',
      { default: 'sha256', since: '0.8.3' },
    ],
    'mamba-cache-mode': [choice('all', 'align', 'none'), 'How states of Mamba layers are cached.', { default: 'none' }],
    'kv-offloading-size': [{ kind: 'number', min: 0 }, 'GiB of KV cache kept on the CPU.', { since: '0.11.1', danger: OFFLOAD }],
    'kv-offloading-backend': [choice('native', 'lmcache'), 'What moves the KV cache.', { default: 'native', since: '0.11.1' }],
  }),
  ...flagGroup('scheduler', {
    'enable-chunked-prefill': [bool, 'Split long prompts over several steps.', { default: true }],
    'scheduling-policy': [choice('fcfs', 'priority'), 'Order of requests.', { default: 'fcfs' }],
    'async-scheduling': [bool, 'Schedule the next step while the GPU works.', { since: '0.10.0' }],
    'stream-interval': [count, 'Tokens between two chunks of a stream.', { default: 1, since: '0.12.0' }],
    'max-logprobs': [integer(-1), 'Largest number of log probabilities that a request may ask for.', { default: 20 }],
  }),
  ...flagGroup('performance', {
    'compilation-config': [{ kind: 'level_or_json', max: 3 }, 'Compilation and CUDA graphs: a level from 0 to 3, or JSON.'],
    'enforce-eager': [bool, 'No CUDA graphs: starts sooner, answers slower.', { default: false }],
    'attention-backend': [text, 'Attention kernels.', { since: '0.11.1' }],
    'moe-backend': [text, 'Kernels of mixture-of-experts layers.', { default: 'auto' }],
    'speculative-config': [json, 'Speculative decoding.', { since: '0.8.3' }],
  }),
  ...flagGroup('parallel', {
    'enable-expert-parallel': [bool, 'Spread experts over the hosts.', { default: false }],
  }),
  ...flagGroup('lora', {
    'enable-lora': [bool, 'Allow LoRA adapters.', { default: false }],
    'max-loras': [count, 'Adapters in one batch.', { default: 1 }],
    'max-lora-rank': [count, 'Largest rank of an adapter.', { default: 16 }],
    'lora-modules': [words, 'Adapters as name=path; needs enable-lora.'],
  }),
};
