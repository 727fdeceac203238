import { SparkError } from '../errors.ts';

/** The kernel takes at most 128 KiB in one argument or environment string (MAX_ARG_STRLEN); a longer one fails inside `exec`, far from here. */
const MAX_WORD_BYTES = 120_000;

/** Words with a meaning of their own where a command may stand. */
const RESERVED_WORDS = /^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|select|function|time|coproc)$/;

const PLAIN_WORD = /^[A-Za-z0-9_./:,@+-]+$/;

/**
 * Refuses what no argument or environment variable of a process can hold.
 * @throws {SparkError} UNSAFE_ARGUMENT. `what` names the value; the value itself stays out of the message, it may be a secret.
 */
export function assertPassable(word: string, what: string): void {
  if (word.includes('\0')) throw unsafe(`${what} holds a NUL character, which no program argument can hold. Remove it.`);
  if (/\p{Surrogate}/u.test(word)) throw unsafe(`${what} holds half of a surrogate pair, which has no UTF-8 form. Remove it.`);
  if (word.length * 3 > MAX_WORD_BYTES && utf8Length(word) > MAX_WORD_BYTES) {
    throw unsafe(`${what} is longer than ${MAX_WORD_BYTES} bytes, more than one program argument can hold. Shorten it.`);
  }
}

/**
 * Refuses a value that cannot go through a place where a shell splits words without looking at quotes
 * (`VLLM_SPARK_EXTRA_DOCKER_ARGS`, the launcher's own variables). It is never mangled to make it fit.
 * @throws {SparkError} UNSAFE_ARGUMENT
 */
export function assertUnquotedWord(value: string, what: string): string {
  if (!/^[A-Za-z0-9_./:=,@%+-]+$/.test(value)) {
    throw unsafe(
      `${what} has to pass through the launcher without quotes, so it may only hold letters, digits and _ . / : = , @ % + - ` +
        'and must not be empty. Rename it, or use a cluster with the docker_run launcher.',
    );
  }
  return value;
}

/** One word for a POSIX `sh`, plain where that is safe. */
export function shellQuote(word: string, what = 'A value'): string {
  assertPassable(word, what);
  if (PLAIN_WORD.test(word) && !RESERVED_WORDS.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export const shellJoin = (words: readonly string[]): string => words.map((word) => shellQuote(word)).join(' ');

/** A command as one word for a shell whose command is evaluated by a second shell (`ssh host "..."`, `bash -c "..."`). */
export const doubleShellQuote = (words: readonly string[]): string => shellQuote(shellJoin(words));

/**
 * One word in bash's `$'..'` form, every byte but letters, digits and `_ . / :` as `\xHH`. The launcher edits the script with
 * sed and scans it for `-tp`, `-pp`, `-dp`, `vllm serve` and backend flags: without a dash, a blank, a quote or a newline in sight
 * no value can look like one of those. Always two digits, so that a hex digit that follows stays what it is.
 */
export function ansiCWord(word: string, what = 'A value'): string {
  assertPassable(word, what);
  let text = '';
  for (const character of word) text += /^[A-Za-z0-9_./:]$/.test(character) ? character : hexEscapes(character);
  return `$'${text}'`;
}

function hexEscapes(character: string): string {
  return utf8Bytes(character.codePointAt(0) ?? 0)
    .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

function utf8Bytes(codePoint: number): readonly number[] {
  const tail = (shift: number): number => 0x80 | ((codePoint >> shift) & 0x3f);
  if (codePoint < 0x80) return [codePoint];
  if (codePoint < 0x800) return [0xc0 | (codePoint >> 6), tail(0)];
  if (codePoint < 0x10000) return [0xe0 | (codePoint >> 12), tail(6), tail(0)];
  return [0xf0 | (codePoint >> 18), tail(12), tail(6), tail(0)];
}

function utf8Length(word: string): number {
  let length = 0;
  for (const character of word) length += utf8Bytes(character.codePointAt(0) ?? 0).length;
  return length;
}

const unsafe = (message: string): SparkError => new SparkError('UNSAFE_ARGUMENT', message);
