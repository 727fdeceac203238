import type { Activity } from '@spark-control/core';

const IN_FLIGHT = /^vllm:num_requests_(?:running|waiting)(?:\{[^}]*\})?[ \t]+(\S+)/;
const FINISHED = /^vllm:request_success_total(?:\{[^}]*\})?[ \t]+(\S+)/;

/**
 * Requests running and waiting in a Prometheus text, summed over all engines and models: with data parallelism there is one
 * series per engine. `null` when the text has none.
 */
export const requestsInMetrics = (text: string): number | null => sumOf(text, IN_FLIGHT);

/** What a Prometheus text says of how much a model is used; `null` when it says nothing of running requests. */
export function activityInMetrics(text: string): Activity | null {
  const inFlight = sumOf(text, IN_FLIGHT);
  return inFlight === null ? null : { inFlight, finished: sumOf(text, FINISHED) };
}

function sumOf(text: string, sample: RegExp): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    const value = Number(sample.exec(line)?.[1] ?? Number.NaN);
    if (Number.isFinite(value)) sum = (sum ?? 0) + value;
  }
  return sum;
}
