import type { WireChangeModel, WireKnobs } from '@spark-control/schema';
import type { Options, Values } from './command.ts';
import { UsageError } from './failure.ts';

/** Options that stand for the fields of a catalog entry. */
export const ENTRY_OPTIONS = {
  repo: { type: 'string', value: 'ORG/NAME', help: 'Hugging Face repository' },
  revision: { type: 'string', value: 'REVISION', help: 'branch, tag or commit of the repository' },
  'local-path': { type: 'string', value: 'FOLDER', help: 'folder with the weights, the same on every host' },
  name: { type: 'string', value: 'TEXT', help: 'name that people read' },
  description: { type: 'string', value: 'TEXT', help: 'what it is good at' },
  'served-name': { type: 'string', value: 'NAME', help: 'name that clients send as "model"' },
  image: { type: 'string', value: 'IMAGE', help: 'Docker image' },
  nodes: { type: 'string', value: 'N', help: 'how many hosts it spans' },
  'weights-gib': { type: 'string', value: 'GIB', help: 'size of the weights' },
  'on-cluster': { type: 'string', value: 'CLUSTER', help: 'a cluster that it may run on', multiple: true },
} as const satisfies Options;

export const KNOB_OPTIONS = {
  flag: { type: 'string', value: 'NAME=VALUE', help: 'flag of vllm serve, without dashes; NAME alone is the bare flag', multiple: true },
  'extra-arg': { type: 'string', value: 'WORD', help: 'word for flags that Spark Control does not know', multiple: true },
  env: { type: 'string', value: 'NAME=VALUE', help: 'variable of the model server, no secret', multiple: true },
  'env-from': {
    type: 'string',
    value: 'NAME[=VARIABLE]',
    help: 'secret, from the environment of Spark Control',
    multiple: true,
  },
} as const satisfies Options;

type Given = Values<typeof ENTRY_OPTIONS & typeof KNOB_OPTIONS>;

/** The fields that were given. @throws {UsageError} */
export function entryOf(values: Given): WireChangeModel {
  const texts = {
    repo: values.repo,
    revision: values.revision,
    local_path: values['local-path'],
    name: values.name,
    description: values.description,
    served_model_name: values['served-name'],
    image: values.image,
    nodes: numberOf(values.nodes, '--nodes'),
    weights_gib: numberOf(values['weights-gib'], '--weights-gib'),
  };
  const { flag, 'extra-arg': words, 'on-cluster': clusters } = values;
  const env = envOf(values);
  return {
    ...(Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)) as WireChangeModel),
    ...(flag.length > 0 && { flags: flagsOf(flag) }),
    ...(words.length > 0 && { extra_args: words }),
    ...(env !== null && { env }),
    ...(clusters.length > 0 && { clusters }),
  };
}

function numberOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new UsageError(`${option} takes a number, not "${text}"`);
  return number;
}

/** `max-model-len=8192`: what reads as JSON is taken as that, all else as text. @throws {UsageError} */
export function flagsOf(given: readonly string[]): WireKnobs['flags'] {
  const flags = given.map((text) => {
    const at = text.indexOf('=');
    const name = (at === -1 ? text : text.slice(0, at)).replace(/^--/, '');
    if (name === '') throw new UsageError(`--flag takes NAME=VALUE, not "${text}"`);
    return [name, at === -1 ? true : readValue(text.slice(at + 1))] as const;
  });
  return Object.fromEntries(flags) as WireKnobs['flags'];
}

/** Text as JSON has it, else as it is. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `null`: none was given. @throws {UsageError} */
export function envOf(values: Pick<Given, 'env' | 'env-from'>): NonNullable<WireKnobs['env']> | null {
  const plain = values.env.map((text) => {
    const [name, value] = cut(text);
    if (value === null) throw new UsageError(`--env takes NAME=VALUE, not "${text}"`);
    return [name, value] as const;
  });
  const secret = values['env-from'].map((text) => {
    const [name, variable] = cut(text);
    return [name, { from_env: variable ?? name }] as const;
  });
  return plain.length + secret.length === 0 ? null : Object.fromEntries([...plain, ...secret]);
}

function cut(text: string): readonly [name: string, value: string | null] {
  const at = text.indexOf('=');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
