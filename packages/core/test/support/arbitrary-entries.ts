import fc from 'fast-check';
import { type FlagType, knownFlags, type RawEntry } from '../../src/index.ts';

const word = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_./:=,@ '"$\\#-]{0,12}$/);
const anyText = fc.oneof(
  word,
  fc.constantFrom('{% for m in "x" %}\n`$(id)`\n{% endfor %}', "it's", '-dash', '$HOME', 'a\\b', '#x', 'ä 日本'),
);
const json = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.oneof(fc.integer(), fc.boolean(), anyText, fc.constant(null)), {
  maxKeys: 3,
});

/** Values that are written in one way only: `'4096'` and 4096 are the same on a command line. */
function valuesOf(type: FlagType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: type.min ?? 0, max: type.max ?? 100_000 });
    case 'number':
      return fc.constantFrom(0.5, 0.85, 1);
    case 'text':
      return anyText;
    case 'choice':
      return fc.constantFrom(...type.values);
    case 'length':
      return fc.constantFrom(4096, -1, '32k', '25.6K', 'auto');
    case 'json':
      return json;
    case 'level_or_json':
      return fc.oneof(fc.integer({ min: 0, max: type.max }), json);
    case 'words':
      return fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
  }
}

const apart = ['max-num-seqs', 'max-num-batched-tokens', 'enable-auto-tool-choice', 'lora-modules'];
const flags = fc
  .subarray(knownFlags().filter(({ name }) => !apart.includes(name)) as ReturnType<typeof knownFlags>[number][], { maxLength: 6 })
  .chain((some) => fc.tuple(...some.map((flag) => valuesOf(flag.type).map((value): [string, unknown] => [flag.name, value]))))
  .map((pairs) => Object.fromEntries(pairs));

const env = fc.dictionary(
  fc.stringMatching(/^[B-Z][A-Z]{2,6}_X$/),
  fc.oneof(
    anyText.filter((text) => !/^\$\w+$/.test(text)),
    fc.constant(''),
    fc.constant({ from_env: 'SOME_NAME' }),
  ),
  { maxKeys: 3 },
);

const source = fc.oneof(
  fc.record({
    repo: fc.stringMatching(/^[A-Za-z0-9]{1,8}\/[A-Za-z0-9_][A-Za-z0-9_.]{0,8}[A-Za-z0-9]$/).filter((repo) => !/\.\.|\.git$/.test(repo)),
  }),
  fc.record({ repo: fc.constant('acme/model'), revision: fc.constantFrom('main', 'v1.2') }),
  fc.record({ local_path: fc.constantFrom('/models/a', "/models/o'brien b") }),
);

const extra = fc.constantFrom([], ['--new-switch'], ['--new-list', 'a b', "it's", '--other=1'], ['--config-format', 'mistral', '-x', '1']);

/** Entries without a fault, in the form that a command leads back to. */
export const anEntry: fc.Arbitrary<RawEntry> = fc
  .tuple(
    source,
    flags,
    env,
    extra,
    fc.constantFrom('plain', 'Mixed/Name'),
    fc.constantFrom(1, 2),
    fc.constantFrom(null, 'vllm-node', 'vllm/vllm-openai:v0.24.0'),
  )
  .map(([from, some, variables, words, served, nodes, image]) => ({
    ...from,
    served_model_name: served,
    ...(nodes > 1 && { nodes }),
    ...(image !== null && { image }),
    ...(Object.keys(some).length > 0 && { flags: some }),
    ...(words.length > 0 && { extra_args: words }),
    ...(Object.keys(variables).length > 0 && { env: variables }),
  }));
