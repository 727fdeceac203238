import { createInterface } from 'node:readline/promises';

/** Who sits in front of a program. `isInteractive: false`: nobody who could answer. */
export type Terminal = Readonly<{
  isInteractive: boolean;
  /** A line of the program's own words. */
  say(line: string): void;
  /** Asks; an empty answer is `fallback`. */
  ask(question: string, fallback: string): Promise<string>;
}>;

/** Asks and speaks on standard error: standard output is for results. */
export function systemTerminal(signal: AbortSignal): Terminal {
  return {
    isInteractive: process.stdin.isTTY === true,
    say: (line) => void process.stderr.write(`${line}\n`),
    async ask(question, fallback) {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        const answer = await lines.question(fallback === '' ? `${question}: ` : `${question} [${fallback}]: `, { signal });
        return answer.trim() === '' ? fallback : answer.trim();
      } finally {
        lines.close();
      }
    },
  };
}

/** A question that is answered by yes or no. */
export async function confirmed(terminal: Terminal, question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await terminal.ask(`${question} (yes/no)`, 'no'));
}
