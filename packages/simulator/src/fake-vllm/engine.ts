import type { Clock } from '@spark-control/core';

/** The engine was asked to work after its death, or died while it worked. */
export class EngineDeadError extends Error {}

export type EngineCounts = Readonly<{
  running: number;
  promptTokens: number;
  generationTokens: number;
  finished: Readonly<Record<string, number>>;
}>;

const WORDS =
  'The simulated model answers with the same calm words each time so that a test can read them and a person can see that tokens arrive one after the other without any weights being loaded at all'.split(
    ' ',
  );

/** Answers with made-up tokens at the pace of the profile, and counts like vLLM's `/metrics`. */
export class Engine {
  readonly #clock: Clock;
  readonly #pace: Readonly<{ firstTokenMs: number; tokenMs: number }>;
  readonly #death = new AbortController();
  readonly #finished: Record<string, number> = { stop: 0, length: 0, abort: 0 };
  #running = 0;
  #promptTokens = 0;
  #generationTokens = 0;

  constructor(clock: Clock, pace: Readonly<{ firstTokenMs: number; tokenMs: number }>) {
    this.#clock = clock;
    this.#pace = pace;
  }

  get isDead(): boolean {
    return this.#death.signal.aborted;
  }

  get counts(): EngineCounts {
    const { stop = 0, length = 0, abort = 0 } = this.#finished;
    return {
      running: this.#running,
      promptTokens: this.#promptTokens,
      generationTokens: this.#generationTokens,
      finished: { stop, length, abort },
    };
  }

  die(): void {
    this.#death.abort(new EngineDeadError('EngineCore encountered an issue. See stack trace (above) for the root cause.'));
  }

  /** Tokens of one answer, as text pieces. The last one comes with the reason for the end. Ends early, by throwing, when `signal` aborts. */
  async *generate(
    promptTokens: number,
    maxTokens: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<Readonly<{ text: string; finishReason: 'stop' | 'length' | null }>> {
    const count = Math.max(1, Math.min(maxTokens ?? WORDS.length, WORDS.length));
    const ended = AbortSignal.any([signal, this.#death.signal]);
    let outcome = 'abort';
    this.#running += 1;
    this.#promptTokens += promptTokens;
    try {
      for (let index = 0; index < count; index += 1) {
        await this.#clock.sleep(index === 0 ? this.#pace.firstTokenMs : this.#pace.tokenMs, ended);
        this.#generationTokens += 1;
        const finishReason = index + 1 < count ? null : count === maxTokens ? 'length' : 'stop';
        if (finishReason !== null) outcome = finishReason;
        yield { text: (index === 0 ? '' : ' ') + (WORDS[index] ?? ''), finishReason };
      }
    } finally {
      this.#running -= 1;
      this.#finished[outcome] = (this.#finished[outcome] ?? 0) + 1;
    }
  }
}
