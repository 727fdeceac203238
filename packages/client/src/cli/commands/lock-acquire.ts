import { chmodSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { acquireLease } from '../../lease/acquire-lease.ts';
import { defineCommand } from '../command.ts';
import { isHeld, lockedLine } from '../describe.ts';
import { parseSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure, UsageError } from '../failure.ts';
import { time } from '../text.ts';
import { LEAST_TTL, MOST_TTL } from './lock.ts';

export const LONGEST_WAIT_SECONDS = 7 * 86_400;

export const lockAcquire = defineCommand({
  name: 'lock acquire',
  summary: 'Take the lock; prints its id, which is the key to it',
  arguments: [],
  options: {
    holder: { type: 'string', value: 'NAME', help: 'who takes it, USER@HOST when not given' },
    ttl: { type: 'string', value: 'DURATION', help: 'how long it lasts without being renewed, 5s to 1d; 15m when not given' },
    reason: { type: 'string', value: 'TEXT', help: 'what for; shown to everybody' },
    wait: { type: 'string', value: 'DURATION', help: 'wait in line for this long' },
    'lock-file': { type: 'string', value: 'FILE', help: 'put the id into this file, readable by you only, and do not print it' },
  },
  details:
    'The id alone goes to standard output, so that SPARK_LOCK_ID=$(sparkctl lock acquire ...) works; export it, and swap, unload, lock renew\n' +
    'and lock release use it. Ends with 3 when somebody else holds the lock, with 5 when the wait was too short. For jobs, with-lock is better:\n' +
    'it renews and releases by itself.',
  examples: [
    ['$ export SPARK_LOCK_ID=$(sparkctl lock acquire --ttl 2h --reason "evaluation")', 'take it for two hours'],
    ['lock acquire --wait 30m --lock-file ~/.spark-lock', 'wait for it, and keep its id in a file'],
  ],
  async run({ values, io, out, signal, connect }) {
    const ttlSeconds = parseSeconds(values.ttl ?? '15m', '--ttl', LEAST_TTL, MOST_TTL);
    const waitMs = values.wait === undefined ? 0 : parseSeconds(values.wait, '--wait', 0, LONGEST_WAIT_SECONDS) * 1_000;
    const file = values['lock-file'];
    if (file !== undefined) writable(file, () => closeSync(openSync(file, 'a', 0o600)));
    const { client, settings } = connect();
    const asked = { holder: values.holder ?? io.user, ttlSeconds, reason: values.reason, cluster: settings.cluster, waitMs, signal };
    const { grant } = await acquireLease(client, {
      ...asked,
      onHeld: (problem) => problem !== null && out.note(`waiting: ${lockedLine(problem)}`),
      onTrouble: (error) => out.note(`${error.message}; trying again`),
    }).catch((error: unknown) => {
      throw waitMs > 0 && isHeld(error) && error.problem !== null ? waitIsOver(lockedLine(error.problem)) : error;
    });
    const { lock_id, ...facts } = grant;
    if (file !== undefined) writable(file, () => writeSecret(file, `${lock_id}\n`));
    out.note(`${grant.cluster}: held by ${grant.holder} until ${time(grant.expires_at)}, fence ${grant.fence}`);
    if (file === undefined) out.result(grant, () => lock_id);
    else out.result(facts, () => '');
    return EXIT.ok;
  },
});

export const waitIsOver = (locked: string): Failure => new Failure(EXIT.timedOut, 'TIMED_OUT', `the wait is over: ${locked}`);

/** Tried before the lock is taken too: one whose id cannot be kept would be held for nothing. @throws {UsageError} */
function writable(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new UsageError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The mode counts for a new file only; one that is there may be open to others. */
function writeSecret(path: string, text: string): void {
  chmodSync(path, 0o600);
  writeFileSync(path, text, { mode: 0o600 });
}
