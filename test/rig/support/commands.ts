import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

export type Outcome = Readonly<{ code: number | null; stdout: string; stderr: string }>;
export type RunOptions = Readonly<{ input?: string | Buffer; timeoutMs?: number; env?: Readonly<Record<string, string>> }>;

/** Runs one program to its end. Never rejects for an exit code; `code` is `null` when it was killed, also by the timeout (60 s). */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [file, ...words] = argv;
  if (file === undefined) throw new RangeError('no program named');
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      stdio: 'pipe',
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    // A program that does not read its input closes the pipe early; that is its business.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Like {@link run}, for programs that must succeed. Returns the standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.code !== 0)
    throw new Error(`${argv.join(' ')}: exit code ${outcome.code}: ${outcome.stderr.trim() || outcome.stdout.trim()}`);
  return outcome.stdout;
}

/** Repeats `probe` until it gives something else than `null`, `false` or `undefined`, or throws once `timeoutMs` is over. */
export async function eventually<T>(what: string, probe: () => Promise<T> | T, timeoutMs = 15_000, everyMs = 25): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await pause(everyMs);
  }
}

/** Waits for the first line of a child's output, which says that it is set up. */
export function firstLine(child: ChildProcess, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let errors = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`${what} ended with exit code ${code}: ${errors.trim()}`)));
  });
}
