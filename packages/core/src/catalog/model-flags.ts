import { bool, choice, flagGroup, integer, json, suggestion, text, words } from './flag-spec.ts';

const REMOTE_CODE = 'Runs Python code from the model repository on the host: only for repositories you trust.';
const SLEEP = 'On GB10 waking up crashed the engine or the host; Spark Control never uses sleep for a swap.';

/** Flags of the model and of what stands around it: how it is read, how it talks, how it is served. */
export const MODEL_FLAGS = {
  ...flagGroup('loading', {
    'load-format': [
      suggestion(
        ...['auto', 'pt', 'safetensors', 'instanttensor', 'npcache', 'dummy', 'tensorizer', 'runai_streamer', 'runai_streamer_sharded'],
        ...['bitsandbytes', 'sharded_state', 'gguf', 'mistral', 'fastsafetensors', 'b12x'],
      ),
      'How weights are read. fastsafetensors stalls when the weights exceed about 80 % of memory.',
      { default: 'auto' },
    ],
    'safetensors-load-strategy': [
      choice('lazy', 'eager', 'prefetch', 'torchao'),
      'How safetensors files are read.',
      { default: 'lazy', since: '0.11.0' },
    ],
    'download-dir': [
      text,
      'Folder inside the container for downloads.',
      { danger: 'Weights outside the cache are lost with the container.' },
    ],
    quantization: [text, 'Quantisation method; usually found out from the model.'],
    dtype: [
      choice('auto', 'half', 'float16', 'bfloat16', 'float', 'float32'),
      'Number format of weights and activations.',
      { default: 'auto' },
    ],
    'trust-remote-code': [bool, 'Allow code from the model repository.', { default: false, danger: REMOTE_CODE }],
  }),
  ...flagGroup('model', {
    tokenizer: [text, 'Repository or folder of another tokenizer.'],
    'tokenizer-mode': [suggestion('auto', 'hf', 'slow', 'mistral', 'custom'), 'Tokenizer implementation.', { default: 'auto' }],
    'tokenizer-revision': [text, 'Branch, tag or commit of the tokenizer.'],
    seed: [integer(0), 'Seed of the sampler.', { default: 0 }],
    'generation-config': [text, 'Where sampling defaults come from: auto, vllm, or a folder.', { default: 'auto' }],
    'override-generation-config': [json, 'Sampling defaults of this server.'],
    'hf-overrides': [json, 'Values that replace those of the model configuration.'],
    runner: [choice('auto', 'generate', 'pooling'), 'Kind of model runner.', { default: 'auto', since: '0.10.1' }],
    convert: [
      suggestion('auto', 'none', 'embed', 'classify'),
      'Turn a generative model into another kind.',
      { default: 'auto', since: '0.10.1' },
    ],
  }),
  ...flagGroup('chat', {
    'enable-auto-tool-choice': [bool, 'Let the model call tools; needs tool-call-parser.', { default: false }],
    'tool-call-parser': [text, 'Parser of tool calls, for example hermes, qwen3_coder, gemma4.'],
    'reasoning-parser': [text, 'Parser of reasoning, for example qwen3, deepseek_r1.'],
    'chat-template': [{ kind: 'text', maxLength: 100_000 }, 'Chat template: a file inside the container, or the template itself.'],
    'chat-template-content-format': [
      choice('auto', 'string', 'openai'),
      'How message contents are passed to the template.',
      { default: 'auto' },
    ],
    'default-chat-template-kwargs': [json, 'Template parameters, for example {"enable_thinking": false}.', { since: '0.14.0' }],
  }),
  ...flagGroup('multimodal', {
    'limit-mm-per-prompt': [json, 'Images, videos and sounds that one prompt may hold.'],
    'mm-processor-kwargs': [json, 'Parameters of the multimodal processor.'],
    'language-model-only': [bool, 'Load the language part of a multimodal model only.', { default: false }],
  }),
  ...flagGroup('server', {
    'served-model-name': [words, 'Further names beside `served_model_name`, for example an alias that several models share.'],
    'uvicorn-log-level': [
      choice('debug', 'info', 'warning', 'error', 'critical', 'trace'),
      'Log level of the HTTP server.',
      { default: 'info' },
    ],
    'disable-access-log-for-endpoints': [text, 'Paths that are not logged, for example /health,/metrics.'],
    'enable-log-requests': [bool, 'Log each request.', { default: false, since: '0.10.1', danger: 'Prompts appear in the log.' }],
    'enable-server-load-tracking': [bool, 'Count running requests at /load.', { default: false, since: '0.8.0' }],
    'enable-sleep-mode': [bool, 'Allow the engine to sleep.', { default: false, danger: SLEEP }],
    'root-path': [text, 'Path prefix behind a proxy.'],
  }),
};
