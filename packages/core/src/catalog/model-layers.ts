import type { ConfigReader } from './config-reader.ts';

/**
 * Layers of one kind, and what each keeps for one sequence: `full` keys and values of every token; `window` those of the last
 * ones; `latent` (MLA) one short vector per token, which every rank holds whole; `state` (Mamba, linear attention) the same
 * bytes however long the sequence is. `width` counts the numbers of keys and values of one head together.
 */
export type LayerGroup = Readonly<
  | { kind: 'full'; count: number; kvHeads: number; width: number }
  | { kind: 'window'; count: number; kvHeads: number; width: number; window: number }
  | { kind: 'latent'; count: number; width: number; extraBytes: number }
  | { kind: 'state'; count: number; bytes: number }
>;

type LayerKind = 'full' | 'window' | 'chunk' | 'state' | 'both' | 'none';

/** The layers of a language model by kind; `null` when the configuration does not tell how many there are or how wide. */
export function attentionLayers(config: ConfigReader): readonly LayerGroup[] | null {
  const pattern = kindsOf(config);
  if (pattern === null) return null;
  // The last layers of some models read the cache of earlier ones and keep none of their own.
  const shared = config.count('num_kv_shared_layers') ?? 0;
  const kinds = shared > 0 && shared < pattern.length ? pattern.slice(0, -shared) : pattern;
  const number = (...wanted: readonly LayerKind[]): number => kinds.filter((kind) => wanted.includes(kind)).length;
  const groups: LayerGroup[] = [];
  const full = number('full', 'both');
  if (full > 0) {
    const group = fullGroup(config, full);
    if (group === null) return null;
    groups.push(group);
  }
  const heads = headsOf(config);
  for (const kind of ['window', 'chunk'] as const) {
    const window = config.count(...(kind === 'window' ? ['sliding_window', 'sliding_window_size'] : ['attention_chunk_size']));
    if (number(kind) === 0) continue;
    if (heads === null) return null;
    groups.push(
      window === null ? { kind: 'full', count: number(kind), ...heads } : { kind: 'window', count: number(kind), window, ...heads },
    );
  }
  const states = number('state', 'both');
  if (states > 0) groups.push({ kind: 'state', count: states, bytes: stateBytes(config) });
  return groups.length === 0 ? null : groups;
}

function fullGroup(config: ConfigReader, count: number): LayerGroup | null {
  const rank = config.count('kv_lora_rank');
  const rope = config.count('qk_rope_head_dim');
  if (rank !== null && rope !== null) {
    const indexer = config.count('index_head_dim'); // DeepSeek's sparse attention keeps one 8-bit key more, with its scale
    return { kind: 'latent', count, width: rank + rope, extraBytes: indexer === null ? 0 : indexer + 4 };
  }
  const heads = headsOf(config);
  if (heads === null) return null;
  // Where window layers differ from the others, the plain names mean the window layers.
  const width = config.count('global_head_dim');
  const kvHeads = config.count('num_global_key_value_heads');
  return { kind: 'full', count, kvHeads: kvHeads ?? heads.kvHeads, width: width === null ? heads.width : 2 * width };
}

function headsOf(config: ConfigReader): Readonly<{ kvHeads: number; width: number }> | null {
  const heads = config.count('num_attention_heads', 'n_head', 'n_heads', 'num_heads');
  const hidden = config.count('hidden_size', 'n_embd', 'd_model');
  const head = config.count('head_dim', 'attention_head_dim') ?? (heads === null || hidden === null ? null : Math.floor(hidden / heads));
  const isMultiQuery = config.flag('multi_query') === true && config.flag('new_decoder_architecture') !== true;
  const kvHeads =
    config.count('num_key_value_heads', 'num_kv_heads', 'n_head_kv', 'multi_query_group_num') ??
    config.at('attn_config')?.count('kv_n_heads') ??
    (isMultiQuery ? 1 : heads);
  if (head === null || kvHeads === null) return null;
  return { kvHeads, width: head + (config.count('v_head_dim') ?? head) };
}

/** One entry per layer, from whichever of the many ways of writing it a configuration uses. */
function kindsOf(config: ConfigReader): readonly LayerKind[] | null {
  const listed = config.words('layer_types', 'layers_block_type', 'layers_type');
  if (listed !== null && listed.length > 0) return listed.map(kindOfWord);
  const drawn = config.text('hybrid_override_pattern', 'hybrid_layer_pattern');
  if (drawn !== null && /^[A-Z*|-]{2,2000}$/.test(drawn)) return [...drawn.replaceAll('|', '')].map(kindOfLetter);
  const count = config.count('num_hidden_layers', 'n_layer', 'num_layers', 'n_layers');
  if (count === null || count > 2_000) return null;
  const layers = Array.from({ length: count }, (_, index) => index);
  if (config.text('model_type')?.startsWith('falcon_h1')) return layers.map(() => 'both');
  const attention = attentionIndices(config, layers);
  if (attention !== null) return layers.map((index) => (attention.has(index) ? 'full' : 'state'));
  return layers.map(windowPattern(config));
}

function kindOfWord(word: string): LayerKind {
  if (/^(?:sliding|local)/.test(word)) return 'window';
  if (word.startsWith('chunked')) return 'chunk';
  if (/^(?:hybrid|parallel)/.test(word)) return 'both';
  if (/^(?:linear|mamba|recurrent|conv|short_conv|kda|gdn|m2?$)/.test(word)) return 'state';
  return /^(?:mlp|moe|ffn|none)$/.test(word) ? 'none' : 'full';
}

const kindOfLetter = (letter: string): LayerKind => (letter === '*' ? 'full' : letter === 'M' ? 'state' : 'none');

/** Which layers of a model of states have attention; `null`: it is no such model. */
function attentionIndices(config: ConfigReader, layers: readonly number[]): ReadonlySet<number> | null {
  const linear = config.at('linear_attn_config');
  const listed = config.words('attn_layer_indices', 'full_attn_idxs');
  if (listed !== null) return new Set(listed.map(Number));
  const counted = linear?.words('full_attn_layers'); // counted from 1
  if (counted != null) return new Set(counted.map((index) => Number(index) - 1));
  const period = config.count('attn_layer_period');
  if (period !== null) {
    const offset = config.number('attn_layer_offset') ?? 0;
    return new Set(layers.filter((index) => index % period === offset));
  }
  const interval = config.count('full_attention_interval');
  if (interval !== null) return new Set(layers.filter((index) => (index + 1) % interval === 0));
  return config.text('model_type')?.startsWith('mamba') ? new Set() : null;
}

/** Of every so many layers the last sees everything, the others a window. */
function windowPattern(config: ConfigReader): (index: number) => LayerKind {
  const window = config.count('sliding_window', 'sliding_window_size');
  if (window === null || config.flag('use_sliding_window') === false) return () => 'full';
  const type = config.text('model_type') ?? '';
  const every = config.count('sliding_window_pattern') ?? (type.startsWith('gemma3') ? 6 : type.startsWith('gemma2') ? 2 : null);
  return every === null ? () => 'window' : (index) => ((index + 1) % every === 0 ? 'full' : 'window');
}

/** What one layer of states keeps for one sequence, in bytes: the state itself in 32 bits, and the last inputs of its convolution. */
function stateBytes(config: ConfigReader): number {
  const linear = config.at('linear_attn_config') ?? config;
  const valueHeads = linear.count('linear_num_value_heads', 'mamba_num_heads', 'mamba_n_heads', 'num_heads');
  const keyWidth = linear.count('linear_key_head_dim', 'ssm_state_size', 'mamba_d_state', 'head_dim');
  const valueWidth = linear.count('linear_value_head_dim', 'mamba_head_dim', 'mamba_d_head', 'head_dim');
  const hidden = config.count('hidden_size', 'd_model') ?? 4_096;
  const inner = (config.count('mamba_expand', 'expand') ?? 2) * hidden;
  const state =
    valueHeads !== null && keyWidth !== null && valueWidth !== null
      ? valueHeads * keyWidth * valueWidth
      : inner * (config.count('mamba_d_state', 'ssm_state_size', 'state_size') ?? 128);
  const taps = (config.count('linear_conv_kernel_dim', 'conv_kernel', 'mamba_d_conv', 'conv_kernel_size') ?? 4) - 1;
  return 4 * state + 2 * taps * 2 * inner;
}
