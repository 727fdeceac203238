import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type Ending = Readonly<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;

/** The server as a process of its own, from the sources, with nothing of the tester's environment in it. */
export class ServerProcess {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #wake: () => void = () => undefined;
  #hasEnded = false;
  #signalledAt = 0;

  constructor(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', MAIN, ...args], {
      cwd: ROOT,
      env: { PATH, HOME, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#wake();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#hasEnded = true;
        this.#wake();
        resolve({ code, signal, ms: performance.now() - this.#signalledAt });
      });
    });
  }

  /** Where it says that it listens. */
  async url(): Promise<string> {
    for (;;) {
      const url = /^ {2}(http:\S+)$/m.exec(this.stdout)?.[1];
      if (url !== undefined) return url;
      if (this.#hasEnded) throw new Error(`the server ended before it listened:\n${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.#signalledAt === 0) this.#signalledAt = performance.now();
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
