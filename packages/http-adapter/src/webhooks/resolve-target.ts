import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { errorCodeOf } from '../connection-trouble.ts';
import { addressText, type IpAddress, parseAddress } from './ip-address.ts';
import { addressObjection, type Listener, parseTarget, portOf } from './target-policy.ts';

/** All addresses of a name, in the order of preference. Rejects as `dns.lookup` does. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** As the machine's other programs resolve names: /etc/hosts, mDNS and search domains included. */
export const systemResolve: Resolve = async (name) => {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/** A target that was judged. Connect to these addresses and to no others: the name may mean something else a moment later. */
export type Target = Readonly<{ kind: 'allowed'; url: URL; addresses: readonly IpAddress[] }>;

/** `objection`: a clause whose subject is the URL. */
export type Judgement = Target | Readonly<{ kind: 'refused'; objection: string }>;

export type Surroundings = Readonly<{ resolve: Resolve; listeners: () => readonly Listener[] }>;

/**
 * Judges a URL and every address that its name has now. One bad address is enough to refuse it, else the choice among them
 * would decide. Rejects only with `signal.reason`.
 */
export async function judgeTarget(
  text: string,
  allowLoopback: boolean,
  { resolve, listeners }: Surroundings,
  signal: AbortSignal,
): Promise<Judgement> {
  signal.throwIfAborted();
  const url = parseTarget(text);
  if (typeof url === 'string') return refused(url);
  const addresses = await addressesOf(url.hostname, resolve, signal);
  if (typeof addresses === 'string') return refused(addresses);
  const ownAddresses = Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address));
  const policy = { allowLoopback, listeners: listeners(), ownAddresses };
  for (const address of addresses) {
    const objection = addressObjection(address, portOf(url), policy);
    if (objection !== null) return refused(objection);
  }
  return { kind: 'allowed', url, addresses };
}

const refused = (objection: string): Judgement => ({ kind: 'refused', objection });

async function addressesOf(host: string, resolve: Resolve, signal: AbortSignal): Promise<readonly IpAddress[] | string> {
  const literal = parseAddress(host);
  if (literal !== null) return [literal];
  let found: readonly string[];
  try {
    found = await untilAborted(resolve(host), signal);
  } catch (error) {
    signal.throwIfAborted();
    const isTemporary = errorCodeOf(error) === 'EAI_AGAIN';
    return isTemporary ? `names a host that could not be looked up (${shown(host)}): the name server did not answer` : notFound(host);
  }
  const addresses = found.map(parseAddress);
  const known = addresses.filter((address) => address !== null);
  // What cannot be read cannot be judged.
  return known.length === 0 || known.length < addresses.length ? notFound(host) : known;
}

const notFound = (host: string): string => `names a host that cannot be found (${shown(host)})`;
const shown = (host: string): string => (host.length > 100 ? `${host.slice(0, 100)}…` : host);

/** A lookup cannot be stopped; it can be left alone. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** For Node's own sockets: gives the addresses that were judged, whatever the name means by now. */
export function pinnedLookup(addresses: readonly IpAddress[]) {
  const entries = addresses.map((address) => ({ address: addressText(address), family: address.family }));
  return (
    _name: string,
    options: Readonly<{ all?: boolean | undefined }>,
    done: (error: Error | null, address: string | { address: string; family: number }[], family?: number) => void,
  ): void => {
    const [first] = entries;
    if (first === undefined) done(new Error('a target without an address'), '');
    else if (options.all === true) done(null, entries);
    else done(null, first.address, first.family);
  };
}
