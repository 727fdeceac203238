import { type FlagSpec, type FlagType, knownFlags } from '@spark-control/core';

type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schema of the flags that Spark Control knows by name, so that an editor can complete and explain them. */
export const flagProperties = (): JsonSchema => Object.fromEntries(knownFlags().map(({ name, ...spec }) => [name, schemaOf(spec)]));

function schemaOf({ type, description, danger }: FlagSpec): JsonSchema {
  return { ...typeOf(type), description: danger === null ? description : `${description} Beware: ${danger}` };
}

function typeOf(type: FlagType): JsonSchema {
  switch (type.kind) {
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', ...rangeOf(type) };
    case 'number':
      return { type: 'number', ...rangeOf(type) };
    case 'text':
      return { type: 'string' };
    case 'choice':
      return type.open ? { type: 'string', examples: type.values } : { enum: type.values };
    case 'length':
      return { type: ['integer', 'string'] };
    case 'json':
      return { type: 'object' };
    case 'level_or_json':
      return { type: ['integer', 'object'], minimum: 0, maximum: type.max };
    case 'words':
      return { type: ['array', 'string'], items: { type: 'string' } };
  }
}

function rangeOf({ min, max, aboveMin = false }: Readonly<{ min?: number; max?: number; aboveMin?: boolean }>): JsonSchema {
  return {
    ...(min === undefined ? {} : { [aboveMin ? 'exclusiveMinimum' : 'minimum']: min }),
    ...(max === undefined ? {} : { maximum: max }),
  };
}
