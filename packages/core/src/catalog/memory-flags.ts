/** vLLM's own default of `--gpu-memory-utilization`. */
const DEFAULT_UTILIZATION = 0.92;
/** What vLLM serves with by default on a GPU of this size. */
const DEFAULT_BATCHED_TOKENS = 8_192;
const GIB = 2 ** 30;

/** The flags of `vllm serve` that decide about memory, read as vLLM reads them: the last of each counts. */
export type MemoryFlags = Readonly<{
  utilization: number;
  /** Bytes of KV cache that are asked for, whatever the utilisation leaves. */
  kvBytes: number | null;
  /** `null`: as long as the model was made for; `'auto'`: as long as fits. */
  maxModelLen: number | 'auto' | null;
  /** `null`: not given; vLLM's own default is 128 or more. */
  maxNumSeqs: number | null;
  maxBatchedTokens: number;
  /** `auto` when not given. */
  kvDtype: string;
  isEager: boolean;
  /** Weights that are kept outside of what vLLM counts, though in the same memory on a Spark. */
  offloadBytes: number;
  loadFormat: string;
  /** Quantised while it loads, or said to be quantised already. */
  quantization: string | null;
  /** A draft model or further heads take memory that nobody can tell beforehand. */
  hasSpeculation: boolean;
}>;

export function memoryFlags(args: readonly string[]): MemoryFlags {
  const given = wordsByFlag(args);
  const value = (name: string): string | null => given.get(name) ?? null;
  const number = (name: string): number | null => {
    const text = value(name);
    const found = text === null || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(found) ? found : null;
  };
  const positive = (name: string): number | null => {
    const found = number(name);
    return found !== null && found > 0 ? found : null;
  };
  const share = positive('gpu-memory-utilization');
  return {
    utilization: share !== null && share <= 1 ? share : DEFAULT_UTILIZATION,
    kvBytes: tokensOf(value('kv-cache-memory-bytes')),
    maxModelLen: lengthOf(value('max-model-len')),
    maxNumSeqs: positive('max-num-seqs'),
    maxBatchedTokens: tokensOf(value('max-num-batched-tokens')) ?? DEFAULT_BATCHED_TOKENS,
    kvDtype: value('kv-cache-dtype') ?? 'auto',
    isEager: given.has('enforce-eager'),
    offloadBytes: (positive('cpu-offload-gb') ?? 0) * GIB,
    loadFormat: value('load-format') ?? 'auto',
    quantization: value('quantization'),
    hasSpeculation: given.has('speculative-config'),
  };
}

/** `32768`, `32k` (32,000), `32K` (32,768), `25.6k`; `null` for what is no number above 0. */
export function tokensOf(text: string | null): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([kKmMgG]?)$/.exec(text ?? '');
  if (match === null) return null;
  const found = Math.floor(Number(match[1]) * (SUFFIXES[match[2] ?? ''] ?? 1));
  return found > 0 ? found : null;
}

const SUFFIXES: Readonly<Record<string, number>> = { k: 1e3, K: 2 ** 10, m: 1e6, M: 2 ** 20, g: 1e9, G: 2 ** 30 };

const lengthOf = (text: string | null): number | 'auto' | null => (text === 'auto' || text === '-1' ? 'auto' : tokensOf(text));

/** A flag without a value has `''`. */
function wordsByFlag(args: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  args.forEach((word, index) => {
    const match = /^--([A-Za-z0-9][\w.-]*)(?:=(.*))?$/s.exec(word);
    const short = /^-q(?:=(.*))?$/s.exec(word);
    const name = short !== null ? 'quantization' : match?.[1]?.replaceAll('_', '-');
    if (name === undefined) return;
    const next = args[index + 1];
    const following = next === undefined || (next.startsWith('-') && next !== '-1') ? '' : next;
    const opposite = name.startsWith('no-') ? name.slice(3) : `no-${name}`;
    found.delete(opposite);
    found.set(name, (short !== null ? short[1] : match?.[2]) ?? following);
  });
  return found;
}
