import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Shell = 'bash' | 'sh';

const options = (env: Readonly<Record<string, string>>) => ({
  env: { PATH: process.env['PATH'] ?? '', ...env },
  maxBuffer: 64 * 2 ** 20,
  timeout: 30_000,
});

export const split = (output: string): readonly string[] => (output === '' ? [] : output.slice(0, -1).split('\0'));

/** Runs `script` as `shell -c` and splits what it printed at NUL characters. */
export function wordsFrom(shell: Shell, script: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  return split(execFileSync(shell, ['-c', script], { ...options(env), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** A folder with fake programs that write down their argv and environment as the kernel gave them. */
export class FakePrograms {
  readonly folder: string;

  constructor(...names: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), 'spark-fake-'));
    for (const name of names) {
      const file = join(this.folder, name);
      writeFileSync(file, `#!/bin/bash\nprintf '%s\\0' "$@" > '${this.folder}/argv'\nenv -0 > '${this.folder}/env'\n`);
      chmodSync(file, 0o755);
    }
  }

  /** Runs a script file; what it printed to its own output is of no interest. */
  run(shell: Shell, script: string, env: Readonly<Record<string, string>> = {}): void {
    const file = this.path('script');
    writeFileSync(file, script);
    const path = `${this.folder}:${process.env['PATH'] ?? ''}`;
    execFileSync(shell, [file], { ...options({ ...env, PATH: path }), cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Edits the script file with sed as the launcher does, and returns the result. */
  sed(script: string, ...expressions: readonly string[]): string {
    const file = this.path('edited');
    writeFileSync(file, script);
    for (const expression of expressions) execFileSync('sed', ['-i', '-E', expression, file]);
    return readFileSync(file, 'utf8');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  argv(): readonly string[] {
    return split(readFileSync(this.path('argv'), 'utf8'));
  }

  env(): ReadonlyMap<string, string> {
    const entries = split(readFileSync(this.path('env'), 'utf8'));
    return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
