import { type FailureSignature, numberOf, says, utilisation } from './failure-signature.ts';

const optionsIn = (text: string | undefined): string => ((text ?? '').match(/--[a-z][\w.-]{0,60}/gi) ?? []).slice(0, 5).join(', ');

/** vLLM refuses what it was asked to do; the process ends within seconds. */
export const REFUSED_ARGUMENTS: readonly FailureSignature[] = [
  {
    name: 'entrypoint runs vllm serve already',
    pattern: /unrecognized arguments: serve\b/,
    code: 'MODEL_CRASHED',
    message: says('The image already runs "vllm serve" by itself, so that the words came twice.'),
    hint: says('Use an image without that entrypoint, or the docker_run launcher, which leaves the two words out.'),
  },
  {
    name: 'unknown option',
    pattern: /unrecognized arguments: (.{1,400})/,
    code: 'MODEL_CRASHED',
    message: ([, rest]) => `The vLLM in this image does not know ${optionsIn(rest) || 'an argument'}.`,
    hint: says('Remove the flag from the catalog entry, or use an image with a vLLM version that has it.'),
  },
  {
    name: 'bad option value',
    pattern: /error: argument (-{1,2}[\w.-]{1,60})[^:]{0,80}: (?:invalid|expected|not allowed)/,
    code: 'MODEL_CRASHED',
    message: ([, option]) => `vLLM does not take the value given for ${option}.`,
    hint: ([, option]) => `Correct ${option} in the catalog entry; the log tail says which values this version takes.`,
  },
  {
    name: 'missing argument',
    pattern: /error: the following arguments are required/,
    code: 'MODEL_CRASHED',
    message: says('vLLM misses an argument.'),
    hint: says('The log tail names it; add it to the catalog entry.'),
  },
  {
    name: 'batch smaller than context',
    pattern: /max_num_batched_tokens \((\d{1,12})\) is smaller than max_model_len \((\d{1,12})\)/,
    code: 'MODEL_CRASHED',
    message: ([, batch, length]) => `--max-num-batched-tokens ${batch} is smaller than --max-model-len ${length}.`,
    hint: ([, , length]) => `Set --max-num-batched-tokens to ${length} or more, or leave chunked prefill on.`,
  },
  {
    name: 'batch smaller than sequences',
    pattern: /max_num_batched_tokens\b.{0,60}must be greater than or equal to max_num_seqs/,
    code: 'MODEL_CRASHED',
    message: says('--max-num-batched-tokens is smaller than --max-num-seqs.'),
    hint: says('Raise --max-num-batched-tokens or lower --max-num-seqs.'),
  },
  {
    name: 'context longer than the model allows',
    pattern: /User-specified max_model_len \((\d{1,12})\) is greater than the derived max_model_len \(\D{0,80}(\d{0,12})/,
    code: 'MODEL_CRASHED',
    message: ([, asked, allowed]) => `--max-model-len ${asked} is longer than the model allows${allowed ? ` (${allowed})` : ''}.`,
    hint: ([, , allowed]) => `Set --max-model-len to ${allowed || "the model's own length"} or less.`,
  },
  {
    name: 'heads do not divide',
    pattern: /Total number of attention heads \((\d{1,6})\) must be divisible by tensor parallel size \((\d{1,6})\)/,
    code: 'MODEL_CRASHED',
    message: ([, heads, size]) => `The ${heads} attention heads of the model cannot be spread over ${size} GPUs.`,
    hint: says('Choose a number of nodes that divides the number of heads.'),
  },
  {
    name: 'unknown tool call parser',
    pattern: /invalid tool call parser: ([\w.-]{1,60})/,
    code: 'MODEL_CRASHED',
    message: ([, parser]) => `This vLLM has no tool call parser named ${parser}.`,
    hint: says('The log tail lists those it has; set tool-call-parser to one of them.'),
  },
  {
    name: 'tool choice without parser',
    pattern: /--enable-auto-tool-choice requires --tool-call-parser/,
    code: 'MODEL_CRASHED',
    message: says('--enable-auto-tool-choice needs --tool-call-parser as well.'),
    hint: says('Add tool-call-parser to the flags of the catalog entry.'),
  },
  {
    name: 'quantization differs',
    pattern: /Quantization method specified in the model config \(([\w.-]{1,40})\) does not match/,
    code: 'MODEL_CRASHED',
    message: ([, method]) => `The weights are quantized with ${method}, and --quantization says something else.`,
    hint: says('Remove --quantization: vLLM finds the method by itself.'),
  },
  {
    name: 'needs trust in remote code',
    pattern: /(?:argument|set|option) `?trust_remote_code=True/,
    code: 'MODEL_CRASHED',
    message: says('The model brings code of its own, which vLLM runs only when told to trust it.'),
    hint: says('Read that code, then set trust-remote-code on the catalog entry.'),
  },
  {
    name: 'unsupported architecture of the model',
    pattern: /Model architectures .{0,200}(?:are not supported|failed to be inspected)|does not recognize this architecture/,
    code: 'MODEL_CRASHED',
    message: says('The vLLM in this image does not support the architecture of the model.'),
    hint: says('Use an image with a newer vLLM.'),
  },
];

/** The model does not fit into memory as asked. */
export const OUT_OF_MEMORY: readonly FailureSignature[] = [
  {
    name: 'free memory at start',
    pattern:
      /Free memory on device(?: \S{1,20})? \((\d[\d.]{0,9})\/(\d[\d.]{0,9}) GiB\) on startup is less than desired GPU memory utilization \((\d[\d.]{0,9}), (\d[\d.]{0,9}) GiB\)/,
    code: 'DOES_NOT_FIT',
    message: ([, free, total, share, wanted]) =>
      `Only ${free} of ${total} GiB were free at the start, and --gpu-memory-utilization ${share} asks for ${wanted} GiB.`,
    hint: ([, free, total]) =>
      `Drop the page cache (vLLM counts it as used), stop other programs on the GPU, or set --gpu-memory-utilization to ${utilisation(numberOf(free), numberOf(total))} or less. If nothing else runs there, memory was leaked: reboot the host.`,
  },
  {
    name: 'context too long for the KV cache',
    pattern:
      /max seq len \((\d[\d,]{0,14})\), \((\d[\d.]{0,9}) GiB KV cache is needed(?:.{0,200}?estimated maximum model length is (\d[\d,]{0,14}))?/,
    code: 'DOES_NOT_FIT',
    message: ([, length, needed]) =>
      `One request of ${length} tokens needs ${needed} GiB of KV cache, and less is left beside the weights.`,
    hint: ([, , , possible]) =>
      possible
        ? `Set --max-model-len to ${numberOf(possible)} or less, or raise --gpu-memory-utilization.`
        : 'Lower --max-model-len, or raise --gpu-memory-utilization.',
  },
  {
    name: 'no room for the KV cache',
    pattern: /No available memory for the cache blocks/,
    code: 'DOES_NOT_FIT',
    message: says('The weights leave no memory for the KV cache.'),
    hint: says('Raise --gpu-memory-utilization, lower --max-model-len, or spread the model over more nodes.'),
  },
  {
    name: 'CUDA out of memory',
    pattern: /CUDA out of memory\.?(?: Tried to allocate (\d[\d.]{0,9} [KMGT]iB))?|CUDA error: out of memory|cudaErrorMemoryAllocation/,
    code: 'DOES_NOT_FIT',
    message: ([, tried]) => `The GPU ran out of memory${tried ? ` when ${tried} more were asked for` : ''}.`,
    hint: says('Lower --gpu-memory-utilization, --max-num-seqs or --max-model-len, or stop other programs on the GPU.'),
  },
  {
    name: 'driver out of memory',
    pattern: /NV_ERR_NO_MEMORY/,
    code: 'DOES_NOT_FIT',
    message: says('The NVIDIA driver could not get memory.'),
    hint: says('Drop the page cache and lower --gpu-memory-utilization; after several crashes only a reboot gives leaked memory back.'),
  },
];
