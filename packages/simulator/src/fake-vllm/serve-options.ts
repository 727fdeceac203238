import { parseServeWords, type RawFlags, UsageError } from './argv.ts';

export const VLLM_VERSION = '0.17.1';

/** What the fake needs to know of a `vllm serve` command line. */
export type ServeOptions = Readonly<{
  model: string;
  /** First is the primary name; all are listed. */
  servedModelNames: readonly string[];
  host: string | null;
  port: number;
  /** `null`: what the model has. */
  maxModelLen: number | null;
  tensorParallel: number;
  nodes: number;
  nodeRank: number;
  /** A worker rank: no HTTP surface. */
  headless: boolean;
  gpuMemoryUtilization: number;
  /** Bytes of KV cache as asked; `null`: whatever the utilization leaves. */
  kvCacheBytes: number | null;
  apiKeys: readonly string[];
  enforceEager: boolean;
  tracksLoad: boolean;
  loadFormat: string;
  /** Embeds instead of completing. */
  isPooling: boolean;
  /** Every flag given, for the `non-default args` line. */
  given: Readonly<Record<string, unknown>>;
}>;

export type CommandLine = Readonly<{ kind: 'serve'; options: ServeOptions } | { kind: 'exit'; exitCode: number; output: string }>;

const USAGE = 'usage: vllm serve [model_tag] [options]';
const refuse = (message: string): CommandLine => ({ kind: 'exit', exitCode: 2, output: `${USAGE}\nvllm serve: error: ${message}\n` });

function numberOf(flags: RawFlags, name: string, fallback: number): number {
  const value = flags.get(name);
  return typeof value === 'number' ? value : fallback;
}

function textOf(flags: RawFlags, name: string): string | null {
  const value = flags.get(name);
  return typeof value === 'string' ? value : null;
}

function wordsOf(flags: RawFlags, name: string): readonly string[] {
  const value = flags.get(name);
  return Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string') : [];
}

function optionsFrom(model: string, flags: RawFlags): ServeOptions {
  const maxModelLen = numberOf(flags, '--max-model-len', -1);
  const kvCacheBytes = numberOf(flags, '--kv-cache-memory-bytes', -1);
  const names = wordsOf(flags, '--served-model-name');
  return {
    model,
    servedModelNames: names.length === 0 ? [model] : names,
    host: textOf(flags, '--host'),
    port: numberOf(flags, '--port', 8000),
    maxModelLen: maxModelLen < 0 ? null : maxModelLen,
    tensorParallel: numberOf(flags, '--tensor-parallel-size', 1),
    nodes: numberOf(flags, '--nnodes', 1),
    nodeRank: numberOf(flags, '--node-rank', 0),
    headless: flags.get('--headless') === true,
    gpuMemoryUtilization: numberOf(flags, '--gpu-memory-utilization', 0.92),
    kvCacheBytes: kvCacheBytes < 0 ? null : kvCacheBytes,
    apiKeys: wordsOf(flags, '--api-key'),
    enforceEager: flags.get('--enforce-eager') === true,
    tracksLoad: flags.get('--enable-server-load-tracking') === true,
    loadFormat: textOf(flags, '--load-format') ?? 'auto',
    isPooling: flags.get('--runner') === 'pooling' || flags.get('--convert') === 'embed',
    given: Object.fromEntries([...flags].map(([name, value]) => [name.slice(2).replaceAll('-', '_'), value])),
  };
}

/** Checks that vLLM makes after argparse; they end the process with a traceback and exit code 1. */
function validationError(options: ServeOptions, flags: RawFlags): string | null {
  const utilization = options.gpuMemoryUtilization;
  if (!(utilization > 0 && utilization <= 1)) {
    return `pydantic_core._pydantic_core.ValidationError: 1 validation error for CacheConfig\ngpu_memory_utilization\n  Input should be less than or equal to 1 [type=less_than_equal, input_value=${utilization}, input_type=float]`;
  }
  if (flags.get('--enable-auto-tool-choice') === true && textOf(flags, '--tool-call-parser') === null) {
    return 'TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser';
  }
  return null;
}

/** Reads the words after the program's name, as `vllm` itself would: `serve MODEL ...` or `--version`. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  if (argv[0] === '--version' || argv[0] === '-v') return { kind: 'exit', exitCode: 0, output: `${VLLM_VERSION}\n` };
  if (argv[0] !== 'serve') {
    const message = argv.length === 0 ? 'no command given' : `argument subparser: invalid choice: '${argv[0]}' (choose from 'serve')`;
    return { kind: 'exit', exitCode: 2, output: `usage: vllm [-h] [-v] {serve} ...\nvllm: error: ${message}\n` };
  }
  try {
    const { model, flags } = parseServeWords(argv.slice(1));
    const options = optionsFrom(model ?? textOf(flags, '--model') ?? 'Qwen/Qwen3-0.6B', flags);
    const fault = validationError(options, flags);
    if (fault === null) return { kind: 'serve', options };
    return {
      kind: 'exit',
      exitCode: 1,
      output: `Traceback (most recent call last):\n  File "/usr/local/bin/vllm", line 10, in <module>\n${fault}\n`,
    };
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message);
    throw error;
  }
}
