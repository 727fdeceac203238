import { isIP } from 'node:net';

/** An address as a number, so that whatever its spelling there is one value to judge. */
export type IpAddress = Readonly<{ family: 4 | 6; value: bigint }>;

const MAPPED_PREFIX = 0xffffn;
const LOW_32 = 0xffff_ffffn;

/**
 * Parses what a resolver, a socket or the host of a parsed URL says: dotted IPv4, or IPv6 with or without brackets and zone.
 * An IPv4-mapped IPv6 address becomes the IPv4 address that a connection to it reaches. `null`: not an address.
 */
export function parseAddress(text: string): IpAddress | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  switch (isIP(bare)) {
    case 4:
      return { family: 4, value: joined(bare.split('.').map(Number), 8n) };
    case 6: {
      const value = ipv6Value(bare);
      return value >> 32n === MAPPED_PREFIX ? { family: 4, value: value & LOW_32 } : { family: 6, value };
    }
    default:
      return null;
  }
}

/** The shortest spelling, for people. */
export function addressText({ family, value }: IpAddress): string {
  if (family === 4) return groupsOf(value, 4, 8n).join('.');
  const groups = groupsOf(value, 8, 16n).map((group) => group.toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

export const sameAddress = (a: IpAddress, b: IpAddress): boolean => a.family === b.family && a.value === b.value;

export type IpRange = Readonly<{ family: 4 | 6; prefix: bigint; freeBits: bigint }>;

/** `10.0.0.0/8`. @throws {RangeError} for what is none: ranges are constants. */
export function parseRange(text: string): IpRange {
  const [base = '', bits = ''] = text.split('/');
  const family = base.includes(':') ? 6 : 4;
  if (isIP(base) !== family || !/^\d+$/.test(bits)) throw new RangeError(`${text} is no range of addresses`);
  const value = family === 4 ? joined(base.split('.').map(Number), 8n) : ipv6Value(base);
  const freeBits = (family === 4 ? 32n : 128n) - BigInt(bits);
  return { family, prefix: value >> freeBits, freeBits };
}

export const isWithin = ({ family, value }: IpAddress, range: IpRange): boolean =>
  family === range.family && value >> range.freeBits === range.prefix;

/** The IPv4 address in the last 32 bits. */
export const embeddedIpv4 = ({ value }: IpAddress): IpAddress => ({ family: 4, value: value & LOW_32 });

/** The URL parser turns every spelling into groups of hexadecimal digits with at most one `::`. */
function ipv6Value(text: string): bigint {
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return joined([...before, ...new Array<number>(zeros).fill(0), ...after], 16n);
}

const joined = (parts: readonly number[], bits: bigint): bigint => parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);

function groupsOf(value: bigint, count: number, bits: bigint): number[] {
  const mask = (1n << bits) - 1n;
  return Array.from({ length: count }, (_, index) => Number((value >> (bits * BigInt(count - 1 - index))) & mask));
}
