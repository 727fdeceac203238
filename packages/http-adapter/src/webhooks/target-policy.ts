import { addressText, embeddedIpv4, type IpAddress, isWithin, parseAddress, parseRange, sameAddress } from './ip-address.ts';

/** `reserved`: no host of a LAN or of the Internet has such an address. */
export type AddressKind =
  | 'public'
  | 'lan'
  | 'loopback'
  | 'unspecified'
  | 'link_local'
  | 'metadata'
  | 'multicast'
  | 'broadcast'
  | 'reserved';

/** The first range that holds an address tells its kind (IANA's registries of special-purpose addresses). */
const IPV4_RANGES = (
  [
    // Cloud machines tell their credentials to whoever asks here: AWS, Azure, Google (and most others), Alibaba, Oracle.
    ['169.254.169.254/32', 'metadata'],
    ['169.254.170.2/32', 'metadata'],
    ['168.63.129.16/32', 'metadata'],
    ['100.100.100.200/32', 'metadata'],
    ['192.0.0.192/32', 'metadata'],
    ['0.0.0.0/8', 'unspecified'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link_local'],
    ['10.0.0.0/8', 'lan'],
    ['172.16.0.0/12', 'lan'],
    ['192.168.0.0/16', 'lan'],
    // Carriers' NAT, and what overlay networks such as Tailscale number their machines with.
    ['100.64.0.0/10', 'lan'],
    ['192.0.0.0/24', 'reserved'],
    ['192.0.2.0/24', 'reserved'],
    ['192.88.99.0/24', 'reserved'],
    ['198.18.0.0/15', 'reserved'],
    ['198.51.100.0/24', 'reserved'],
    ['203.0.113.0/24', 'reserved'],
    ['224.0.0.0/4', 'multicast'],
    ['255.255.255.255/32', 'broadcast'],
    ['240.0.0.0/4', 'reserved'],
    ['0.0.0.0/0', 'public'],
  ] as const
).map(([range, kind]) => ({ range: parseRange(range), kind }));

const NAT64 = parseRange('64:ff9b::/96');

const IPV6_RANGES = (
  [
    ['fd00:ec2::254/128', 'metadata'],
    ['fd00:ec2::23/128', 'metadata'],
    ['fd20:ce::254/128', 'metadata'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['fe80::/10', 'link_local'],
    ['ff00::/8', 'multicast'],
    ['fc00::/7', 'lan'],
    // 6to4 and Teredo carry an IPv4 address, so that anything may be behind them; the rest of 2001::/23 is for protocols.
    ['2002::/16', 'reserved'],
    ['2001::/23', 'reserved'],
    ['2001:db8::/32', 'reserved'],
    ['3fff::/20', 'reserved'],
    ['2000::/3', 'public'],
    // IPv4-compatible, IPv4-translated, local NAT64, discard, site-local, segment routing, and all that nobody has assigned.
    ['::/0', 'reserved'],
  ] as const
).map(([range, kind]) => ({ range: parseRange(range), kind }));

export function kindOf(address: IpAddress): AddressKind {
  if (isWithin(address, NAT64)) {
    // Behind a gateway, "loopback" and "LAN" are those of the gateway.
    const kind = kindOf(embeddedIpv4(address));
    return kind === 'loopback' || kind === 'lan' ? 'reserved' : kind;
  }
  const ranges = address.family === 4 ? IPV4_RANGES : IPV6_RANGES;
  return ranges.find(({ range }) => isWithin(address, range))?.kind ?? 'reserved';
}

/** A socket that this process listens on. `host` as it was told: an address, or `0.0.0.0` or `::` for all of them. */
export type Listener = Readonly<{ host: string; port: number }>;

export type TargetPolicy = Readonly<{
  allowLoopback: boolean;
  /** Those of this process. Asked for every target, since a port may be known only after a while. */
  listeners: readonly Listener[];
  /** Addresses of this machine, which a listener on all of them is reached by. */
  ownAddresses: readonly string[];
}>;

const WORDS: Readonly<Record<Exclude<AddressKind, 'public' | 'lan' | 'loopback'>, string>> = {
  unspecified: 'which is no address of a host',
  link_local: 'a link-local address',
  metadata: 'where cloud machines keep their credentials',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  reserved: 'a reserved address',
};

/** What stands against an address as a target, as a clause whose subject is the URL; `null`: nothing. Pure. */
export function addressObjection(address: IpAddress, port: number, policy: TargetPolicy): string | null {
  const text = addressText(address);
  if (isOurs(address, port, policy)) return `leads to ${text} port ${port}, where Spark Control itself listens`;
  const kind = kindOf(address);
  switch (kind) {
    case 'public':
    case 'lan':
      return null;
    case 'loopback':
      return policy.allowLoopback ? null : `leads to ${text}, a loopback address, which needs allow_loopback`;
    default:
      return `leads to ${text}, ${WORDS[kind]}, which is never allowed`;
  }
}

function isOurs(address: IpAddress, port: number, { listeners, ownAddresses }: TargetPolicy): boolean {
  const is = (text: string): boolean => {
    const own = parseAddress(text);
    return own !== null && sameAddress(own, address);
  };
  return listeners.some((listener) => {
    if (listener.port !== port) return false;
    if (listener.host === 'localhost') return kindOf(address) === 'loopback';
    const bound = parseAddress(listener.host);
    const isForAll = bound === null || kindOf(bound) === 'unspecified';
    return isForAll ? kindOf(address) === 'loopback' || ownAddresses.some(is) : is(listener.host);
  });
}

/** What stands against a URL whatever its host is, as a clause whose subject is the URL; or the parsed URL. Pure. */
export function parseTarget(text: string): URL | string {
  // The URL parser drops some of these and reads others as `/`: what people see would not be what is called.
  if ([...text].some((character) => character <= ' ' || character === '\u007f' || character === '\\'))
    return 'must not hold spaces, control characters or backslashes';
  if (!URL.canParse(text)) return 'is not an absolute URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.hash !== '') return 'must not have a fragment (#...)';
  if (url.port === '0') return 'must not name port 0';
  return url;
}

export const portOf = ({ port, protocol }: URL): number => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
