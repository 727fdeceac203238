import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { exitCodeOfSignal } from '../failure.ts';
import { CANNOT_RUN, NOT_FOUND } from './find-program.ts';

export type ChildEnd = Readonly<{ exitCode: number; problem: string | null }>;

const LOOK_MS = 50;

/**
 * The command of `with-lock`. Without a terminal it gets a process group of its own, so that what it has started ends with
 * it: a shell script that is ended by a signal would leave its program behind, at work on GPUs that are somebody else's. On a
 * terminal it has to stay in the foreground group, or it could not read from there.
 */
export class Child {
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #hasGroup: boolean;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, hasTerminal: boolean) {
    const [program = '', ...args] = command;
    this.#hasGroup = !hasTerminal;
    this.#process = spawn(program, args, { stdio: 'inherit', env, detached: this.#hasGroup });
    this.ended = endOf(this.#process, program);
  }

  /** To the command, and without a terminal to all that it has started. Harmless when they have ended. */
  send(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(this.#hasGroup ? -pid : pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Whether anything of it is left that a signal would reach. */
  get isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined) return false;
    if (!this.#hasGroup) return exitCode === null && signalCode === null;
    try {
      process.kill(-pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  /** SIGTERM, and SIGKILL for what is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.send('SIGTERM');
    const killAt = performance.now() + graceMs;
    while (this.isAlive && performance.now() < killAt) await pause(Math.min(LOOK_MS, killAt - performance.now()));
    if (this.isAlive) this.send('SIGKILL');
    await this.ended;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

async function endOf(child: ChildProcess, program: string): Promise<ChildEnd> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { exitCode: signal === null ? (code ?? 1) : exitCodeOfSignal(signal), problem: null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { exitCode: code === 'ENOENT' ? NOT_FOUND : CANNOT_RUN, problem: `${program} cannot be run (${code ?? 'unknown'})` };
  }
}
