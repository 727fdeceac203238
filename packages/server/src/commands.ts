import { homedir } from 'node:os';
import { env, stdout } from 'node:process';
import { ShellPool } from '@spark-control/ssh-adapter';
import { runDoctor } from './doctor/run-doctor.ts';
import { runInit } from './init/run-init.ts';
import { systemTerminal } from './init/terminal.ts';
import { SystemClock } from './system-clock.ts';

export type CommandName = 'init' | 'doctor';

/** A command of the program other than to serve, from its words to its exit code. */
export async function runCommand(name: CommandName, argv: readonly string[]): Promise<number> {
  const stopped = new AbortController();
  const onSignal = (): void => stopped.abort(new Error('stopped'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const { signal } = stopped;
  const clock = new SystemClock();
  const pool = new ShellPool({ clock, agentSocket: env['SSH_AUTH_SOCK'] ?? null });
  const print = (text: string): void => void stdout.write(text);
  try {
    if (name === 'doctor') return await runDoctor(argv, { env, clock, signal, print });
    const terminal = systemTerminal(signal);
    return await runInit(argv, { terminal, env, home: homedir(), clock, signal, print, openShell: (host) => pool.ownShell(host) });
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    await pool.close();
  }
}
