import { UsageError } from './failure.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `30m`, `2h`, `1d`, `1h30m`, `1.5h` in seconds. A bare number is refused: nobody knows of what. @throws {UsageError} */
export function parseDuration(text: string, option: string): number {
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,3})?)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new UsageError(`${option} takes a duration such as 90s, 30m, 2h, 1d or 1h30m, not "${text}"`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (SECONDS[unit ?? ''] ?? 0), 0);
}

/** As above, whole seconds between two bounds. @throws {UsageError} */
export function parseSeconds(text: string, option: string, least: number, most: number): number {
  const seconds = Math.round(parseDuration(text, option));
  if (seconds < least || seconds > most) {
    throw new UsageError(`${option} has to be between ${formatDuration(least)} and ${formatDuration(most)}, not ${text}`);
  }
  return seconds;
}

/** `2h5m`, `3m7s`, `42s`: the two largest units, which is as exact as people want it. */
export function formatDuration(seconds: number): string {
  let left = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of Object.entries(SECONDS).toReversed()) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount > 0 || (size === 1 && parts.length === 0)) parts.push(`${amount}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join('');
}
