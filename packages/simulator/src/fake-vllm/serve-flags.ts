/**
 * How a flag takes values. `toggle` also has a `--no-` form; `switch` has not; `words` takes one or more; `human_int` takes
 * `32k` (thousands) and `32K` (1024s), `auto` and `-1`; a list names the allowed choices.
 */
export type FlagKind = 'int' | 'float' | 'human_int' | 'text' | 'json' | 'toggle' | 'switch' | 'words' | readonly string[];

const group = (kind: FlagKind, names: string): readonly (readonly [string, FlagKind])[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => [`--${name}`, kind] as const);

/**
 * The flags of `vllm serve`, by long name. Wider than the catalog's own table, since entries may carry others in
 * `extra_args`; what is missing here is refused, as argparse would.
 */
export const SERVE_FLAGS: ReadonlyMap<string, FlagKind> = new Map<string, FlagKind>([
  ...group(
    'int',
    `port block-size max-num-seqs max-num-partial-prefills max-long-partial-prefills long-prefill-token-threshold max-logprobs seed
    tensor-parallel-size pipeline-parallel-size data-parallel-size data-parallel-size-local data-parallel-start-rank data-parallel-rpc-port
    data-parallel-rank prefill-context-parallel-size decode-context-parallel-size cp-kv-cache-interleave-size dcp-kv-cache-interleave-size
    nnodes node-rank master-port api-server-count max-loras max-lora-rank max-cpu-loras stream-interval num-gpu-blocks-override
    max-parallel-loading-workers max-log-len h11-max-header-count h11-max-incomplete-event-size uvicorn-timeout-keep-alive
    max-cudagraph-capture-size max-seq-len-to-capture mamba-block-size ubatch-size dbo-decode-token-threshold dbo-prefill-token-threshold
    num-redundant-experts mm-shm-cache-max-object-size-mb shutdown-timeout`,
  ),
  ...group('human_int', 'max-model-len max-num-batched-tokens kv-cache-memory-bytes'),
  ...group('float', 'gpu-memory-utilization swap-space cpu-offload-gb kv-offloading-size video-pruning-rate mm-processor-cache-gb'),
  ...group(
    'text',
    `host uds config model task tokenizer revision tokenizer-revision code-revision hf-config-path download-dir quantization moe-backend
    attention-backend mm-encoder-attn-backend mm-encoder-tp-mode mm-processor-cache-type generation-config config-format tool-call-parser
    reasoning-parser tool-parser-plugin reasoning-parser-plugin io-processor-plugin chat-template response-role master-addr
    data-parallel-address data-parallel-backend distributed-executor-backend worker-cls worker-extension-cls scheduler-cls root-path
    ssl-keyfile ssl-certfile ssl-ca-certs ssl-ciphers otlp-traces-endpoint collect-detailed-traces logits-processors kv-cache-dtype
    load-format all2all-backend hf-token allowed-local-media-path guided-decoding-backend uvicorn-log-level tool-server model-impl
    lora-dtype logprobs-mode expert-placement-strategy pt-load-map-location log-config-file performance-mode linear-backend
    show-hidden-metrics-for-version`,
  ),
  ...group(
    'json',
    `override-generation-config default-chat-template-kwargs limit-mm-per-prompt speculative-config compilation-config hf-overrides
    model-loader-extra-config kv-transfer-config kv-events-config ec-transfer-config additional-config mm-processor-kwargs media-io-kwargs
    rope-scaling allowed-origins allowed-methods allowed-headers pooler-config override-pooler-config structured-outputs-config
    attention-config kernel-config eplb-config profiler-config default-mm-loras`,
  ),
  ...group(
    'toggle',
    `enable-prefix-caching enable-chunked-prefill enforce-eager trust-remote-code enable-lora async-scheduling enable-expert-parallel
    enable-eplb enable-sleep-mode disable-custom-all-reduce enable-prompt-embeds skip-tokenizer-init disable-sliding-window
    disable-cascade-attn disable-hybrid-kv-cache-manager calculate-kv-scales language-model-only enable-dbo use-tqdm-on-load
    disable-chunked-mm-input enable-log-outputs enable-log-requests ray-workers-use-nsight skip-mm-profiling fully-sharded-loras
    interleave-mm-strings enable-return-routed-experts kv-sharing-fast-prefill cudagraph-metrics kv-cache-metrics enable-mfu-metrics
    enable-layerwise-nvtx-tracing enable-flashinfer-autotune enable-auto-tool-choice enable-server-load-tracking enable-log-deltas
    exclude-tools-when-tool-choice-none disable-uvicorn-access-log disable-fastapi-docs enable-request-id-headers enable-ssl-refresh
    allow-credentials return-tokens-as-token-ids enable-force-include-usage enable-prompt-tokens-details enable-tokenizer-info-endpoint
    trust-request-chat-template enable-offline-docs tokens-only data-parallel-hybrid-lb data-parallel-external-lb`,
  ),
  ...group('switch', 'headless disable-log-stats aggregate-engine-logging disable-log-requests'),
  ...group(
    'words',
    'served-model-name api-key lora-modules middleware cudagraph-capture-sizes disable-access-log-for-endpoints ignore-patterns',
  ),
  ['--dtype', ['auto', 'bfloat16', 'float', 'float16', 'float32', 'half']],
  ['--runner', ['auto', 'draft', 'generate', 'pooling']],
  ['--convert', ['auto', 'classify', 'embed', 'none', 'reward']],
  ['--tokenizer-mode', ['auto', 'hf', 'slow', 'mistral', 'deepseek_v32', 'custom']],
  ['--scheduling-policy', ['fcfs', 'priority']],
  ['--mamba-cache-mode', ['all', 'align', 'none']],
  ['--mamba-cache-dtype', ['auto', 'float16', 'float32']],
  ['--mamba-ssm-cache-dtype', ['auto', 'float16', 'float32']],
  ['--safetensors-load-strategy', ['lazy', 'eager', 'prefetch', 'torchao']],
  ['--prefix-caching-hash-algo', ['builtin', 'sha256', 'sha256_cbor', 'xxhash', 'xxhash_cbor']],
  ['--chat-template-content-format', ['auto', 'string', 'openai']],
  ['--kv-offloading-backend', ['native', 'lmcache']],
  ['--optimization-level', ['0', '1', '2', '3']],
]);

/** Short names of vLLM, each several letters long where vLLM has it so. */
export const SHORT_FLAGS: ReadonlyMap<string, string> = new Map([
  ['-tp', '--tensor-parallel-size'],
  ['-pp', '--pipeline-parallel-size'],
  ['-dp', '--data-parallel-size'],
  ['-dcp', '--decode-context-parallel-size'],
  ['-n', '--nnodes'],
  ['-r', '--node-rank'],
  ['-q', '--quantization'],
  ['-O', '--optimization-level'],
]);
