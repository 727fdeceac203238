import type { WireDownload } from '@spark-control/schema';
import { type Call, defineCommand, type Options } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import { gib, table } from '../text.ts';

const WEIGHTS = {
  host: { type: 'string', value: 'HOST', help: 'only this host; every one that the model spans when not given', multiple: true },
  reason: { type: 'string', value: 'TEXT', help: 'why' },
  ...WORK_OPTIONS,
} as const satisfies Options;

const CTRL_C = 'It goes on without you: Ctrl-C ends the showing, and says how to follow and how to cancel it.';

const bodyOf = ({ values, io }: Call<typeof WEIGHTS>, cluster: string | null): WireDownload => ({
  ...(cluster !== null && { cluster }),
  ...(values.host.length > 0 && { hosts: [...values.host] }),
  ...(values.reason !== undefined && { reason: values.reason }),
  requested_by: io.user,
});

export const modelDownload = defineCommand({
  name: 'model download',
  summary: 'Bring the weights of a model to every host that needs them',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: WEIGHTS,
  details: CTRL_C,
  examples: [['model download gpt-oss-120b', 'before the first swap to it']],
  run: (call) =>
    runOperation(call, call.connect(), ({ client, settings }) =>
      client.catalog.download(call.args[0] ?? '', bodyOf(call, settings.cluster), { signal: call.signal }),
    ),
});

export const modelPull = defineCommand({
  name: 'model pull',
  summary: 'Pull the Docker image of a model on every host that needs it',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: WEIGHTS,
  details: CTRL_C,
  examples: [['model pull gpt-oss-120b --host spark2', 'on one host']],
  run: (call) =>
    runOperation(call, call.connect(), ({ client, settings }) =>
      client.catalog.pullImage(call.args[0] ?? '', bodyOf(call, settings.cluster), { signal: call.signal }),
    ),
});

export const modelDeleteWeights = defineCommand({
  name: 'model delete-weights',
  summary: 'Delete the weights of a model from the disks of the hosts',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: {
    host: { type: 'string', value: 'HOST', help: 'only from this host' },
    force: { type: 'boolean', help: 'also when another model of the catalog uses the same repository' },
    'dry-run': { type: 'boolean', help: 'say what would be freed, and delete nothing' },
    ...YES,
  },
  examples: [['model delete-weights qwen3-8b --dry-run', 'how much would that free?']],
  async run(call) {
    const { args, values, out, signal, connect } = call;
    const [key = ''] = args;
    const { client } = connect();
    const filter = { ...(values.host !== undefined && { host: values.host }), ...(values.force && { force: 'true' as const }) };
    if (!values['dry-run'] && !values.yes) {
      const { freed_bytes: bytes } = await client.catalog.deleteDisk(key, { ...filter, dry_run: 'true' }, { signal });
      if (bytes === 0) throw new Failure(EXIT.notFound, 'NOTHING_THERE', `there are no weights of ${key} to delete`);
      await confirm(call, `delete the weights of ${key}${values.host === undefined ? '' : ` on ${values.host}`}, ${gib(bytes)}`);
    }
    const done = await client.catalog.deleteDisk(key, { ...filter, ...(values['dry-run'] && { dry_run: 'true' as const }) }, { signal });
    out.result(done, ({ items, freed_bytes, dry_run }) => {
      const rows = items.map(({ host, freed_bytes: bytes, path }) => [host, gib(bytes), path ?? '-']);
      return [table([['HOST', 'SIZE', 'PATH'], ...rows]), `${gib(freed_bytes)} ${dry_run ? 'would be' : 'are'} freed`].join('\n');
    });
    return EXIT.ok;
  },
});
