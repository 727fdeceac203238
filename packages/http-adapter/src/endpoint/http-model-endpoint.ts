import { Agent } from 'node:http';
import {
  type Activity,
  type EndpointHealth,
  isSparkError,
  type ModelActivity,
  type ModelEndpoint,
  type ServedModel,
  SparkError,
} from '@spark-control/core';
import { call, type HttpAnswer, type HttpCall } from './http-call.ts';
import { field, jsonOf } from './json-answer.ts';
import { activityInMetrics, requestsInMetrics } from './metrics-text.ts';
import { completeOneToken } from './one-token.ts';

const MIB = 1024 * 1024;

/** Limits of each call, in ms. The first completion of a model may still compile kernels. */
export type EndpointDeadlines = Readonly<{ healthMs: number; modelsMs: number; loadMs: number; completionMs: number }>;
const DEADLINES: EndpointDeadlines = { healthMs: 2_000, modelsMs: 5_000, loadMs: 5_000, completionMs: 120_000 };

/** {@link ModelEndpoint} and {@link ModelActivity} over HTTP, as vLLM serves it. Connections are kept for the next call; {@link close} lets them go. */
export class HttpModelEndpoint implements ModelEndpoint, ModelActivity {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 2, keepAliveMsecs: 5_000, timeout: 30_000 });
  readonly #deadlines: EndpointDeadlines;

  constructor(deadlines: Partial<EndpointDeadlines> = {}) {
    this.#deadlines = { ...DEADLINES, ...deadlines };
  }

  async health(baseUrl: string, signal: AbortSignal): Promise<EndpointHealth> {
    try {
      const { status } = await this.#get(baseUrl, '/health', this.#deadlines.healthMs, MIB, signal);
      return status === 200 ? { kind: 'healthy' } : { kind: 'unhealthy', status };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unreachable', reason: isSparkError(error) ? error.message : 'the call failed' };
    }
  }

  async models(baseUrl: string, signal: AbortSignal): Promise<readonly ServedModel[]> {
    const answer = await this.#get(baseUrl, '/v1/models', this.#deadlines.modelsMs, 4 * MIB, signal);
    const list = field(jsonOf(answer, 'GET /v1/models', 'The model server'), 'data');
    if (!Array.isArray(list)) throw new SparkError('UPSTREAM_FAILED', 'The model server answered GET /v1/models without a list of models.');
    return list.flatMap((entry: unknown) => {
      const [id, root, maxModelLen] = [field(entry, 'id'), field(entry, 'root'), field(entry, 'max_model_len')];
      if (typeof id !== 'string') return [];
      return [{ id, root: typeof root === 'string' ? root : null, maxModelLen: typeof maxModelLen === 'number' ? maxModelLen : null }];
    });
  }

  async requestsInFlight(baseUrl: string, signal: AbortSignal): Promise<number | null> {
    const { status, text } = await this.#get(baseUrl, '/metrics', this.#deadlines.loadMs, 16 * MIB, signal);
    return status === 200 ? requestsInMetrics(text) : null;
  }

  async activity(baseUrl: string, signal: AbortSignal): Promise<Activity | null> {
    const { status, text } = await this.#get(baseUrl, '/metrics', this.#deadlines.loadMs, 16 * MIB, signal);
    return status === 200 ? activityInMetrics(text) : null;
  }

  async completeOneToken(baseUrl: string, servedModelName: string, signal: AbortSignal): Promise<void> {
    const post = (path: string, body: unknown): Promise<HttpAnswer> => this.#post(baseUrl, path, body, signal);
    await completeOneToken(post, servedModelName, 'The model server');
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #get(baseUrl: string, path: string, deadlineMs: number, maxBytes: number, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#call({ method: 'GET', url: baseUrl + path, deadlineMs, maxBytes }, signal);
  }

  #post(baseUrl: string, path: string, body: unknown, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#call({ method: 'POST', url: baseUrl + path, body, deadlineMs: this.#deadlines.completionMs, maxBytes: MIB }, signal);
  }

  #call(request: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
    return call(this.#agent, request, signal);
  }
}
