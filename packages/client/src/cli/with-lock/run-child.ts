import type { LeaseKeeper } from '../../lease/lease-keeper.ts';
import type { StopSignal } from '../failure.ts';
import type { Interrupts } from '../interrupts.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output.ts';
import { Child } from './child.ts';

/** Two presses of Ctrl-C this close mean that the command does not listen. */
const TWICE_MS = 2_000;

export type ChildRun = Readonly<{ exitCode: number; isStopped: boolean }>;

type Surroundings = Readonly<{ io: Io; out: Output; interrupts: Interrupts }>;

/**
 * Runs the command under the lease. Signals are handed on, the second one kills. `isStopped`: it was stopped because the lease
 * was lost.
 */
export async function runChild(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  keeper: LeaseKeeper,
  keepOnLost: boolean,
  { io, out, interrupts }: Surroundings,
): Promise<ChildRun> {
  const hasTerminal = io.stdinIsTTY || io.stdout.isTTY || io.stderr.isTTY;
  const child = new Child(command, env, hasTerminal);
  const endDiversion = interrupts.divert(handOn(child, hasTerminal, io));
  let stopping: Promise<void> | null = null;
  let isOver = false;
  const onLost = (): void => {
    if (isOver) return;
    const why = (keeper.lost.reason as Error).message;
    out.warn(keepOnLost ? `${why}; the command goes on, as --keep-on-lost says` : `${why}; stopping the command`);
    if (!keepOnLost) stopping = child.stop(io.killAfterMs);
  };
  if (keeper.lost.aborted) onLost();
  else keeper.lost.addEventListener('abort', onLost, { once: true });
  try {
    const { exitCode, problem } = await child.ended;
    if (problem !== null) out.warn(problem);
    // What it started may outlive it; the lease protects from that too.
    await stopping;
    return { exitCode, isStopped: stopping !== null };
  } finally {
    isOver = true;
    keeper.lost.removeEventListener('abort', onLost);
    endDiversion();
  }
}

function handOn(child: Child, hasTerminal: boolean, { clock }: Io): (signal: StopSignal) => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  return (signal) => {
    const now = clock.monotonic();
    // The terminal itself has sent its SIGINT to the command too, which may well want several, hours apart.
    const fromTerminal = signal === 'SIGINT' && hasTerminal;
    const isSecond = fromTerminal ? now - lastAt < TWICE_MS : lastAt !== Number.NEGATIVE_INFINITY;
    lastAt = now;
    if (isSecond) child.send('SIGKILL');
    else if (!fromTerminal) child.send(signal);
  };
}
