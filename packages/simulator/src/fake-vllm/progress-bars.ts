const two = (value: number): string => String(value).padStart(2, '0');

/** tqdm's `MM:SS` or `H:MM:SS`. */
export function barTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** tqdm's bracket: elapsed, remaining and rate, which turns from `it/s` to `s/it` below one per second. */
function bracket(done: number, total: number, elapsed: number): string {
  if (done === 0 || elapsed <= 0) return `[${barTime(elapsed)}<?, ?it/s]`;
  const each = elapsed / done;
  const rate = each >= 1 ? `${each.toFixed(2).padStart(5)}s/it` : `${(1 / each).toFixed(2).padStart(5)}it/s`;
  return `[${barTime(elapsed)}<${barTime(each * (total - done))}, ${rate}]`;
}

const percent = (done: number, total: number): string => `${String(Math.floor((done / total) * 100)).padStart(3)}%`;

export function shardBar(label: string, done: number, total: number, elapsed: number): string {
  return `${label}: ${percent(done, total)} Completed | ${done}/${total} ${bracket(done, total, elapsed)}`;
}

export function captureBar(label: string, done: number, total: number, elapsed: number): string {
  const drawn = '█'.repeat(Math.floor((done / total) * 10)).padEnd(10);
  return `${label}: ${percent(done, total)}|${drawn}| ${done}/${total} ${bracket(done, total, elapsed)}`;
}
