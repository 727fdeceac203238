const SAMPLE = /^vllm:num_requests_(?:running|waiting)(?:\{[^}]*\})?[ \t]+(\S+)/;

/**
 * Requests running and waiting in a Prometheus text, summed over all engines and models: with data parallelism there is one
 * series per engine. `null` when the text has none.
 */
export function requestsInMetrics(text: string): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    const value = Number(SAMPLE.exec(line)?.[1] ?? Number.NaN);
    if (Number.isFinite(value)) sum = (sum ?? 0) + value;
  }
  return sum;
}
