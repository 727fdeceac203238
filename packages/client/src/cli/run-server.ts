import { spawn } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from './io.ts';

/** Not a dependency: where both are installed they find each other, and sparkctl alone stays small. */
const SERVER_PACKAGE = '@spark-control/server';

function serverProgram(): string | null {
  try {
    const entry = fileURLToPath(import.meta.resolve(SERVER_PACKAGE));
    return join(dirname(entry), `main${extname(entry)}`);
  } catch {
    return null;
  }
}

/** Runs the server's program as a child that shares the terminal, so that it can ask, and gets Ctrl-C by itself. */
export const runServer: Io['runServer'] = (argv, { env, isCaptured }) => {
  const program = serverProgram();
  if (program === null) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['inherit', isCaptured ? 'pipe' : 'inherit', 'inherit'],
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }));
  });
};
