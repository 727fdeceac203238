import type { Issue } from '@spark-control/core';

export type Env = Readonly<Record<string, string | undefined>>;
type NumberBounds = Readonly<{ isWhole: boolean; minimum: number; maximum: number }>;

/**
 * Reads environment variables and remembers what was wrong with them. A blank variable counts as not set: compose files
 * and installers pass blanks for what the user left open.
 */
export class EnvReader {
  readonly warnings: string[] = [];
  readonly issues: Issue[] = [];
  readonly #env: Env;
  readonly #unused = new Set<string>();

  constructor(env: Env) {
    this.#env = env;
  }

  text(name: string): string | null {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' ? null : value;
  }

  /** It is set, and to something that counted. Ask after it was read. */
  isUsed(name: string): boolean {
    return this.text(name) !== null && !this.#unused.has(name);
  }

  isBlank(name: string): boolean {
    return this.#env[name] !== undefined && this.text(name) === null;
  }

  /** Text of a certain form; anything else is a fault. */
  matching(name: string, pattern: RegExp, wanted: string): string | null {
    const value = this.text(name);
    if (value === null || pattern.test(value)) return value;
    return this.#fault(name, `${name} has to be ${wanted}.`);
  }

  /** A number within bounds; `null` when it is not set. Anything else keeps no server from starting: it is `null` too, with a warning. */
  number(name: string, { isWhole, minimum, maximum }: NumberBounds, instead: number): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const number = numberOf(value, isWhole, minimum, maximum);
    if (number !== null) return number;
    const kind = isWhole ? 'whole number' : 'number';
    this.#unused.add(name);
    this.warnings.push(`${name} has to be a ${kind} from ${minimum} to ${maximum}, not ${shown(value)}: ${instead} is used.`);
    return null;
  }

  /** A port that must not keep the server from starting: anything but a port means `fallback`, with a warning. */
  lenientPort(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === null) {
      if (this.isBlank(name)) this.warnings.push(`${name} is blank: ${fallback} is used.`);
      return fallback;
    }
    const port = numberOf(value, true, 1, 65_535);
    if (port !== null) return port;
    this.#unused.add(name);
    this.warnings.push(`${name} is not a port (${shown(value)}): ${fallback} is used.`);
    return fallback;
  }

  list(name: string): readonly string[] {
    const items = (this.text(name) ?? '').split(/[\s,]+/);
    return items.filter((item) => item !== '');
  }

  /** One of a few words; anything else means `fallback`, with a warning. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name);
    const found = choices.find((choice) => choice === value);
    if (found !== undefined || value === null) return found ?? fallback;
    this.#unused.add(name);
    this.warnings.push(`${name} has to be one of ${choices.join(', ')}, not ${shown(value)}: ${fallback} is used.`);
    return fallback;
  }

  fault(name: string, message: string): void {
    this.#fault(name, message);
  }

  #fault(name: string, message: string): null {
    this.issues.push({ path: `env#/${name}`, code: 'bad_variable', message });
    return null;
  }
}

/** At most so much of a value is repeated: who pastes a file into a variable does not want to see all of it. */
const shown = (value: string): string => JSON.stringify(value.slice(0, 40));

function numberOf(text: string, isWhole: boolean, minimum: number, maximum: number): number | null {
  const isNumber = isWhole ? /^\d{1,15}$/.test(text) : /^\d{1,15}(?:\.\d{1,9})?$/.test(text);
  const number = isNumber ? Number(text) : Number.NaN;
  return number >= minimum && number <= maximum ? number : null;
}
