/** Figures of /proc/meminfo in bytes, by name. The file counts in KiB and calls them kB. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const figures = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_()0-9]+):\s+(\d+)(?:\s+kB)?\s*$/.exec(line);
    if (match?.[1] !== undefined) figures.set(match[1], Number(match[2]) * 1024);
  }
  return figures;
}
