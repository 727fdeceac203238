import type { TSchema } from '@spark-control/schema';
import { numberFaults } from './file-shape.ts';
import type { YamlFile } from './yaml-file.ts';

/** A number of a file that is not used as it stands there. */
export type BadNumber = Readonly<{ pointer: string; message: string }>;

/**
 * Takes numbers that cannot be used out of a file, so that a slip in one of them keeps no server from starting: the default takes
 * its place, and a warning with file, line and path says so. A number in quotes is taken as the number that it spells.
 */
export function withoutBadNumbers(schema: TSchema, file: YamlFile): Readonly<{ file: YamlFile; bad: readonly BadNumber[] }> {
  const bad: BadNumber[] = [];
  let value = file.value;
  for (const { pointer, problem, data, schema: own } of numberFaults(schema, file)) {
    const spelt = spelling(data, own);
    const line = file.lineOf(pointer);
    const place = `${file.path}#${pointer}${line === undefined ? '' : `, line ${line}`}`;
    const instead = spelt === null ? 'The default is used.' : `${spelt} is used; leave out the quotes.`;
    bad.push({ pointer, message: `${place}: ${problem} ${instead}` });
    value = replaced(value, pointer.split('/').slice(1).map(unescaped), spelt);
  }
  return { file: { ...file, value }, bad };
}

const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

type NumberSchema = Readonly<{ type?: unknown; minimum?: number; maximum?: number }>;

function spelling(data: unknown, { type, minimum, maximum }: NumberSchema): number | null {
  if (typeof data !== 'string' || !/^\d{1,15}(?:\.\d{1,9})?$/.test(data)) return null;
  const number = Number(data);
  const isWhole = [type].flat().includes('number') || Number.isInteger(number);
  return isWhole && number >= (minimum ?? -Infinity) && number <= (maximum ?? Infinity) ? number : null;
}

/** A copy of `value` with something else at a place; `null` means to a number field that it was left out. */
function replaced(value: unknown, [step, ...rest]: readonly string[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === step ? replaced(item, rest, by) : item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === step ? replaced(item, rest, by) : item]));
}
