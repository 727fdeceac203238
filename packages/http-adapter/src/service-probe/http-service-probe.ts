import {
  type Clock,
  type DeepHealth,
  isSparkError,
  type SecretSource,
  type Service,
  type ServiceProbe,
  type ServiceStatus,
} from '@spark-control/core';
import { deepCheck, modelIds, webUiModels } from './deep-checks.ts';
import { ServiceCaller } from './service-caller.ts';

/** Limits of each request, in ms. A first transcription or completion may still load kernels. */
export type ServiceDeadlines = Readonly<{ statusMs: number; modelsMs: number; deepMs: number }>;
const DEADLINES: ServiceDeadlines = { statusMs: 5_000, modelsMs: 5_000, deepMs: 60_000 };

export type HttpServiceProbeDeps = Readonly<{ secrets: SecretSource; clock: Clock; deadlines?: Partial<ServiceDeadlines> }>;

/** Where servers of the OpenAI kind say that they are well, in the order of trying after the configured path. */
const USUAL_PATHS = ['/health', '/v1/models', '/v1/health/ready'];

type Found = Pick<ServiceStatus, 'state' | 'detail'>;

/** {@link ServiceProbe} over HTTP. A key travels in a header only, and is in no sentence. */
export class HttpServiceProbe implements ServiceProbe {
  readonly #secrets: SecretSource;
  readonly #clock: Clock;
  readonly #deadlines: ServiceDeadlines;

  constructor({ secrets, clock, deadlines = {} }: HttpServiceProbeDeps) {
    this.#secrets = secrets;
    this.#clock = clock;
    this.#deadlines = { ...DEADLINES, ...deadlines };
  }

  async status(service: Service, baseUrl: string, signal: AbortSignal): Promise<ServiceStatus> {
    const { result, latencyMs } = await this.#timed(() => this.#look(this.#caller(service, baseUrl, signal)), signal);
    const at = this.#clock.now();
    if (typeof result !== 'string') return { service: service.key, ...result, latencyMs, at };
    return { service: service.key, state: 'down', detail: result, latencyMs: null, at };
  }

  async deep(service: Service, baseUrl: string, signal: AbortSignal): Promise<DeepHealth> {
    const check = async (): Promise<Readonly<{ done: string | null }>> => ({
      done: await deepCheck(this.#caller(service, baseUrl, signal), this.#deadlines.deepMs),
    });
    const { result, latencyMs } = await this.#timed(check, signal);
    const [key, at] = [service.key, this.#clock.now()];
    if (typeof result === 'string') return { service: key, status: 'fail', detail: result, latencyMs: null, at };
    if (result.done === null)
      return { service: key, status: 'skip', detail: 'There is nothing more to ask a service of this kind.', latencyMs: null, at };
    return { service: key, status: 'pass', detail: result.done, latencyMs, at };
  }

  async models(service: Service, baseUrl: string, signal: AbortSignal): Promise<readonly string[] | null> {
    const caller = this.#caller(service, baseUrl, signal);
    const { modelsMs } = this.#deadlines;
    const { result } = await this.#timed(async () => ({ ids: await idsOf(caller, modelsMs) }), signal);
    return typeof result === 'string' ? null : result.ids;
  }

  #caller(service: Service, baseUrl: string, signal: AbortSignal): ServiceCaller {
    return new ServiceCaller(service, baseUrl, this.#secrets, signal);
  }

  async #look(caller: ServiceCaller): Promise<Found> {
    const { kind, healthPath } = caller.service;
    const paths = kind === 'vllm' || kind === 'openai' ? [...new Set([healthPath, ...USUAL_PATHS])] : [healthPath];
    let found: Found | null = null;
    for (const path of paths) {
      const { status } = await caller.ask({ method: 'GET', path, deadlineMs: this.#deadlines.statusMs, maxBytes: 0 });
      const problem = caller.problemOf(status, `GET ${path}`);
      if (problem === null) return { state: 'up', detail: 'It answers.' };
      found ??= { state: 'degraded', detail: problem };
      if (status !== 404 && status !== 405) return { state: 'degraded', detail: problem };
    }
    return found ?? { state: 'unknown', detail: 'It was not asked.' };
  }

  /** Gives a sentence in place of a rejection, except after an abort. */
  async #timed<T extends object>(
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<Readonly<{ result: T | string; latencyMs: number }>> {
    const begun = this.#clock.monotonic();
    const latencyMs = (): number => Math.max(0, Math.round(this.#clock.monotonic() - begun));
    try {
      return { result: await work(), latencyMs: latencyMs() };
    } catch (error) {
      signal.throwIfAborted();
      return { result: isSparkError(error) ? error.message : 'It could not be asked.', latencyMs: latencyMs() };
    }
  }
}

async function idsOf(caller: ServiceCaller, deadlineMs: number): Promise<readonly string[] | null> {
  switch (caller.service.kind) {
    case 'vllm':
    case 'openai':
      return modelIds(caller, deadlineMs);
    case 'open_webui':
      return caller.hasKey ? webUiModels(caller, deadlineMs) : null;
    default:
      return null;
  }
}
