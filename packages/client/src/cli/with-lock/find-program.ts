import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What shells answer when a program is there but cannot be run, and when it is not there. */
export const CANNOT_RUN = 126;
export const NOT_FOUND = 127;

/** Looks for a program as a shell would, so that a typing mistake is noticed before a lock is taken and a model swapped; `null` when it can be run. */
export function checkProgram(name: string, path: string): Readonly<{ exitCode: number; problem: string }> | null {
  const places = name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
  const found = places.map(stateOf);
  if (found.includes('runs')) return null;
  if (found.includes('does not run')) return { exitCode: CANNOT_RUN, problem: `${name} cannot be run: it is a folder or not executable` };
  return { exitCode: NOT_FOUND, problem: `${name}: command not found` };
}

function stateOf(file: string): 'runs' | 'does not run' | 'is not there' {
  try {
    if (statSync(file).isDirectory()) return 'does not run';
    accessSync(file, constants.X_OK);
    return 'runs';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'does not run' : 'is not there';
  }
}
