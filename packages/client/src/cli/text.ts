/**
 * Text from elsewhere as it may go to a terminal: a holder's name or a line of a model's log must not move the cursor, change
 * colours, forge a line or turn the reading order round.
 */
export const plain = (text: string): string =>
  text
    .replace(/(\p{Cc})(\[[0-9;?]*[ -/]*[@-~])?/gu, (_, control: string, rest = '') => {
      if (control === '\u001b') return '';
      return control === '\u009b' ? '' : ` ${rest}`;
    })
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '');

/** Every text of an answer made {@link plain}. */
export function plainDeep<T>(value: T): T {
  if (typeof value === 'string') return plain(value) as T;
  if (Array.isArray(value)) return value.map(plainDeep) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [plain(name), plainDeep(field)])) as T;
}

/** Rows as columns. The last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, lengthOf(cell));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - lengthOf(cell))))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

const lengthOf = (cell: string): number => [...cell].length;

/** A time of the wire without its milliseconds. */
export const time = (at: string | null): string => at?.replace(/\.\d{3}Z$/, 'Z') ?? '-';

/** Small things in MiB, so that they do not look like nothing. */
export function gib(bytes: number | null): string {
  if (bytes === null) return '-';
  const size = bytes / 1024 ** 3;
  return size > 0 && size < 0.05 ? `${(size * 1024).toFixed(1)} MiB` : `${size.toFixed(1)} GiB`;
}
