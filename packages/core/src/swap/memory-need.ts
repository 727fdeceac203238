import type { LaunchPlan } from '../launch/launch-plan.ts';

/** vLLM's own default of `--gpu-memory-utilization`. */
const DEFAULT_UTILIZATION = 0.92;

const GIB = 2 ** 30;

/** CUDA context, activations and the smallest useful KV cache beside the weights: an estimate, about 3 GiB and a twentieth. */
const OVERHEAD_BYTES = 3 * GIB;
const OVERHEAD_SHARE = 0.05;

/** Memory of one host that a plan asks for. `weightsBytes` is this host's share, overhead included; `null`: size not known. */
export type MemoryNeed = Readonly<{ utilization: number; reservedBytes: number; weightsBytes: number | null; neededBytes: number }>;

/**
 * vLLM reserves utilisation x total at its start, and refuses to start when less is free; weights that need more than that do
 * not load. So a host needs the larger of the two. `measuredWeightsBytes` stands in where the entry names no size.
 */
export function memoryNeed(
  plan: Pick<LaunchPlan, 'args' | 'nodes' | 'weightsBytes'>,
  memTotalBytes: number,
  measuredWeightsBytes: number | null = null,
): MemoryNeed {
  const utilization = utilizationOf(plan.args);
  const reservedBytes = Math.round(utilization * memTotalBytes);
  const whole = plan.weightsBytes ?? measuredWeightsBytes;
  const share = whole === null ? null : whole / Math.max(1, plan.nodes.length);
  const weightsBytes = share === null ? null : Math.round(share * (1 + OVERHEAD_SHARE) + OVERHEAD_BYTES);
  return { utilization, reservedBytes, weightsBytes, neededBytes: Math.max(reservedBytes, weightsBytes ?? 0) };
}

/** The last one counts, as it does for vLLM: `extra_args` may set it again. */
function utilizationOf(args: readonly string[]): number {
  let found = DEFAULT_UTILIZATION;
  args.forEach((word, index) => {
    const match = /^--gpu[-_]memory[-_]utilization(?:=(.*))?$/s.exec(word);
    if (match === null) return;
    const value = Number(match[1] ?? args[index + 1]);
    if (Number.isFinite(value) && value > 0 && value <= 1) found = value;
  });
  return found;
}

export const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
