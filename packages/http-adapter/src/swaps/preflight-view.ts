import type { PreflightReport } from '@spark-control/core';
import type { WirePreflightReport } from '@spark-control/schema';

export function preflightView({ model, cluster, ok, checks, command, memory, estimate }: PreflightReport): WirePreflightReport {
  return {
    model,
    cluster,
    ok,
    checks: checks.map(({ name, host, status, detail, hint, measured }) => ({ name, host, status, detail, hint, measured })),
    command: command && { launcher: command.launcher, preview: command.preview },
    memory: { needed_bytes: memory.neededBytes, available_bytes: memory.availableBytes, basis: memory.basis },
    estimate: { p50_seconds: estimate.p50Seconds, p90_seconds: estimate.p90Seconds, samples: estimate.samples },
  };
}
