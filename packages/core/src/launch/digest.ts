/** JSON with sorted keys: two values that mean the same give the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/**
 * 32 hex digits. It tells one launch from another; it is no proof against somebody who looks for a collision,
 * and need not be: whoever can set labels on our containers owns the host.
 */
export const digestOf = (value: unknown): string => {
  const text = canonicalJson(value);
  return hash64(text, 0x5bd1e995) + hash64(text, 0x2545f491);
};

/** Two interleaved 32-bit multiplicative hashes over UTF-16 units, mixed with each other at the end. */
function hash64(text: string, seed: number): string {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  const mixedHigh = mix(high, low);
  const mixedLow = mix(low, mixedHigh);
  return hex32(mixedHigh) + hex32(mixedLow);
}

const mix = (one: number, other: number): number =>
  Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);

const hex32 = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
