import type { Service, ServiceStatus } from '../service/service.ts';

/** Result of one real request: a one-token completion, half a second of audio, one embedding, one query. `skip`: its kind has none. */
export type DeepHealth = Readonly<{
  service: string;
  status: 'pass' | 'fail' | 'skip';
  detail: string;
  latencyMs: number | null;
  at: number;
}>;

/** Asks services over HTTP. `baseUrl` is where it answers, without a trailing slash. Contract: rejects on abort only; never asks a disabled one. */
export interface ServiceProbe {
  status(service: Service, baseUrl: string, signal: AbortSignal): Promise<ServiceStatus>;
  deep(service: Service, baseUrl: string, signal: AbortSignal): Promise<DeepHealth>;
  /** Model ids that an Open WebUI or an OpenAI-compatible service knows; `null` when it does not tell. */
  models(service: Service, baseUrl: string, signal: AbortSignal): Promise<readonly string[] | null>;
}
