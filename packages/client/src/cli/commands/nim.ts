import type { WireNimInstall } from '@spark-control/schema';
import { type Call, defineCommand, LOCK_FILE, type Options } from '../command.ts';
import { envOf, KNOB_OPTIONS } from '../entry-fields.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { runOperation, WORK_OPTIONS } from '../follow-operation.ts';
import { readLockId } from '../settings.ts';
import { table } from '../text.ts';

const KINDS = ['openai', 'embeddings', 'asr', 'tts', 'http'] as const;

const OPTIONS = {
  host: { type: 'string', value: 'HOST', help: 'where to; the head of the first cluster when not given' },
  container: { type: 'string', value: 'NAME', help: 'name of the container; made of the image when not given' },
  port: { type: 'string', value: 'PORT', help: 'port on the host; 8001 when not given' },
  cache: { type: 'string', value: 'FOLDER', help: 'folder on the host for what it downloads; ~/.cache/nim when not given' },
  env: KNOB_OPTIONS.env,
  replace: { type: 'boolean', help: 'update: a container of that name makes way, and comes back when the new one fails' },
  register: { type: 'string', value: 'KEY', help: 'list it among the services under this key' },
  kind: { type: 'string', value: 'KIND', help: `with --register: ${KINDS.join(', ')}`, choices: KINDS },
  'server-key': { type: 'boolean', help: 'use the key that the server itself has in NGC_API_KEY' },
  reason: { type: 'string', value: 'TEXT', help: 'why' },
  ...LOCK_FILE,
  ...WORK_OPTIONS,
} as const satisfies Options;

export const nimInstall = defineCommand({
  name: 'nim install',
  summary: 'Install or update a NIM container on a host',
  arguments: [{ name: 'IMAGE' }],
  options: OPTIONS,
  details:
    'The NGC key comes from NGC_API_KEY, from standard input, or is asked for without showing it; never from the command line. It is\n' +
    'used once. Whoever may run "docker inspect" on that host can read it there, since the container needs it.',
  examples: [['nim install $REGISTRY/nim/qwen/qwen3-32b-dgx-spark:latest --register qwen-nim', 'pull, start, wait until it is ready']],
  async run(call) {
    const { args, signal, connect } = call;
    const body = { image: args[0] ?? '', ...bodyOf(call) };
    const connection = connect();
    const key = await keyOf(call);
    return runOperation(call, connection, ({ client }) =>
      client.services.installNim({ ...body, ...(key !== null && { ngc_api_key: key }) }, { signal }),
    );
  },
});

export const nimImages = defineCommand({
  name: 'nim images',
  summary: 'List NIM images that are known to be made for a DGX Spark',
  arguments: [],
  options: {},
  examples: [['nim images', 'what there is, and how much room it takes']],
  async run({ out, signal, connect }) {
    out.result(await connect().client.services.nimImages({ signal }), ({ items }) =>
      table([
        ['IMAGE', 'KIND', 'GIB', 'TITLE', 'NOTE'],
        ...items.map(({ repository, kind, disk_gib_min, disk_gib_max, title, note }) => [
          repository,
          kind,
          `${disk_gib_min} to ${disk_gib_max}`,
          title,
          note,
        ]),
      ]),
    );
    return EXIT.ok;
  },
});

function bodyOf({ values, io, out }: Call<typeof OPTIONS>): Omit<WireNimInstall, 'image' | 'ngc_api_key'> {
  const { host, container, cache, register, reason } = values;
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new UsageError('--port is a number from 1 to 65535');
  if (values.kind !== undefined && register === undefined) throw new UsageError('--kind goes with --register');
  const kind = KINDS.find((known) => known === values.kind);
  const env = envOf({ env: values.env, 'env-from': [] });
  const lockId = readLockId(values, io, (text) => out.warn(text));
  return {
    ...(host !== undefined && { host }),
    ...(container !== undefined && { container }),
    ...(port !== undefined && { port }),
    ...(cache !== undefined && { cache }),
    ...(env !== null && { env: env as Record<string, string> }),
    ...(values.replace && { replace: true }),
    ...(register !== undefined && { register_service: { key: register, ...(kind !== undefined && { kind }) } }),
    ...(reason !== undefined && { reason }),
    ...(lockId !== null && { lock_id: lockId }),
    requested_by: io.user,
  };
}

/** `null`: the server's own. @throws {UsageError} */
async function keyOf({ values, io, signal }: Call<typeof OPTIONS>): Promise<string | null> {
  if (values['server-key']) return null;
  const ofEnv = io.env['NGC_API_KEY']?.trim() ?? '';
  if (ofEnv !== '') return ofEnv;
  const text = io.stdinIsTTY ? await io.ask('NGC API key: ', { hidden: true }, signal) : await io.readInput();
  const key = text.split(/\r?\n/, 1)[0]?.trim() ?? '';
  if (key === '') throw new UsageError('no NGC key was given: set NGC_API_KEY, or use --server-key');
  return key;
}
