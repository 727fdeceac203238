import type { Issue } from '@spark-control/core';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads environment variables and remembers what was wrong with them. A blank variable counts as not set: compose files
 * and installers pass blanks for what the user left open.
 */
export class EnvReader {
  readonly warnings: string[] = [];
  readonly issues: Issue[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  text(name: string): string | null {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' ? null : value;
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

  integer(name: string, minimum: number, maximum: number): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const number = integerOf(value, minimum, maximum);
    return number ?? this.#fault(name, `${name} has to be a whole number from ${minimum} to ${maximum}.`);
  }

  /** A port that must not keep the server from starting: anything but a port means `fallback`, with a warning. */
  lenientPort(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === null) {
      if (this.isBlank(name)) this.warnings.push(`${name} is blank: ${fallback} is used.`);
      return fallback;
    }
    const port = integerOf(value, 1, 65_535);
    if (port === null) this.warnings.push(`${name} is not a port (${JSON.stringify(value.slice(0, 40))}): ${fallback} is used.`);
    return port ?? fallback;
  }

  list(name: string): readonly string[] {
    const items = (this.text(name) ?? '').split(/[\s,]+/);
    return items.filter((item) => item !== '');
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | null {
    const value = this.text(name);
    if (value === null) return null;
    return choices.find((choice) => choice === value) ?? this.#fault(name, `${name} has to be one of ${choices.join(', ')}.`);
  }

  fault(name: string, message: string): void {
    this.#fault(name, message);
  }

  #fault(name: string, message: string): null {
    this.issues.push({ path: `env#/${name}`, code: 'bad_variable', message });
    return null;
  }
}

function integerOf(text: string, minimum: number, maximum: number): number | null {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return number >= minimum && number <= maximum ? number : null;
}
