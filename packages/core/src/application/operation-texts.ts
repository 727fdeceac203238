import { ERROR_CATALOG, isSparkError } from '../errors.ts';
import type { OperationCause, OperationPart } from '../operation/operation.ts';
import { maskSecrets } from '../redact.ts';
import { MAX_LINE_LENGTH } from '../swap/line-splitter.ts';
import { plainText } from '../swap/plain-text.ts';

/** A secret as short as this would blot out half of every line, and is none. */
const SHORTEST_SECRET = 6;
const MASK = '***';

/** Makes text of an operation's work fit to be shown: neither what looks like a secret nor the secrets that it was given. */
export class OperationTexts {
  readonly #secrets: readonly string[];

  constructor(secrets: Readonly<Record<string, string>>) {
    // The longest first, since one may hold another.
    const values = Object.values(secrets).filter(({ length }) => length >= SHORTEST_SECRET);
    this.#secrets = values.toSorted((a, b) => b.length - a.length);
  }

  mask(text: string): string {
    return maskSecrets(this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text));
  }

  /** The lines of what was printed, without control characters; empty ones are left out. */
  lines(text: string): readonly string[] {
    const lines = text.split(/[\r\n]+/).map((line) => plainText(line).trimEnd());
    return lines.filter((line) => line !== '').map((line) => this.mask(line).slice(0, MAX_LINE_LENGTH));
  }

  part(part: OperationPart): OperationPart {
    return { ...part, label: this.mask(part.label), note: part.note === null ? null : this.mask(part.note) };
  }

  /** The message of anything but a SparkError may say anything, so that it stays in the log. */
  causeOf(error: unknown): OperationCause {
    if (isSparkError(error) && error.code !== 'INTERNAL') {
      const { hint } = error.details;
      return {
        code: error.code,
        message: this.mask(error.message),
        hint: typeof hint === 'string' ? this.mask(hint) : ERROR_CATALOG[error.code].remedy,
      };
    }
    const message = 'The work ended by an error that nobody foresaw; the log of the control plane has it under the id of this operation.';
    return { code: 'INTERNAL', message, hint: ERROR_CATALOG.INTERNAL.remedy };
  }
}
