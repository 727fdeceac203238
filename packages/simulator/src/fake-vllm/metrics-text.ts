import type { EngineCounts } from './engine.ts';

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  const shown = type === 'counter' ? `${name}_total` : name;
  const lines = samples.map(([labels, value]) => `${shown}{${labels}} ${value.toFixed(1)}`);
  return [`# HELP ${shown} ${help}`, `# TYPE ${shown} ${type}`, ...lines].join('\n');
}

/** Prometheus text as vLLM writes it: labels `engine` and `model_name`, counters with `_total`. */
export function metricsText(counts: EngineCounts, modelName: string): string {
  const labels = `engine="0",model_name="${escaped(modelName)}"`;
  const cacheUse = Math.min(1, counts.running * 0.015);
  const finished = Object.entries(counts.finished).map(([reason, value]) => [`${labels},finished_reason="${reason}"`, value] as const);
  return `${[
    family('vllm:num_requests_running', 'gauge', 'Number of requests in model execution batches.', [[labels, counts.running]]),
    family('vllm:num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', [[labels, 0]]),
    family('vllm:kv_cache_usage_perc', 'gauge', 'KV-cache usage. 1 means 100 percent usage.', [[labels, cacheUse]]),
    family('vllm:prompt_tokens', 'counter', 'Number of prefill tokens processed.', [[labels, counts.promptTokens]]),
    family('vllm:generation_tokens', 'counter', 'Number of generation tokens processed.', [[labels, counts.generationTokens]]),
    family('vllm:request_success', 'counter', 'Count of successfully processed requests.', finished),
  ].join('\n')}\n`;
}
