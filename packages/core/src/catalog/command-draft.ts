import { maskSecrets } from '../redact.ts';
import { soleVariable, type Word } from './command-words.ts';
import { envNameProblem, looksSecret } from './env-names.ts';
import { MASK } from './masking.ts';

export type DroppedWords = Readonly<{ words: string; reason: string }>;

/** People want to recognise what they wrote, not to read a chat template again. */
const MOST_SHOWN = 300;

/** What a command has come to so far: fields of an entry, what was left out of it, and what to beware of. */
export class CommandDraft {
  readonly fields: Record<string, unknown> = {};
  readonly flags: Record<string, unknown> = {};
  readonly env: Record<string, unknown> = {};
  readonly extraArgs: string[] = [];
  readonly #dropped: DroppedWords[] = [];
  readonly #warnings = new Set<string>();
  /** Values that must not be told to anybody, whatever place they turn up at. */
  readonly #secrets = new Set<string>();

  drop(words: string, reason: string): void {
    this.#dropped.push({ words, reason });
  }

  warn(warning: string): void {
    this.#warnings.add(warning);
  }

  get dropped(): readonly DroppedWords[] {
    return this.#dropped.map(({ words, reason }) => ({ words: this.clear(words).slice(0, MOST_SHOWN), reason }));
  }

  get warnings(): readonly string[] {
    return [...this.#warnings].map((warning) => this.clear(warning));
  }

  /** Text without the secrets of the command. */
  clear(text: string): string {
    return maskSecrets([...this.#secrets].reduce((clear, secret) => clear.replaceAll(secret, MASK), text));
  }

  keepSecret(value: string): void {
    if (value.length >= 4) this.#secrets.add(value);
  }

  /** Nothing is expanded: who reads the result has to know where a shell would have put something else. */
  noteExpansions({ expansions }: Word): void {
    for (const part of expansions) {
      this.warn(`${part.slice(0, 100)} would have been replaced by a shell; here it stays as it is written. Put the value in its place.`);
    }
  }

  /** `NAME=value`, or `NAME` alone, which Docker takes from where it runs. */
  addVariable(assignment: Word): void {
    const at = assignment.text.indexOf('=');
    const name = at === -1 ? assignment.text : assignment.text.slice(0, at);
    const value = at === -1 ? `$${name}` : assignment.text.slice(at + 1);
    const problem = envNameProblem(name);
    if (problem !== null) {
      this.keepSecret(looksSecret(name) ? value : '');
      this.drop(name.slice(0, 128), `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`);
      return;
    }
    const source = soleVariable(value);
    if (source !== null) this.env[name] = { from_env: source };
    else if (looksSecret(name) || maskSecrets(value) !== value) this.#hide(name, value);
    else {
      this.noteExpansions(assignment);
      this.env[name] = value;
    }
  }

  #hide(name: string, value: string): void {
    this.keepSecret(value);
    this.env[name] = { from_env: name };
    this.warn(`The value of ${name} is a secret and was not taken over: set ${name} where Spark Control runs.`);
  }
}
