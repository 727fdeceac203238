import { readFileSync } from 'node:fs';
import { eventually } from './commands.ts';

/** State letter of a process: `T` is stopped. The name before it may hold blanks and brackets. */
const stateOf = (pid: number): string => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '?';

/** Stops a process where it is; resolves when none of its threads runs any more, with the time of that. */
export async function freeze(pid: number): Promise<number> {
  process.kill(pid, 'SIGSTOP');
  await eventually(`process ${pid} to be stopped`, () => stateOf(pid) === 'T');
  return Date.now();
}

export function thaw(pid: number): void {
  process.kill(pid, 'SIGCONT');
}
