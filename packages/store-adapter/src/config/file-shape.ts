import type { Issue } from '@spark-control/core';
import type { TSchema } from '@spark-control/schema';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { issueAt, type YamlFile } from './yaml-file.ts';

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, verbose: true });
const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Holds a file against its schema: every fault, with pointer and line. */
export function shapeIssues(schema: TSchema, file: YamlFile): readonly Issue[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (validate(file.value)) return [];
  return (validate.errors ?? []).flatMap((error) => {
    const fault = faultOf(error);
    return fault === null ? [] : [issueAt(file, fault.pointer, fault.code, fault.message)];
  });
}

/** Faults of a file that are no more than one bad number: of the wrong type, or out of its range. `pointer` names it. */
export function numberFaults(
  schema: TSchema,
  file: YamlFile,
): readonly Readonly<{ pointer: string; problem: string; data: unknown; schema: Readonly<Record<string, unknown>> }>[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (validate(file.value)) return [];
  return (validate.errors ?? []).flatMap((error) => {
    const own = (error.parentSchema ?? {}) as Readonly<Record<string, unknown>>;
    const isNumber = [own['type']].flat().some((type) => type === 'integer' || type === 'number');
    const fault = isNumber ? faultOf(error) : null;
    return fault === null ? [] : [{ pointer: fault.pointer, problem: fault.message, data: error.data, schema: own }];
  });
}

type Fault = Readonly<{ pointer: string; code: string; message: string }>;

const step = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';

/** One fault in plain words. `null` for those that only repeat another. */
function faultOf(error: ErrorObject): Fault | null {
  const { instancePath: pointer, params, data } = error;
  const name = pointer === '' ? 'The file' : shown(pointer.split('/').at(-1)?.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = (code: string, message: string): Fault => ({ pointer, code, message });
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(pointer, String(params['additionalProperty']), error.parentSchema);
    case 'required':
      return at('missing', `${name} needs the field ${shown(params['missingProperty'])}.`);
    case 'type':
      return at('wrong_type', `${name} has to be ${typeWords(params['type'])}; it is ${shown(data)}.`);
    case 'enum':
      return at('not_allowed', `${name} has to be one of ${(params['allowedValues'] as readonly unknown[]).map(shown).join(', ')}.`);
    case 'minimum':
    case 'maximum':
      return at('out_of_range', `${name} has to be ${params['comparison'] === '>=' ? 'at least' : 'at most'} ${params['limit']}.`);
    case 'minLength':
    case 'minItems':
      return at('empty', `${name} must not be empty; leave it out instead.`);
    case 'maxLength':
    case 'maxItems':
      return at('too_long', `${name} has to have at most ${params['limit']} ${error.keyword === 'maxItems' ? 'items' : 'characters'}.`);
    case 'propertyNames':
      return badKey(pointer, String(params['propertyName']));
    case 'pattern':
      // The pattern of a key is reported as `propertyNames`, with the key and the line.
      return error.propertyName === undefined
        ? at('bad_format', `${name} has a form that is not understood: ${shown(data)}.${meaningOf(error)}`)
        : null;
    default:
      return at('invalid', `${name} ${error.message ?? 'is not valid'}.`);
  }
}

/** What the field is for, as its schema says; that tells its form better than a pattern. */
function meaningOf(error: ErrorObject): string {
  const { description } = (error.parentSchema ?? {}) as { description?: string };
  return description === undefined ? '' : ` It is: ${description}`;
}

function unknownField(pointer: string, field: string, schema: unknown): Fault {
  const known = Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
  const message = `There is no field ${shown(field)} here. The fields are ${known.join(', ')}.`;
  return { pointer: `${pointer}/${step(field)}`, code: 'unknown_field', message };
}

const badKey = (pointer: string, key: string): Fault => ({
  pointer: `${pointer}/${step(key)}`,
  code: 'bad_key',
  message: `${shown(key)} is no valid key: up to 64 small letters, digits, dots, dashes and underscores, and it begins with a letter or digit.`,
});

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text (put it in quotes)',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
};

const typeWords = (types: unknown): string =>
  [types]
    .flat()
    .filter((type) => type !== 'null')
    .map((type) => TYPE_WORDS[String(type)] ?? String(type))
    .join(' or ');
