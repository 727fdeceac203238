import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { firstLine } from './commands.ts';

type Report = Readonly<{ samples: number; p50Ms: number; p99Ms: number; inArguments: readonly string[]; inEnvironment: readonly string[] }>;

const PROGRAM = fileURLToPath(new URL('./process-sampler.mjs', import.meta.url));
const running = new Set<ChildProcess>();

// A test that fails on the way does not come to end its own.
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** Looks for `word` at every process of the machine, those of all hosts included, until it is told to end. */
export async function sampleProcesses(word: string): Promise<() => Promise<Report>> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: 'pipe' });
  running.add(child);
  child.stdin.write(`${word}\n`);
  await firstLine(child, 'the sampler');
  return async () => {
    const line = firstLine(child, 'the sampler');
    child.stdin.end();
    return JSON.parse(await line) as Report;
  };
}
