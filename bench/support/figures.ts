/** Value below which the share `q` of the samples lies (nearest rank). */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export const ms = (value: number): string => `${value.toFixed(0)} ms`;

/** One line of a table of figures, and whether the goal was met. */
export function verdict(what: string, value: number, goal: number, unit: string): boolean {
  const isMet = value <= goal;
  console.log(`${isMet ? 'ok  ' : 'MISS'}  ${what}: ${value.toFixed(1)} ${unit} (goal <= ${goal} ${unit})`);
  return isMet;
}
