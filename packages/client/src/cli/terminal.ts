import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Swallows what readline would show of what is typed. */
const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Asks on the terminal: on standard error, since standard output may be taken by a file. With `hidden` nothing that is typed or pasted
 * shows, neither on the screen nor in its scroll-back. The end of the input (Ctrl-D) is an empty answer.
 */
export async function askOnTerminal(question: string, { hidden }: Readonly<{ hidden: boolean }>, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: hidden ? nowhere() : process.stderr, terminal: true, historySize: 0 });
  // Only now that the terminal echoes nothing any more: who sees the question may type at once.
  if (hidden) process.stderr.write(question);
  // The terminal hands Ctrl-C over as a key while a question is open.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  let isAnswered = false;
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answered = lines.question(hidden ? '' : question, { signal }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    return await Promise.race([answered, ended]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    lines.close();
    if (hidden || !isAnswered) process.stderr.write('\n');
  }
}

/** All of standard input. */
export async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
