import type { WireSwap, WireSwapRequest } from '@spark-control/schema';
import { type Call, defineCommand, LOCK_FILE, type Options } from '../command.ts';
import { parseSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { reportOutcome, reportSwap, timeoutOf } from '../follow-swap.ts';
import { readLockId } from '../settings.ts';

const COMMON = {
  wait: { type: 'boolean', help: 'stay until it has settled; the exit code says how' },
  timeout: { type: 'string', value: 'DURATION', help: 'with --wait: stay for this long; the swap itself goes on' },
  queue: { type: 'string', value: 'DURATION', help: 'wait in line for this long, behind swaps and locks of others, instead of giving up' },
  drain: { type: 'string', value: 'DURATION', help: 'time for running requests to finish, 30s when not given' },
  reason: { type: 'string', value: 'TEXT', help: 'why; shown to whoever is in the way of it' },
  'requested-by': { type: 'string', value: 'NAME', help: 'who asks, USER@HOST when not given' },
  ...LOCK_FILE,
} as const satisfies Options;

const LOADING = {
  'force-restart': { type: 'boolean', help: 'load it again although it serves already' },
  'replace-unmanaged': { type: 'boolean', help: 'set aside what runs there and was not started by Spark Control' },
  'no-rollback': { type: 'boolean', help: 'do not bring the previous model back when this one does not load' },
} as const satisfies Options;

const CTRL_C = 'Ctrl-C while waiting ends the waiting and not the swap; it says how to cancel that.';

export const swap = defineCommand({
  name: 'swap',
  summary: 'Load a model in place of the one that serves',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: { ...COMMON, ...LOADING },
  details: CTRL_C,
  examples: [
    ['swap gpt-oss-120b --wait', 'load it and stay until it serves'],
    ['swap gpt-oss-20b --queue 30m --wait --timeout 1h', 'wait for a turn up to half an hour'],
  ],
  run: ({ args, ...call }) => {
    const { values } = call;
    return start(
      { ...call, args },
      {
        model: args[0] ?? null,
        ...(values['force-restart'] && { force_restart: true }),
        ...(values['replace-unmanaged'] && { replace_unmanaged: true }),
        ...(values['no-rollback'] && { rollback: false }),
      },
    );
  },
});

export const unload = defineCommand({
  name: 'unload',
  summary: 'Stop the model that serves and load none',
  arguments: [],
  options: { ...COMMON, 'replace-unmanaged': LOADING['replace-unmanaged'] },
  details: CTRL_C,
  examples: [['unload --wait', 'free the GPUs and stay until they are']],
  run: (call) => start(call, { model: null, ...(call.values['replace-unmanaged'] && { replace_unmanaged: true }) }),
});

async function start(call: Call<typeof COMMON>, wanted: WireSwapRequest): Promise<number> {
  const { values, io, out, signal } = call;
  if (values.timeout !== undefined && !values.wait) throw new UsageError('--timeout goes with --wait');
  const timeoutMs = timeoutOf(values.timeout);
  const connection = call.connect();
  const { client, settings } = connection;
  const lockId = readLockId(values, io, (text) => out.warn(text));
  const body: WireSwapRequest = {
    ...wanted,
    ...(settings.cluster !== null && { cluster: settings.cluster }),
    ...(values.queue !== undefined && { on_busy: 'queue' as const, queue_seconds: parseSeconds(values.queue, '--queue', 0, 86_400) }),
    ...(values.drain !== undefined && { drain_seconds: parseSeconds(values.drain, '--drain', 0, 3_600) }),
    ...(values.reason !== undefined && { reason: values.reason }),
    requested_by: values['requested-by'] ?? io.user,
  };
  const startedAt = io.clock.monotonic();
  const begun = await client.swaps.request(body, { signal, lockId });
  if (begun.settled) return reportOutcome(call, begun);
  if (!values.wait) {
    out.result(begun, startedLine);
    return EXIT.ok;
  }
  out.note(`swap ${begun.id} to ${begun.model ?? 'nothing'} on ${begun.cluster} ${begun.phase === 'queued' ? 'is queued' : 'has begun'}`);
  // What asking took counts too.
  const left = timeoutMs === null ? null : Math.max(1, timeoutMs - (io.clock.monotonic() - startedAt));
  return reportSwap(call, connection, begun.id, left);
}

function startedLine({ id, model, cluster, phase }: WireSwap): string {
  return `swap ${id} to ${model ?? 'nothing'} on ${cluster} ${phase === 'queued' ? 'is queued' : 'has begun'}; "sparkctl wait ${id}" follows it`;
}
