import { defineCommand, LOCK_FILE } from '../command.ts';
import { lockLine } from '../describe.ts';
import { parseSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output.ts';
import { readLockId } from '../settings.ts';
import { time } from '../text.ts';

export const LEAST_TTL = 5;
export const MOST_TTL = 86_400;

function neededLockId(values: Readonly<{ 'lock-file'?: string | undefined }>, io: Io, out: Output): string {
  const lockId = readLockId(values, io, (text) => out.warn(text));
  if (lockId === null) throw new UsageError('which lock? Set SPARK_LOCK_ID, or name a file with its id by --lock-file');
  return lockId;
}

export const lockRenew = defineCommand({
  name: 'lock renew',
  summary: 'Make your lock last longer',
  arguments: [],
  options: { ttl: { type: 'string', value: 'DURATION', help: 'from now on; as long as before when not given' }, ...LOCK_FILE },
  details: 'Ends with 9 when the lock has expired or was broken.',
  examples: [['lock renew --ttl 1h', 'the lock whose id SPARK_LOCK_ID holds, one hour from now']],
  async run({ values, io, out, signal, connect }) {
    const ttl = values.ttl === undefined ? null : parseSeconds(values.ttl, '--ttl', LEAST_TTL, MOST_TTL);
    const lockId = neededLockId(values, io, out);
    const renewed = await connect().client.lock.renew(lockId, ttl, { signal });
    out.result(renewed, ({ cluster, holder, expires_at }) => `${cluster}: held by ${holder} until ${time(expires_at)}`);
    return EXIT.ok;
  },
});

export const lockRelease = defineCommand({
  name: 'lock release',
  summary: 'Give your lock back',
  arguments: [],
  options: LOCK_FILE,
  details:
    'Ends with 4 while a swap of this lock still runs, with 9 when it has expired or was broken, with 11 when it was released before.',
  examples: [['lock release', 'the lock whose id SPARK_LOCK_ID holds']],
  async run({ values, io, out, signal, connect }) {
    const lockId = neededLockId(values, io, out);
    await connect().client.lock.release(lockId, { signal });
    out.result({ released: true }, () => 'released');
    return EXIT.ok;
  },
});

export const lockShow = defineCommand({
  name: 'lock show',
  summary: 'Show who holds the lock and who waits',
  arguments: [],
  options: {},
  examples: [['lock show', 'holder, reason, end and queue']],
  async run({ out, signal, connect }) {
    const { client, settings } = connect();
    out.result(await client.lock.show(settings.cluster, { signal }), lockLine);
    return EXIT.ok;
  },
});

export const lockBreak = defineCommand({
  name: 'lock break',
  summary: 'Take the lock from whoever holds it; everybody gets to know',
  arguments: [],
  options: { reason: { type: 'string', value: 'TEXT', help: 'why, 8 to 500 characters; kept in the audit log' } },
  examples: [['lock break --reason "job hangs since noon"', 'end the lock of a job that does not answer']],
  async run({ values, out, signal, connect }) {
    const { reason } = values;
    if (reason === undefined || reason.length < 8 || reason.length > 500)
      throw new UsageError('lock break needs a --reason of 8 to 500 characters');
    const { client, settings } = connect();
    const broken = await client.lock.break(reason, settings.cluster, { signal });
    out.result(broken, ({ cluster, holder, fence }) => `${cluster}: the lock of ${holder} (fence ${fence}) is broken`);
    return EXIT.ok;
  },
});
