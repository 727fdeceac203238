import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SparkError } from '@spark-control/core';
import type { RemoteShell, RunOptions, ShellResult } from '../../src/index.ts';
import { afterBegin, wrapScript } from '../../src/script-text.ts';

/**
 * A host in a folder: a home, a system root and programs of its own, on which the real `sh` of this machine runs our scripts, wrapped as for SSH. Its link can
 * be cut: then calls are rejected, and what was begun there goes on.
 */
export class LocalHost implements RemoteShell {
  readonly host = 'spark-1';
  readonly folder = mkdtempSync(join(tmpdir(), 'spark-host-'));
  readonly home = join(this.folder, 'home');
  /** Stands before the paths of the system that are read. */
  readonly root = join(this.folder, 'root');
  readonly bin = join(this.folder, 'bin');
  isCut = false;

  constructor() {
    for (const folder of [this.home, this.root, this.bin]) mkdirSync(folder);
  }

  /** A program for sh; `$SPARK_FOLDER` is {@link folder}. */
  program(name: string, body: string): this {
    const file = join(this.bin, name);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return this;
  }

  /** A file of the system, by its path from the root. */
  file(path: string, content: string): this {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return this;
  }

  /** A file of the folder; empty when it is not there. */
  read(name: string): string {
    try {
      return readFileSync(join(this.folder, name), 'utf8');
    } catch {
      return '';
    }
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  async run(script: string, { signal }: RunOptions): Promise<ShellResult> {
    signal.throwIfAborted();
    if (this.isCut) throw new SparkError('HOST_UNREACHABLE', 'spark-1 does not answer.', { details: { host: this.host } });
    const env = { PATH: `${this.bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: this.home, SPARK_FOLDER: this.folder };
    // A group of its own, as sshd makes one: the script ends it with its input.
    const child = spawn('sh', ['-s'], { env, cwd: this.home, detached: true });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.write(wrapScript(script));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code));
    });
    child.stdin.end();
    return { exitCode, stdout: afterBegin(output.stdout) ?? '', stderr: output.stderr, truncated: false };
  }

  async stream(): Promise<never> {
    throw new Error('unexpected call of stream');
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
