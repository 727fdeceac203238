import type { RemoteShell, RunOptions, ShellResult } from '../../src/index.ts';

/** A shell that answers with what a test says, and remembers the scripts. */
export class ScriptedShell implements RemoteShell {
  readonly host: string;
  readonly scripts: string[] = [];
  #answer: (script: string) => ShellResult | Error;

  constructor(host: string, answer: (script: string) => ShellResult | Error) {
    this.host = host;
    this.#answer = answer;
  }

  async run(script: string, options: RunOptions): Promise<ShellResult> {
    options.signal.throwIfAborted();
    this.scripts.push(script);
    const answer = this.#answer(script);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async stream(): Promise<never> {
    throw new Error('unexpected call of stream');
  }

  async close(): Promise<void> {}
}

export const printed = (stdout: string): ShellResult => ({ exitCode: 0, stdout, stderr: '', truncated: false });
