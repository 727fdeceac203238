import fc from 'fast-check';

type Schema = Readonly<{
  type?: string | readonly string[];
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  patternProperties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  uniqueItems?: boolean;
}>;

const moments = fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true });

/** Values that a schema accepts. Written for the keywords that the wire's schemas use. */
export function validFor(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(validFor));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => validFor({ ...schema, type })));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000 });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'string':
      return validString(schema);
    case 'array':
      return validArray(schema);
    case 'object':
      return validObject(schema);
    default:
      return fc.jsonValue();
  }
}

function validArray({ items = {}, minItems: minLength = 0, uniqueItems = false }: Schema): fc.Arbitrary<unknown[]> {
  const size = { minLength, maxLength: 3 };
  return uniqueItems ? fc.uniqueArray(validFor(items), size) : fc.array(validFor(items), size);
}

function validString({ pattern, format, minLength = 0, maxLength = 300 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return moments.map((date) => date.toISOString());
  if (pattern === undefined) return bounded(fc.string({ minLength, maxLength, unit: 'grapheme' }), minLength, maxLength);
  // fast-check cannot make a text for a lookahead, so that is left to a filter.
  const text = fc.stringMatching(new RegExp(pattern.replace(/\(\?=[^)]*\)/g, '')));
  return bounded(text, minLength, maxLength).filter((made) => new RegExp(pattern).test(made));
}

function bounded(text: fc.Arbitrary<string>, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return text.filter(({ length }) => length >= minLength && length <= maxLength);
}

function validObject({ properties = {}, required = [], patternProperties = {} }: Schema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, validFor(schema)]));
  const known = fc.record(fields, { requiredKeys: [...required] as never[] });
  const [pattern, schema] = Object.entries(patternProperties)[0] ?? [];
  if (pattern === undefined || schema === undefined) return known;
  return fc.dictionary(fc.stringMatching(new RegExp(pattern)), validFor(schema), { maxKeys: 3 });
}

const HOSTILE_KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'a/b~c', '\u0000', 'ключ', '💥'];
const HOSTILE_TEXT = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  '../../etc/passwd',
  "'; DROP TABLE swaps; --",
  '$(id)',
  '`id`',
  '%n%s',
  '\r\nX: y',
  'é'.repeat(300),
];
const HOSTILE_NUMBERS = [-1, 0.5, 1e308, 2 ** 53, -0, 61];

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXT),
  fc.constantFrom(...HOSTILE_NUMBERS),
  fc.constantFrom(null, true, [], {}, [[[]]], { __proto__: null }),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.jsonValue(),
);

/** JSON text of a body: valid, with one field changed, removed or added, of another type, or no JSON at all. */
export function bodyTextFor(schema: Schema): fc.Arbitrary<string> {
  const valid = validFor(schema).map((value) => value as Record<string, unknown>);
  const names = fc.constantFrom(...Object.keys(schema.properties ?? {}), ...HOSTILE_KEYS);
  const changed = fc.tuple(valid, names, hostileValue).map(([body, name, value]) => withField(body, name, value));
  const removed = fc
    .tuple(valid, names)
    .map(([body, name]) => JSON.stringify(Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))));
  const otherType = fc.jsonValue().map((value) => JSON.stringify(value));
  return fc.oneof(
    valid.map((body) => JSON.stringify(body)),
    changed,
    removed,
    otherType,
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
}

/** Written by hand, since assigning `__proto__` would set the prototype. */
function withField(body: Record<string, unknown>, name: string, value: unknown): string {
  const rest = Object.entries(body).filter(([key]) => key !== name);
  return `{${[...rest, [name, value] as const].map(([key, field]) => `${JSON.stringify(key)}:${JSON.stringify(field) ?? 'null'}`).join(',')}}`;
}

/** A query string: valid, hostile, or with fields nobody knows. */
export function queryFor(schema: Schema | null): fc.Arbitrary<string> {
  const names = fc.constantFrom(...Object.keys(schema?.properties ?? {}), ...HOSTILE_KEYS, 'unknown');
  const value = fc.oneof(
    fc.constantFrom('1', '60', 'ready', 'default', 'qwen', 'swp_1', '2026-03-01T00:00:00Z', '2026-02-30T00:00:00Z'),
    fc.constantFrom(...HOSTILE_TEXT),
    fc.string({ maxLength: 20 }),
  );
  const pair = fc.tuple(names, value).map(([name, text]) => `${safely(name)}=${safely(text)}`);
  return fc.oneof(
    fc.constant(''),
    fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) => `?${pairs.join('&')}`),
    fc.constantFrom('?%zz', '?a[b]=1', '?&&=', '?%00'),
  );
}

/** One segment of a path. */
export const segment: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('swp_1', 'qwen', 'spark1', 'nobody', 'lock', 'unknown', '%zz', '%00', '%2e%2e', '..%2f', 'a%2fb'),
  fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }).map(safely),
);

function safely(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()).replaceAll('.', '%2E') || '%20';
}
