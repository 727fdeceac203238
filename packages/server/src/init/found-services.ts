import type { HostDiscovery } from '@spark-control/ssh-adapter';
import type { InitCluster, InitHost } from './proposal.ts';

/** A service that was found, with the fields of services.yaml. */
export type FoundService = Readonly<{ key: string; kind: string; host: string; port: number; container: string | null }>;

type Known = Readonly<{ key: string; kind: string; ports: readonly number[]; pattern: RegExp }>;

/** By what services are known: the name or image of their container, else the port that they usually have. */
const KNOWN: readonly Known[] = [
  { key: 'parakeet-asr', kind: 'asr', ports: [5092], pattern: /parakeet/i },
  { key: 'sortformer', kind: 'diarizer', ports: [], pattern: /sortformer|diari[sz]/i },
  { key: 'kokoro-tts', kind: 'tts', ports: [8880], pattern: /kokoro/i },
  { key: 'embeddings', kind: 'embeddings', ports: [], pattern: /text-embeddings-inference|(^|[/_-])tei([:/_-]|$)/i },
  { key: 'qdrant', kind: 'qdrant', ports: [6333], pattern: /qdrant/i },
  { key: 'open-webui', kind: 'open_webui', ports: [12_000], pattern: /open-?webui/i },
];
/** Of images with these, a container that publishes no port listens on this one. */
const INNER_PORTS: Readonly<Record<string, number>> = {
  'parakeet-asr': 5092,
  'kokoro-tts': 8880,
  qdrant: 6333,
  'open-webui': 8080,
  embeddings: 80,
  sortformer: 8000,
};

/**
 * The services of all hosts. A key that two hosts have gets the host's key behind it. Where a port is only guessed it may be that of a
 * cluster or of another service: the server would not start with both, so the later one is left out.
 */
export function foundServices(hosts: readonly InitHost[], clusters: readonly InitCluster[]): readonly FoundService[] {
  const taken = new Set(clusters.map(({ hosts: [head], port }) => `${head} ${port}`));
  const isFree = ({ host, port }: FoundService): boolean => !taken.has(`${host} ${port}`) && taken.add(`${host} ${port}`).size > 0;
  const found = hosts.flatMap((host) => (host.discovery === null ? [] : servicesOf(host.key, host.discovery))).filter(isFree);
  return found.map((service, index) => {
    const isFirst = found.findIndex(({ key }) => key === service.key) === index;
    return isFirst ? service : { ...service, key: `${service.key}-${service.host}` };
  });
}

function servicesOf(host: string, { containers, listening }: HostDiscovery): readonly FoundService[] {
  return KNOWN.flatMap(({ key, kind, ports, pattern }): readonly FoundService[] => {
    const container = containers?.find(({ name, image }) => pattern.test(name) || pattern.test(image)) ?? null;
    const published = container?.ports.find((port) => ports.includes(port)) ?? container?.ports[0];
    const usual = ports.find((port) => listening.includes(port));
    if (container === null && usual === undefined) return [];
    const port = published ?? usual ?? INNER_PORTS[key] ?? null;
    return port === null ? [] : [{ key, kind, host, port, container: container?.name ?? null }];
  });
}
