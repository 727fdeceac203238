import type { Issue } from '../errors.ts';

/** Collects faults below one JSON pointer, so that all of them are reported and not only the first. */
export class IssueList {
  readonly #issues: Issue[];
  readonly path: string;

  constructor(path: string, issues: Issue[] = []) {
    this.path = path;
    this.#issues = issues;
  }

  get all(): readonly Issue[] {
    return this.#issues;
  }

  /** The same list, seen from one step further down. */
  at(step: string | number): IssueList {
    return new IssueList(`${this.path}/${pointerStep(String(step))}`, this.#issues);
  }

  add(code: string, message: string): void {
    this.#issues.push({ path: this.path, code, message });
  }

  addAll(issues: readonly Issue[]): void {
    this.#issues.push(...issues);
  }
}

/** One step of a JSON pointer (RFC 6901). */
export const pointerStep = (step: string): string => step.replaceAll('~', '~0').replaceAll('/', '~1');

/** A JSON object or YAML map; not a list, not `null`. */
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a value is, in the words of a YAML file. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string'
    ? 'text'
    : typeof value === 'boolean'
      ? 'true or false'
      : typeof value === 'number'
        ? 'a number'
        : 'something else';
}
