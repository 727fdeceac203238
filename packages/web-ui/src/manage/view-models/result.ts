import { bytes } from '../../view-models/format.ts';

/** What came of an operation, to be read: names with their values, and sentences that want attention. */
export type ResultView = Readonly<{ facts: readonly (readonly [name: string, values: readonly string[]])[]; remarks: readonly string[] }>;

/** Members that hold sentences. */
const REMARKS: readonly string[] = ['warnings', 'remarks', 'notice', 'service_problem'];

export function resultView(result: Readonly<Record<string, unknown>> | null): ResultView {
  const entries = Object.entries(result ?? {});
  return {
    facts: entries
      .filter(([name]) => !REMARKS.includes(name))
      // What was not so is not worth a line.
      .filter(([, value]) => value !== false)
      .map(([name, value]) => [wordsOf(name), linesOf(name, value)] as const)
      .filter(([, lines]) => lines.length > 0),
    remarks: entries.filter(([name]) => REMARKS.includes(name)).flatMap(([name, value]) => linesOf(name, value)),
  };
}

const wordsOf = (name: string): string => name.replaceAll('_', ' ');

function linesOf(name: string, value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((one) => linesOf(name, one));
  return [typeof value === 'object' ? recordText(value) : plainText(name, value)];
}

/** `spark1, rebooted, kernel 6.17.0-1021 → 6.17.0-1032`: what was before stands before what is. */
function recordText(record: object): string {
  const values = new Map(Object.entries(record));
  const parts = [...values].flatMap(([name, value]) => {
    if (value === null || value === false || name.endsWith('_before')) return [];
    if (value === true) return [wordsOf(name)];
    const before = values.get(`${name}_before`);
    const text = plainText(name, value);
    if (before !== undefined && before !== null && before !== value) return [`${wordsOf(name)} ${plainText(name, before)} → ${text}`];
    return [SPEAKING.includes(name) ? text : `${wordsOf(name)} ${text}`];
  });
  return parts.join(', ');
}

/** Values that need no name. */
const SPEAKING: readonly string[] = ['host', 'name', 'collection', 'bytes'];

function plainText(name: string, value: unknown): string {
  if (typeof value === 'number' && /(^|_)bytes$/.test(name)) return bytes(value);
  if (value === true) return 'yes';
  if (typeof value === 'string') return shortId(value);
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** As Docker shortens the ids of images and containers. */
export const shortId = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/, '$1');
