import type { ClientClock } from '../clock.ts';
import type { StopSignal } from './failure.ts';

/** Somewhere to write. `columns`: of a terminal. */
export type Sink = Readonly<{ write(text: string): void; isTTY: boolean; columns?: number | undefined }>;

/** All that sparkctl has of the process around it, so that tests can run it within theirs. */
export type Io = Readonly<{
  stdout: Sink;
  stderr: Sink;
  stdinIsTTY: boolean;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** Who calls, as `user@host`. */
  user: string;
  fetch: typeof fetch;
  clock: ClientClock;
  /** Asks whoever sits there, and resolves with the line. `hidden`: what is typed does not show. */
  ask(question: string, options: Readonly<{ hidden: boolean }>, signal: AbortSignal): Promise<string>;
  /** All of standard input, which is no terminal. */
  readInput(): Promise<string>;
  /** Runs the program of the server, when its package is installed here; `null`: it is not. Captured, its standard output comes back. */
  runServer(
    argv: readonly string[],
    options: Readonly<{ env: Readonly<Record<string, string>>; isCaptured: boolean }>,
  ): Promise<Readonly<{ code: number; stdout: string }> | null>;
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Time between SIGTERM and SIGKILL for a command whose lease is lost. */
  killAfterMs: number;
}>;
