import { type SecretSource, type Service, SparkError } from '@spark-control/core';
import { call, type HttpAnswer, type HttpCall } from '../endpoint/http-call.ts';
import { jsonOf } from '../endpoint/json-answer.ts';

export const WHO = 'It';
const MIB = 2 ** 20;

export type Question = Pick<HttpCall, 'method' | 'body' | 'content'> & Readonly<{ path: string; deadlineMs: number; maxBytes?: number }>;

/** Calls one service with its key, on connections that are closed after use. Its sentences call the service "It". */
export class ServiceCaller {
  readonly service: Service;
  readonly #baseUrl: string;
  readonly #secrets: SecretSource;
  readonly #signal: AbortSignal;

  constructor(service: Service, baseUrl: string, secrets: SecretSource, signal: AbortSignal) {
    this.service = service;
    this.#baseUrl = baseUrl;
    this.#secrets = secrets;
    this.#signal = signal;
  }

  /** Any answer. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT, and with the reason of an abort. */
  ask({ path, maxBytes = 4 * MIB, ...question }: Question): Promise<HttpAnswer> {
    this.#signal.throwIfAborted();
    return call(false, { ...question, url: this.#baseUrl + path, maxBytes, headers: this.#headers(), who: WHO }, this.#signal);
  }

  /** The JSON of an answer of status 200. Rejects UPSTREAM_FAILED with what to do about any other. */
  async json(question: Question): Promise<unknown> {
    const answer = await this.ask(question);
    const asked = `${question.method} ${question.path}`;
    const problem = this.problemOf(answer.status, asked);
    if (problem !== null) throw new SparkError('UPSTREAM_FAILED', problem);
    return jsonOf(answer, asked, WHO);
  }

  get hasKey(): boolean {
    return this.#key() !== null;
  }

  /** What a status says, as a sentence; `null`: all is well. */
  problemOf(status: number, asked: string): string | null {
    if (status >= 200 && status < 300) return null;
    if (status === 401 || status === 403) return this.#keyProblem();
    if (status === 404) return `It has no ${asked.replace(/^\w+ /, '')} (status 404).`;
    if (status === 503) return 'It is not ready (status 503).';
    return `It answered ${asked} with status ${status}.`;
  }

  #keyProblem(): string {
    const { apiKeyVariable: variable } = this.service;
    if (variable === null) return 'It wants a key: name the variable that holds it with api_key.';
    return this.hasKey ? `It refuses the key in ${variable}.` : `It wants a key, and ${variable} is not set.`;
  }

  #key(): string | null {
    const { apiKeyVariable: variable } = this.service;
    return variable === null ? null : this.#secrets.read(variable)?.trim() || null;
  }

  #headers(): Readonly<Record<string, string>> {
    const key = this.#key();
    if (key === null) return {};
    // Node's own refusal would come out as trouble with the connection.
    if (/[^\x21-\x7e]/.test(key)) {
      throw new SparkError('UPSTREAM_FAILED', `Its key in ${this.service.apiKeyVariable} holds characters that no header can carry.`);
    }
    return { authorization: `Bearer ${key}`, ...(this.service.kind === 'qdrant' && { 'api-key': key }) };
  }
}
