import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StopSignal } from '../../src/cli/failure.ts';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import { systemClock } from '../../src/index.ts';
import { fastClock } from './clock.ts';

export type Ended = Readonly<{ code: number; stdout: string; stderr: string }>;
export type CliOptions = Readonly<{
  env?: Readonly<Record<string, string>>;
  /** Both outputs are terminals. */
  tty?: boolean;
  speed?: number;
  killAfterMs?: number;
  /** Standard input, which is no terminal then. */
  input?: string;
  /** What is answered to each question on a terminal. */
  answers?: readonly string[];
  /** How the program of the server ends; `null`: it is not installed. */
  server?: Readonly<{ code: number; stdout: string }> | null;
}>;

/** sparkctl within this process, with a home of its own. `send` raises a signal. */
export class Cli {
  readonly home = mkdtempSync(join(tmpdir(), 'sparkctl-'));
  readonly #url: string;
  readonly #listeners = new Set<(signal: StopSignal) => void>();
  stdout = '';
  stderr = '';
  readonly questions: string[] = [];
  readonly served: Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; isCaptured: boolean }>[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async run(
    argv: readonly string[],
    { env = {}, tty = false, speed = 20, killAfterMs = 300, input = '', answers = [], server = null }: CliOptions = {},
  ): Promise<Ended> {
    this.stdout = '';
    this.stderr = '';
    this.questions.splice(0);
    this.served.splice(0);
    const io: Io = {
      stdout: { write: (text) => this.#keep('stdout', text), isTTY: tty, columns: 100 },
      stderr: { write: (text) => this.#keep('stderr', text), isTTY: tty, columns: 100 },
      stdinIsTTY: tty,
      ask: async (question, { hidden }) => {
        const answer = answers[this.questions.length];
        this.questions.push(hidden ? `${question}(hidden)` : question);
        if (answer === undefined) throw new Error(`unexpected question: ${question}`);
        return answer;
      },
      readInput: async () => input,
      runServer: async (argv, options) => {
        this.served.push({ argv, ...options });
        return server;
      },
      env: { SPARK_BASE_URL: this.#url, PATH: process.env['PATH'] ?? '', ...env },
      home: this.home,
      user: 'ann@box',
      fetch,
      clock: speed === 1 ? systemClock : fastClock(speed),
      onSignal: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      killAfterMs,
    };
    const code = await run(argv, io);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  #keep(where: 'stdout' | 'stderr', text: string): void {
    this[where] += text;
  }

  send(signal: StopSignal): void {
    for (const listener of this.#listeners) listener(signal);
  }

  /** Nothing listens for signals any more once a command has ended. */
  get listeners(): number {
    return this.#listeners.size;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
