import type { Clock } from '@spark-control/core';

/** Which of vLLM's processes speaks: the API server, the engine, or a worker rank without a server. */
export type LogSource = 'api' | 'engine';
export type LogLevel = 'INFO' | 'WARNING' | 'ERROR';

const two = (value: number): string => String(value).padStart(2, '0');

/** `MM-DD HH:MM:SS` in UTC, as vLLM's log format has it in a container. */
export function logStamp(now: number): string {
  const date = new Date(now);
  const day = `${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

export type LogWriterOptions = Readonly<{
  write: (chunk: string) => void;
  clock: Clock;
  pid: number;
  enginePid: number;
  /** `Worker_TP1` for a rank without a server; `null` on the head. */
  workerName: string | null;
}>;

/** Writes what vLLM's processes write, with their prefixes. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #prefixes: Readonly<Record<LogSource, string>>;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    const { pid, enginePid, workerName } = options;
    this.#prefixes =
      workerName === null
        ? { api: `(APIServer pid=${pid}) `, engine: `(EngineCore pid=${enginePid}) ` }
        : { api: `(${workerName} pid=${pid}) `, engine: `(${workerName} pid=${enginePid}) ` };
  }

  /** A line of vLLM's own logger. Every line of a message of several gets the whole head, as vLLM does it. */
  line(source: LogSource, file: string, message: string, level: LogLevel = 'INFO'): void {
    const head = `${this.#prefixes[source]}${level} ${logStamp(this.#options.clock.now())} [${file}] `;
    const lines = message.split('\n').map((text) => `${head}${text}\n`);
    this.#options.write(lines.join(''));
  }

  /** A line that did not go through the logger: uvicorn, a traceback. */
  plain(source: LogSource, message: string): void {
    const lines = message.split('\n').map((text) => `${this.#prefixes[source]}${text}\n`);
    this.#options.write(lines.join(''));
  }

  /** The beginning of a progress bar: it starts with a carriage return after the prefix. */
  bar(source: LogSource, text: string): void {
    this.#options.write(`${this.#prefixes[source]}\r${text}`);
  }

  /** Text as it is, for example the next state of a bar that is being drawn. */
  raw(text: string): void {
    this.#options.write(text);
  }
}
