import type { WireModel } from '@spark-control/schema';
import { defineCommand, type Options } from '../command.ts';
import { confirm, YES } from '../confirm.ts';
import { ENTRY_OPTIONS, entryOf, envOf, flagsOf, KNOB_OPTIONS } from '../entry-fields.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure, UsageError } from '../failure.ts';
import { table } from '../text.ts';
import { modelLines } from './model.ts';

const changed = ({ key }: WireModel): string => `${key} is changed; it counts from its next load on`;

export const modelAdd = defineCommand({
  name: 'model add',
  summary: 'Add a model to the catalog',
  arguments: [{ name: 'KEY' }],
  options: { ...ENTRY_OPTIONS, ...KNOB_OPTIONS },
  details: 'Give either --repo or --local-path. "model parse" makes an entry of a command line that works elsewhere.',
  examples: [['model add qwen3-8b --repo Qwen/Qwen3-8B --flag max-model-len=32768', 'a model of one host']],
  async run({ args: [key = ''], values, out, signal, connect }) {
    if ((values.repo === undefined) === (values['local-path'] === undefined))
      throw new UsageError('model add needs either --repo or --local-path');
    const made = await connect().client.catalog.create({ key, ...entryOf(values) }, { signal });
    out.result(made, ({ key: shown }) => `${shown} is in the catalog; "sparkctl validate ${shown}" checks whether it would load`);
    return EXIT.ok;
  },
});

const SET = {
  ...ENTRY_OPTIONS,
  ...KNOB_OPTIONS,
  unset: { type: 'string', value: 'FIELD', help: 'field that goes back to what the base file, or the default, says', multiple: true },
} as const satisfies Options;

export const modelSet = defineCommand({
  name: 'model set',
  summary: 'Change fields of a model; what is not named stays',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: SET,
  details: 'A field is named as in models.yaml: --unset flags, --unset image. "model knobs" takes single flags away.',
  examples: [['model set qwen3-8b --name "Qwen 3, small" --unset image', 'a name of ours, the image of the cluster']],
  async run({ args: [key = ''], values, out, signal, connect }) {
    const fields = { ...entryOf(values), ...Object.fromEntries(values.unset.map((field) => [field, null])) };
    if (Object.keys(fields).length === 0) throw new UsageError('model set needs something to change');
    out.result(await connect().client.catalog.change(key, fields, { signal }), changed);
    return EXIT.ok;
  },
});

export const modelKnobs = defineCommand({
  name: 'model knobs',
  summary: 'Show the flags and variables of a model, or change some',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: {
    flag: KNOB_OPTIONS.flag,
    'drop-flag': { type: 'string', value: 'NAME', help: 'flag that is taken away', multiple: true },
    env: KNOB_OPTIONS.env,
    'env-from': KNOB_OPTIONS['env-from'],
    'drop-env': { type: 'string', value: 'NAME', help: 'variable that is taken away', multiple: true },
  },
  details: 'What is not named stays. Refused when the catalog was changed in between.',
  examples: [['model knobs qwen3-8b --flag max-model-len=16384 --drop-flag enforce-eager', 'a shorter context, with CUDA graphs']],
  async run({ args: [key = ''], values, out, signal, connect }) {
    const { client } = connect();
    const { items, revision } = await client.models({ signal });
    const model = items.find((item) => item.key === key) ?? (await client.catalog.get(key, { signal }));
    const own = envOf(values);
    const drops = [...values['drop-flag'], ...values['drop-env']];
    if (values.flag.length + drops.length === 0 && own === null) {
      out.result({ flags: model.flags, env: model.env }, ({ flags, env }) =>
        table([
          ...Object.entries(flags).map(([name, value]) => [name, JSON.stringify(value)]),
          ...Object.entries(env).map(([name, value]) => [name, value]),
        ]),
      );
      return EXIT.ok;
    }
    const flags = { ...model.flags, ...flagsOf(values.flag) };
    const env = { ...model.env, ...own };
    for (const name of values['drop-flag']) drop(flags, name.replace(/^--/, ''), 'flag');
    for (const name of values['drop-env']) drop(env, name, 'variable');
    out.result(await client.catalog.setKnobs(key, { flags, env }, { signal, ifMatch: revision }), changed);
    return EXIT.ok;
  },
});

function drop(from: Record<string, unknown>, name: string, what: string): void {
  if (!Object.hasOwn(from, name)) throw new Failure(EXIT.notFound, 'NOT_SET', `the model has no ${what} ${name}`);
  delete from[name];
}

export const modelRemove = defineCommand({
  name: 'model remove',
  summary: 'Take a model out of the catalog; its weights stay',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: YES,
  examples: [['model remove qwen3-8b', 'the catalog forgets it']],
  async run(call) {
    const { args, out, signal, connect } = call;
    const [key = ''] = args;
    await confirm(call, `take ${key} out of the catalog`);
    await connect().client.catalog.remove(key, { signal });
    out.result({ removed: key }, () => `${key} is out of the catalog`);
    return EXIT.ok;
  },
});

export const modelRevert = defineCommand({
  name: 'model revert',
  summary: 'Take the entry of a model back to what it was',
  arguments: [{ name: 'MODEL', kind: 'model' }, { name: 'REVISION' }],
  options: {},
  examples: [['model revert qwen3-8b 1764', 'as it was after the revision of that number']],
  async run({ args: [key = '', text = ''], out, signal, connect }) {
    if (!/^\d{1,15}$/.test(text)) throw new UsageError(`REVISION is a number of "model history", not "${text}"`);
    out.result(await connect().client.catalog.revert(key, Number(text), { signal }), changed);
    return EXIT.ok;
  },
});

export const modelParse = defineCommand({
  name: 'model parse',
  summary: 'Make a catalog entry of a "docker run" or "vllm serve" line',
  arguments: [],
  options: {
    add: { type: 'string', value: 'KEY', help: 'add it to the catalog under this key' },
  },
  takesCommand: true,
  details: 'The line stands after -- or comes on standard input. Without --add nothing is changed.',
  examples: [
    ['model parse -- vllm serve Qwen/Qwen3-8B --max-model-len 32768', 'what would the entry be?'],
    ['$ sparkctl model parse --add qwen3-8b < start.sh', 'take over a script that works'],
  ],
  async run({ values, command, io, out, signal, connect }) {
    const isPiped = command.length === 0 && !io.stdinIsTTY;
    const line = isPiped ? await io.readInput() : command.map(quoted).join(' ');
    if (line.trim() === '') throw new UsageError('model parse needs the command after --, or on standard input');
    const { client } = connect();
    const parsed = await client.catalog.parseCommand(line, { signal });
    for (const { words, reason } of parsed.dropped) out.note(`left out: ${words} (${reason})`);
    for (const warning of parsed.warnings) out.note(`note: ${warning}`);
    // Whoever names a key need not hear what is wrong with the one that the command suggests.
    const issues = parsed.issues.filter(({ path }) => values.add === undefined || path !== '/key');
    for (const { path, message } of issues) out.warn(`${path}: ${message}`);
    if (values.add === undefined) {
      out.result(parsed, ({ entry }) => JSON.stringify(entry, null, 2));
      return issues.length === 0 ? EXIT.ok : EXIT.usage;
    }
    if (issues.length > 0) throw new Failure(EXIT.usage, 'INVALID_CATALOG', 'the entry is not valid as it is; nothing was added');
    out.result(await client.catalog.create({ ...parsed.entry, key: values.add }, { signal }), modelLines);
    return EXIT.ok;
  },
});

/** A word as a shell would have to be given it: the shell of the caller has taken the quotes away. */
const quoted = (word: string): string => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
