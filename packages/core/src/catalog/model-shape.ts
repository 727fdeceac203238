import { type ConfigReader, configReader } from './config-reader.ts';
import { attentionLayers, type LayerGroup } from './model-layers.ts';

/** What of a model's `config.json` decides about memory. `null`: it does not say. */
export type ModelShape = Readonly<{
  layers: readonly LayerGroup[];
  /** Longest context that the model was made for, in tokens. */
  maxContext: number | null;
  hiddenSize: number | null;
  vocabularySize: number | null;
  /** It also reads pictures or sound: vLLM tries the largest of them before it measures what is left. */
  isMultimodal: boolean;
  /** The weights on disk are quantised, and take as much in memory. */
  isQuantized: boolean;
  /** The checkpoint was made for a KV cache of 8 bits, which vLLM then uses by default. */
  hasFp8Cache: boolean;
}>;

/** Where multimodal models keep the figures of their language model. */
const NESTED = ['text_config', 'llm_config', 'language_config', 'language_model_config', 'thinker_config'];
const ENCODERS = ['vision_config', 'audio_config', 'vision_tower', 'mm_vision_tower', 'visual', 'vit_config', 'thinker_config'];

/** Reads a `config.json`. `null` for text that is no JSON, and for models whose layers it does not describe in a way known here. */
export function readModelShape(text: string): ModelShape | null {
  const outer = parsed(text);
  if (outer === null) return null;
  const inner = languageConfig(outer);
  const layers = attentionLayers(inner);
  if (layers === null) return null;
  const quantization = outer.at('quantization_config') ?? inner.at('quantization_config') ?? inner.at('compression_config');
  return {
    layers,
    maxContext: contextOf(inner),
    hiddenSize: inner.count('hidden_size', 'n_embd', 'd_model'),
    vocabularySize: inner.count('vocab_size'),
    isMultimodal: ENCODERS.some((name) => outer.has(name)),
    isQuantized: quantization !== null,
    hasFp8Cache: quantization !== null && isFp8Cache(quantization),
  };
}

function parsed(text: string): ConfigReader | null {
  try {
    return configReader(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Two levels are as deep as any known model nests it (`thinker_config.text_config`). */
function languageConfig(outer: ConfigReader): ConfigReader {
  let reader = outer;
  for (let depth = 0; depth < 2; depth += 1) {
    const nested = NESTED.map((name) => reader.at(name)).find((found) => found !== null);
    if (nested == null) break;
    reader = nested;
  }
  return reader;
}

const isFp8Cache = (quantization: ConfigReader): boolean =>
  /^fp8/i.test(quantization.text('kv_cache_quant_algo') ?? '') || quantization.at('kv_cache_scheme')?.count('num_bits') === 8;

/** As vLLM derives it: a scaling that stretches the context counts, one that is already in the figure does not. */
function contextOf(config: ConfigReader): number | null {
  const base = config.count('max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length', 'max_sequence_length');
  const scaling = config.at('rope_scaling') ?? config.at('rope_parameters');
  const kind = scaling?.text('rope_type', 'type');
  if (scaling == null || kind === null || kind === undefined) return base;
  const factor = scaling.number('factor');
  if (factor === null || ['default', 'mrope', 'su', 'longrope', 'llama3'].includes(kind)) return base;
  const from = kind === 'yarn' ? (scaling.count('original_max_position_embeddings') ?? base) : base;
  return from === null ? null : Math.floor(from * factor);
}
