import { CronPattern } from 'croner';

const MAX_LENGTH = 200;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const FIELDS = [
  { name: 'second', takes: '0-59' },
  { name: 'minute', takes: '0-59' },
  { name: 'hour', takes: '0-23' },
  { name: 'day of the month', takes: '1-31, L for the last, 15W for the weekday nearest to the 15th' },
  { name: 'month', takes: '1-12 or JAN-DEC' },
  { name: 'day of the week', takes: '0-7 or SUN-SAT, MON#2 for the second Monday, FRIL for the last Friday' },
] as const;

/** An expression as six fields, or what is wrong with it, in words that end without a full stop. */
export type CronFields = Readonly<{ fields: string; problem: null } | { fields: null; problem: string }>;

/** Reads an expression: a macro, 5 fields, or 6 with seconds first. Whether it ever fires is not asked here. */
export function cronFields(cron: string): CronFields {
  const words = cron.trim().split(/\s+/);
  if (cron.length > MAX_LENGTH) return fault(`A cron expression has at most ${MAX_LENGTH} characters`);
  if (cron.trim().startsWith('@')) return macro(cron.trim());
  if (words.length !== 5 && words.length !== 6) {
    return fault('A cron expression has 5 fields (minute, hour, day of the month, month, day of the week), or 6 with the second first');
  }
  const six = words.length === 5 ? ['0', ...words] : words;
  for (const [index, word] of six.entries()) {
    const problem = fieldProblem(word, index);
    if (problem !== null) return fault(problem);
  }
  return { fields: six.join(' '), problem: null };
}

/** True when the expression leaves the hour open, so that it follows the clock whatever the clock does. */
export const isEveryHour = (fields: string): boolean => new CronPattern(fields).hour.every((on) => on === 1);

function macro(word: string): CronFields {
  const meaning = MACROS[word.toLowerCase()];
  if (meaning !== undefined) return { fields: `0 ${meaning}`, problem: null };
  return fault(`"${word.slice(0, 40)}" is not known; there are ${Object.keys(MACROS).join(', ')}`);
}

/** Each field is tried by itself, so that the message can name the one that is wrong. */
function fieldProblem(word: string, index: number): string | null {
  const field = FIELDS[index];
  if (field === undefined) return null;
  // What `?` stands for differs from program to program: "any" here, "the time of the start" there.
  if (word.includes('?')) return `"?" in the ${field.name} is not known; write * for any`;
  try {
    new CronPattern(['0', '0', '0', '*', '*', '*'].with(index, word).join(' '), undefined, { mode: '6-part' });
    return null;
  } catch {
    const shown = word.length > 40 ? `${word.slice(0, 40)}...` : word;
    return `"${shown}" is no ${field.name}: that is ${field.takes}; with lists (1,2), rising ranges (1-5) and steps (*/2)`;
  }
}

const fault = (problem: string): CronFields => ({ fields: null, problem });
