import type { Call, Options } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, UsageError } from './failure.ts';
import { plain } from './text.ts';

/** Of commands that destroy or interrupt something. */
export const YES = { yes: { type: 'boolean', short: 'y', help: 'do it without asking; needed in scripts' } } as const satisfies Options;

/** Asks for a yes. @throws {Failure} when the answer is another one, or when nobody is there to answer. */
export async function confirm(
  { values, io, signal }: Pick<Call, 'io' | 'signal'> & Readonly<{ values: Readonly<{ yes: boolean }> }>,
  what: string,
): Promise<void> {
  if (values.yes) return;
  if (!io.stdinIsTTY) throw new UsageError(`${what} needs --yes where nobody can be asked`);
  const answer = await io.ask(`${plain(what)}? [y/N] `, { hidden: false }, signal);
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new Failure(EXIT.cancelled, 'DECLINED', 'nothing was done');
}
