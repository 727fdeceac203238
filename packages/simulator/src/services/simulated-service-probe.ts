import type { Clock, DeepHealth, Service, ServiceProbe, ServiceStatus } from '@spark-control/core';
import { sha256 } from './service-box.ts';
import type { SimulatedServiceHost } from './simulated-service-host.ts';

export type SimulatedProbeOptions = Readonly<{
  host: SimulatedServiceHost;
  /** Asks the services that are configured by their url: those are real. */
  elsewhere: ServiceProbe;
  clock: Clock;
  /** Ids of the models that serve now, which a simulated Open WebUI knows. */
  running: () => readonly string[];
}>;

const DONE: Readonly<Record<Service['kind'], string | null>> = {
  vllm: 'one token was made',
  openai: 'one token was made',
  asr: 'half a second of audio was transcribed',
  diarizer: 'half a second of audio had one speaker',
  tts: 'one word was spoken',
  embeddings: 'one word was embedded',
  qdrant: 'a query was answered',
  open_webui: 'it knows the models that serve',
  http: null,
};

/** Answers for the services of simulated hosts. Every sentence says that it is a simulation. */
export class SimulatedServiceProbe implements ServiceProbe {
  readonly #options: SimulatedProbeOptions;

  constructor(options: SimulatedProbeOptions) {
    this.#options = options;
  }

  async status(service: Service, baseUrl: string, signal: AbortSignal): Promise<ServiceStatus> {
    const { elsewhere, clock } = this.#options;
    if (service.url !== null) return elsewhere.status(service, baseUrl, signal);
    signal.throwIfAborted();
    const seen = { service: service.key, at: clock.now() };
    if (this.#isUp(service)) return { ...seen, state: 'up', detail: 'Simulated: it answers.', latencyMs: latencyOf(service) };
    return { ...seen, state: 'down', detail: 'Simulated: it does not answer.', latencyMs: null };
  }

  async deep(service: Service, baseUrl: string, signal: AbortSignal): Promise<DeepHealth> {
    const { elsewhere, clock } = this.#options;
    if (service.url !== null) return elsewhere.deep(service, baseUrl, signal);
    signal.throwIfAborted();
    const done = DONE[service.kind];
    const seen = { service: service.key, at: clock.now() };
    if (done === null) return { ...seen, status: 'skip', detail: 'There is nothing more to ask a service of this kind.', latencyMs: null };
    if (this.#isUp(service)) return { ...seen, status: 'pass', detail: `Simulated: ${done}.`, latencyMs: latencyOf(service) * 10 };
    return { ...seen, status: 'fail', detail: 'Simulated: it does not answer.', latencyMs: null };
  }

  async models(service: Service, baseUrl: string, signal: AbortSignal): Promise<readonly string[] | null> {
    const { elsewhere, running } = this.#options;
    if (service.url !== null) return elsewhere.models(service, baseUrl, signal);
    if (service.kind === 'open_webui') return running();
    if (service.kind === 'openai' || service.kind === 'vllm') return service.model === null ? running() : [service.model];
    return null;
  }

  #isUp(service: Service): boolean {
    return this.#options.host.box(service)?.isRunning ?? false;
  }
}

/** Always the same for one service, from 2 to 21 ms. */
const latencyOf = ({ key }: Service): number => 2 + (Number.parseInt(sha256(Buffer.from(key)).slice(0, 4), 16) % 20);
