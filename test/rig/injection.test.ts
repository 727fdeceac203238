import { isSparkError, shellQuote } from '@spark-control/core';
import { expect } from 'chai';
import { Canary, type SeenCall } from './support/canary.ts';
import { must } from './support/commands.ts';
import { type Field, HostileUse } from './support/hostile-fields.ts';
import { HOSTILE_VALUES } from './support/hostile-values.ts';
import { IMAGES } from './support/image.ts';
import { useRig } from './support/suite.ts';

const BENIGN = 'mk-benign';
const SLOW_VALUES = process.env['SPARK_PROVE'] === '1' ? HOSTILE_VALUES : HOSTILE_VALUES.filter((_, index) => index % 4 === 0);
/** Options of docker's that take the word after them, whatever it begins with. */
const TAKES_WORD = /^(?:--name|--format|-f|--label|-e|-v|--entrypoint|--user|--tail)$/;
/** Fields of one, so that each is shown by itself. */
const NAMES = [
  ...['repo', 'revision', 'the token of the hub', 'local_path', 'the image of a model', 'flags, arguments and variables'],
  ...['the container of a cluster', 'the image of a cluster', 'hf_cache', 'launcher_directory', 'model_roots'],
  ...['the container of a service', 'the login user of a service', 'the key of a service', 'the name of a patch', 'the target of a patch'],
  ...['the image of a NIM', 'the container of a NIM', 'the variables of a NIM', 'the cache of a NIM', 'the key of NGC'],
];

describe(`${HOSTILE_VALUES.length} hostile values on real hosts, past the checks at the edge`, function () {
  this.timeout(process.env['SPARK_PROVE'] === '1' ? 3_600_000 : 120_000);
  const rig = useRig();
  let canary: Canary;
  let use: HostileUse;
  before(() => {
    canary = new Canary(rig());
  });
  beforeEach(async () => {
    use = await new HostileUse(rig()).open();
    await rig().hosts[0]!.docker('run', '-d', '--network', 'none', '--name', 'hostile', IMAGES.node, 'sleep', '1000');
    canary.dry(true);
  });
  afterEach(async () => {
    canary.dry(false);
    await use.close();
  });
  after(async () => {
    canary?.remove();
    for (const { directory } of rig().hosts)
      await must([
        'find',
        `${directory}/home/spark`,
        '-mindepth',
        '1',
        '-maxdepth',
        '1',
        '-name',
        '*pwned*',
        '-exec',
        'rm',
        '-rf',
        '{}',
        '+',
      ]);
  });

  /** What was called with a value, with the value itself and what follows from it taken out. */
  async function calls(field: Field, value: string): Promise<Readonly<{ seen: readonly string[]; refused: number; done: number }>> {
    canary.reset();
    let [refused, done] = [0, 0];
    for (const [index, act] of field.use(value).entries()) {
      try {
        await act();
        done += 1;
      } catch (error) {
        // Anything else would be a defect of ours, that some value finds.
        if (!isSparkError(error) && !isTooLate(error))
          throw new Error(`${field.name} = ${JSON.stringify(value)}, step ${index}: ${error}`, { cause: error });
        refused += 1;
      }
    }
    const parts = Object.entries(field.parts?.(value) ?? {});
    return { seen: canary.calls().map((call) => shapeOf(call, value, parts)), refused, done };
  }

  for (const name of NAMES) {
    it(`${name}: no command but the intended one, with exactly its words`, async () => {
      const field = use.fields().find((one) => one.name === name);
      if (field === undefined) throw new Error(`no field ${name}`);
      const benign = new Set((await calls(field, BENIGN)).seen);
      const sum = { refused: 0, done: 0, calls: 0 };
      for (const value of field.isSlow ? SLOW_VALUES : HOSTILE_VALUES) {
        const found = await calls(field, value);
        const odd = found.seen.filter((shape) => !benign.has(shape));
        expect(odd, `${name} = ${JSON.stringify(value)}; benign: ${JSON.stringify([...benign])}`).to.deep.equal([]);
        expect(canary.victims(), `${name} = ${JSON.stringify(value)}`).to.deep.equal([]);
        sum.refused += found.refused;
        sum.done += found.done;
        sum.calls += found.seen.length;
      }
      console.info(`      ${sum.refused} refused, ${sum.done} done, ${sum.calls} calls with exact words`);
      expect(sum.refused + sum.done).to.be.greaterThan(0);
    });
  }
});

/** One call as text in which a value, whole and unchanged, reads VALUE; also in the one form in which a shell may be handed it. */
function shapeOf(call: SeenCall, value: string, parts: readonly (readonly [string, string])[]): string {
  const forms = [value, ...(isPassable(value) ? [shellQuote(value)] : [])]
    .filter((form) => form.length > 1)
    .sort((a, b) => b.length - a.length);
  const words = call.map((word, at) => {
    const isOption = value.startsWith('-') && word === value && !call.slice(0, at).includes('--') && !TAKES_WORD.test(call[at - 1] ?? '');
    if (isOption) return 'VALUE AS AN OPTION';
    const label = /^spark-control\.[a-z]+=/.exec(word)?.[0];
    if (label !== undefined) return label;
    let text = word.replace(/op_hostile_\d+/g, 'JOB');
    for (const [name, part] of parts) text = text.replaceAll(part, name);
    for (const form of forms) text = replaced(text, form);
    return text;
  });
  return JSON.stringify(words);
}

/** A short value is looked for where it stands for itself: its letters are in other words too. */
function replaced(text: string, form: string): string {
  if (form.length > 3) return text.replaceAll(form, 'VALUE');
  return text
    .split(/([/:=])/)
    .map((piece) => (piece === form ? 'VALUE' : piece))
    .join('');
}

/** Our own limit: a login with a name that sshd hangs up on is tried again until then. */
const isTooLate = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const isPassable = (value: string): boolean => !value.includes('\0') && !/\p{Surrogate}/u.test(value);
