import type { WireVectorSnapshot } from '@spark-control/schema';
import { defineCommand, type Options } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import { gib, table, time } from '../text.ts';

const SERVICE = {
  service: { type: 'string', value: 'SERVICE', help: 'which Qdrant, when there are several' },
} as const satisfies Options;
const COLLECTION = { collection: { type: 'string', value: 'NAME', help: 'only this collection' } } as const satisfies Options;

const of = (service: string | undefined): Readonly<{ service?: string }> => (service === undefined ? {} : { service });

export const qdrantCollections = defineCommand({
  name: 'qdrant collections',
  summary: 'List the collections of Qdrant',
  arguments: [],
  options: SERVICE,
  examples: [['qdrant collections', 'how many points each has']],
  async run({ values, out, signal, connect }) {
    out.result(await connect().client.qdrant.collections(values.service, { signal }), ({ items }) =>
      table([
        ['COLLECTION', 'POINTS', 'SIZE OF A VECTOR', 'STATUS'],
        ...items.map(({ name, points, vector_size, status }) => [name, String(points ?? '-'), String(vector_size ?? '-'), status ?? '-']),
      ]),
    );
    return EXIT.ok;
  },
});

export const qdrantSnapshots = defineCommand({
  name: 'qdrant snapshots',
  summary: 'List the snapshots of Qdrant',
  arguments: [],
  options: { ...SERVICE, ...COLLECTION },
  examples: [['qdrant snapshots --collection docs', 'those that "qdrant restore" can take']],
  async run({ values, out, signal, connect }) {
    const filter = { ...of(values.service), ...(values.collection !== undefined && { collection: values.collection }) };
    out.result(await connect().client.qdrant.snapshots(filter, { signal }), ({ items }) =>
      table([['MADE', 'COLLECTION', 'SIZE', 'NAME'], ...items.map(snapshotRow)]),
    );
    return EXIT.ok;
  },
});

const snapshotRow = ({ created_at, collection, bytes, name }: WireVectorSnapshot): readonly string[] => [
  time(created_at),
  collection ?? '(storage)',
  gib(bytes),
  name,
];

export const qdrantSnapshot = defineCommand({
  name: 'qdrant snapshot',
  summary: 'Make snapshots, and drop old ones once the new ones are verified',
  arguments: [],
  options: {
    ...SERVICE,
    ...COLLECTION,
    storage: { type: 'boolean', help: 'the whole storage in one file' },
    'keep-count': { type: 'string', value: 'N', help: 'keep the newest so many of each collection' },
    'keep-days': { type: 'string', value: 'N', help: 'keep those that are not older' },
    reason: { type: 'string', value: 'TEXT', help: 'why' },
    ...WORK_OPTIONS,
  },
  examples: [['qdrant snapshot --keep-count 7', 'all collections, from cron']],
  run: (call) => {
    const { values, io, signal } = call;
    if (values.storage && values.collection !== undefined) throw new UsageError('--storage does not go with --collection');
    const keepCount = countOf(values['keep-count'], '--keep-count', 1_000);
    const keepDays = countOf(values['keep-days'], '--keep-days', 3_650);
    const body = {
      ...of(values.service),
      ...(values.collection !== undefined && { collection: values.collection }),
      ...(values.storage && { storage: true }),
      ...(keepCount !== null && { keep_count: keepCount }),
      ...(keepDays !== null && { keep_days: keepDays }),
      ...(values.reason !== undefined && { reason: values.reason }),
      requested_by: io.user,
    };
    return runOperation(call, call.connect(), ({ client }) => client.qdrant.snapshot(body, { signal }));
  },
});

function countOf(text: string | undefined, option: string, most: number): number | null {
  if (text === undefined) return null;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most) throw new UsageError(`${option} is a number from 1 to ${most}`);
  return count;
}

export const qdrantRemove = defineCommand({
  name: 'qdrant remove',
  summary: 'Delete a snapshot',
  arguments: [{ name: 'SNAPSHOT' }],
  options: { ...SERVICE, ...COLLECTION, ...YES },
  examples: [['qdrant remove docs-2026-11-21.snapshot --collection docs', 'one that is not needed any more']],
  async run(call) {
    const { args, values, out, signal, connect } = call;
    const [name = ''] = args;
    await confirm(call, `delete the snapshot ${name}`);
    const filter = { ...of(values.service), ...(values.collection !== undefined && { collection: values.collection }) };
    await connect().client.qdrant.removeSnapshot(name, filter, { signal });
    out.result({ removed: name }, () => `${name} is deleted`);
    return EXIT.ok;
  },
});

export const qdrantRestore = defineCommand({
  name: 'qdrant restore',
  summary: 'Put a collection back as a snapshot has it; what is in it now is lost',
  arguments: [{ name: 'COLLECTION' }, { name: 'SNAPSHOT' }],
  options: { ...SERVICE, reason: { type: 'string', value: 'TEXT', help: 'why' }, ...WORK_OPTIONS, ...YES },
  examples: [['qdrant restore docs docs-2026-11-21.snapshot', 'after a bad import']],
  async run(call) {
    const { args, values, io, signal, connect } = call;
    const [collection = '', snapshot = ''] = args;
    await confirm(call, `put ${collection} back; what is in it now is lost`);
    const reason = values.reason === undefined ? {} : { reason: values.reason };
    const body = { ...of(values.service), collection, snapshot, confirm: collection, ...reason, requested_by: io.user };
    return runOperation(call, connect(), ({ client }) => client.qdrant.restore(body, { signal }));
  },
});

export const qdrantStorage = defineCommand({
  name: 'qdrant storage-restore',
  summary: 'Say what to do by hand to put the whole storage back',
  arguments: [],
  options: SERVICE,
  examples: [['qdrant storage-restore', 'Qdrant cannot do that while it runs']],
  async run({ values, out, signal, connect }) {
    out.result(await connect().client.qdrant.storageRestore(values.service, { signal }), ({ steps }) =>
      steps.map(({ text, command }, index) => `${index + 1}. ${text}${command === null ? '' : `\n   $ ${command}`}`).join('\n'),
    );
    return EXIT.ok;
  },
});
