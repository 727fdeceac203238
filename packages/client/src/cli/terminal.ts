import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/**
 * Asks on the terminal: on standard error, since standard output may be taken by a file. With `hidden` the echo is swallowed, so
 * that a key that is typed or pasted shows neither on the screen nor in its scroll-back.
 */
export async function askOnTerminal(question: string, { hidden }: Readonly<{ hidden: boolean }>, signal: AbortSignal): Promise<string> {
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isAsked || !hidden) process.stderr.write(chunk);
      isAsked = true;
      done();
    },
  });
  let isAsked = false;
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  // The terminal hands Ctrl-C over as a key while a question is open.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    // The end of the input (Ctrl-D) is an answer too: none.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(question, { signal }), ended]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    lines.close();
    if (hidden) process.stderr.write('\n');
  }
}

/** All of standard input. */
export async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
