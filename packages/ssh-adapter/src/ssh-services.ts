import {
  type Cluster,
  type ClusterKey,
  type Host,
  type ServiceControl,
  type ServiceHealth,
  SparkError,
  shellQuote,
} from '@spark-control/core';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { probeService } from './service-probe.ts';

const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Kinds that keep a model on the GPU of the host they run on. */
const GPU_KINDS: readonly string[] = ['speech_to_text', 'text_to_speech', 'embeddings', 'vllm'];

/** A service as services.yaml has it: a `url`, or a `port` on `host` (`null`: the head of the first cluster). */
export type ServiceEntry = Readonly<{
  key: string;
  name: string;
  kind: string;
  url: string | null;
  host: string | null;
  port: number | null;
  healthPath: string;
  container: string | null;
  isDisabled: boolean;
}>;

export type SshServicesOptions = Readonly<{
  services: readonly ServiceEntry[];
  clusters: readonly Cluster[];
  /** Shells of the hosts, for example those of a `ShellPool`. */
  pool: Readonly<{ shell: (host: Host) => RemoteShell }>;
}>;

type Place = Readonly<{ host: Host; cluster: Cluster }>;

/** {@link ServiceControl} for containers on the hosts of the clusters: restarted with plain docker, asked over HTTP. */
export class SshServices implements ServiceControl {
  readonly #services: readonly ServiceEntry[];
  readonly #options: SshServicesOptions;

  constructor(options: SshServicesOptions) {
    this.#services = options.services.filter(({ isDisabled }) => !isDisabled);
    this.#options = options;
  }

  keys(): readonly string[] {
    return this.#services.map(({ key }) => key);
  }

  gpuOf(key: string): ClusterKey | null {
    const service = this.#services.find((entry) => entry.key === key);
    if (service === undefined || !GPU_KINDS.includes(service.kind)) return null;
    return this.#placeOf(service)?.cluster.key ?? null;
  }

  async restart(key: string, signal: AbortSignal): Promise<void> {
    const { name, container, place } = this.#restartable(key);
    const shell = this.#options.pool.shell(place.host);
    const result = await shell.run(restartScript(container), { timeoutMs: 180_000, wait: true, signal });
    const { stdout } = knownOutcome(shell, result, `restarting ${name}`);
    const refuse = (why: string): SparkError =>
      new SparkError('RUNTIME_REJECTED', `${name} could not be restarted: ${why}`, { details: { host: place.host.key } });
    const [, outcome = ''] = /^outcome (\w+)$/m.exec(stdout) ?? [];
    if (outcome === 'running') return;
    if (outcome === 'missing') throw refuse(`there is no container ${container} on ${place.host.name}.`);
    if (outcome === 'stopped')
      throw refuse(`container ${container} on ${place.host.name} ended right after its start; see "docker logs" there.`);
    throw refuse(`docker on ${place.host.name} refused; try "docker restart ${container}" there.`);
  }

  health(signal: AbortSignal): Promise<readonly ServiceHealth[]> {
    return Promise.all(this.#services.map(async (service) => ({ service: service.key, ...(await this.#probe(service, signal)) })));
  }

  async #probe(service: ServiceEntry, signal: AbortSignal): Promise<Readonly<{ ok: boolean; detail: string }>> {
    const base = this.#baseUrlOf(service);
    if (base === null) return { ok: false, detail: `Its host ${service.host ?? ''} is in no cluster.` };
    return probeService(base + service.healthPath, signal);
  }

  #baseUrlOf(service: ServiceEntry): string | null {
    if (service.url !== null) return service.url;
    const address = this.#placeOf(service)?.host.address;
    if (address === undefined || service.port === null) return null;
    return `http://${address.includes(':') ? `[${address}]` : address}:${service.port}`;
  }

  /** The host of a configured port; `null` for a service that runs elsewhere. */
  #placeOf({ url, host: key }: ServiceEntry): Place | null {
    if (url !== null) return null;
    const places = this.#options.clusters.flatMap((cluster) => cluster.hosts.map((host) => ({ host, cluster })));
    return (key === null ? places[0] : places.find(({ host }) => host.key === key)) ?? null;
  }

  #restartable(key: string): Readonly<{ name: string; container: string; place: Place }> {
    const service = this.#services.find((entry) => entry.key === key);
    if (service === undefined)
      throw new SparkError('INVALID_SETTINGS', `There is no service "${key}" in services.yaml, or it is disabled.`);
    const { name, container } = service;
    const refuse = (why: string): SparkError => new SparkError('INVALID_SETTINGS', `${name} cannot be restarted: ${why}`);
    const place = this.#placeOf(service);
    if (service.url !== null) throw refuse('it is configured by its url, and Spark Control has no login where it runs.');
    if (place === null) throw refuse(`its host ${service.host ?? ''} is in no cluster.`);
    if (container === null) throw refuse('services.yaml does not name its container.');
    if (!CONTAINER.test(container)) throw refuse('what services.yaml calls its container is no container name.');
    if (container === place.cluster.container) {
      // A swap alone may touch the model server: it knows the lock and the fence.
      throw refuse(`${container} is the model server of cluster ${place.cluster.key}; swap with force_restart instead.`);
    }
    return { name, container, place };
  }
}

/** Docker says what it did in the language of its user; only the exit codes and one old phrase are relied on. */
const restartScript = (container: string): string => {
  const name = shellQuote(container);
  return `spark_said=$(timeout 120 docker restart ${name} 2>&1 </dev/null)
spark_code=$?
if [ "$spark_code" -ne 0 ]; then
  case $spark_said in *[Nn]o\\ such\\ container*) printf 'outcome missing\\n' ;; *) printf 'outcome refused\\n' ;; esac
  exit 0
fi
sleep 1
case $(timeout 10 docker inspect --format '{{.State.Running}}' ${name} 2>/dev/null </dev/null) in
  true) printf 'outcome running\\n' ;;
  *) printf 'outcome stopped\\n' ;;
esac`;
};
