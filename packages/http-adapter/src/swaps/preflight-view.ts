import type { MemoryFit, PreflightReport } from '@spark-control/core';
import type { WirePreflightReport } from '@spark-control/schema';

export function preflightView({ model, cluster, ok, checks, command, memory, estimate }: PreflightReport): WirePreflightReport {
  return {
    model,
    cluster,
    ok,
    checks: checks.map(({ name, host, status, detail, hint, measured }) => ({ name, host, status, detail, hint, measured })),
    command: command && { launcher: command.launcher, preview: command.preview },
    memory: memoryView(memory),
    estimate: { p50_seconds: estimate.p50Seconds, p90_seconds: estimate.p90Seconds, samples: estimate.samples },
  };
}

/** Of the tightest host. */
function memoryView({ neededBytes, availableBytes, basis, fit = null }: PreflightReport['memory']): WirePreflightReport['memory'] {
  return {
    needed_bytes: neededBytes,
    available_bytes: availableBytes,
    basis,
    lowest_utilization: fit?.lowestUtilization ?? null,
    highest_utilization: fit?.highestUtilization ?? null,
    longest_context: fit?.longestContext ?? null,
    concurrency: fit?.concurrency ?? null,
    parts: fit === null ? [] : partsOf(fit),
    reasons: (fit?.reasons ?? []).map(({ code, status, basis: known, message, hint }) => ({ code, status, basis: known, message, hint })),
  };
}

/** Beside unknown weights the rest would be a guess about nothing. */
function partsOf({ demand }: MemoryFit): WirePreflightReport['memory']['parts'] {
  const { weights, overhead, graphs, kv } = demand;
  if (weights === null) return [];
  return [
    { name: 'weights', ...weights },
    { name: 'overhead', ...overhead },
    { name: 'graphs', ...graphs },
    ...(kv === null ? [] : [{ name: 'kv_cache' as const, ...kv }]),
  ];
}
