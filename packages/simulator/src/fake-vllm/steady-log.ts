import type { Engine } from './engine.ts';
import type { LogWriter } from './log-writer.ts';

/** The line that vLLM writes every ten seconds while there is work, and once more after it. */
export class SteadyLog {
  readonly #engine: Engine;
  readonly #log: LogWriter;
  #prompt = 0;
  #generation = 0;
  #wasActive = false;

  constructor(engine: Engine, log: LogWriter) {
    this.#engine = engine;
    this.#log = log;
  }

  tick(seconds: number): void {
    const { running, promptTokens, generationTokens } = this.#engine.counts;
    const prompt = (promptTokens - this.#prompt) / seconds;
    const generation = (generationTokens - this.#generation) / seconds;
    this.#prompt = promptTokens;
    this.#generation = generationTokens;
    const isActive = running > 0 || generation > 0;
    if (isActive || this.#wasActive) {
      this.#log.line(
        'api',
        'loggers.py:257',
        `Engine 000: Avg prompt throughput: ${prompt.toFixed(1)} tokens/s, Avg generation throughput: ${generation.toFixed(1)} tokens/s, Running: ${running} reqs, Waiting: 0 reqs, GPU KV cache usage: ${Math.min(100, running * 1.5).toFixed(1)}%, Prefix cache hit rate: 0.0%`,
      );
    }
    this.#wasActive = isActive;
  }
}
