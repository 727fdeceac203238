import { maskSecrets } from '../redact.ts';
import { looksSecret } from './env-names.ts';
import { isMap } from './issue-list.ts';
import type { EnvValue } from './model.ts';

/** Stands where a secret would be, and means "as it is" in a change. */
export const MASK = '***';

/** Flags that Spark Control knows (`tokenizer`, `max-num-batched-tokens`) hold no secret, whatever their names have in them; this is for unknown ones. */
const SECRET_FLAG = /token(?!s|iz)|secret|passw(or)?d|credential|(api|access|private|auth)[_-]?key/i;

export const isSecretFlag = (word: string): boolean => SECRET_FLAG.test(word);

/** Figures are limits of tokens, not tokens. */
export const isFigure = (word: string): boolean => /^-?[\d.]+$/.test(word);

/** Value of a variable as people see it: what comes from the control plane's own environment, and what is named like a secret, is masked. */
export function maskedEnvValue(name: string, value: EnvValue): string {
  return value.kind === 'secret' || looksSecret(name) ? MASK : maskSecrets(value.value);
}

/** Words of a command: the value after a flag named like a secret, or joined to it, is masked. */
export function maskedWords(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    const before = words[index - 1] ?? '';
    if (before.startsWith('-') && !before.includes('=') && isSecretFlag(before) && !word.startsWith('-') && !isFigure(word)) return MASK;
    const [name = '', value] = word.split('=', 2);
    return value !== undefined && name.startsWith('-') && isSecretFlag(name) && !isFigure(value) ? `${name}=${MASK}` : maskSecrets(word);
  });
}

/** One field of a raw entry without its secrets. The name of a secret's source (`from_env`) is none. */
export function maskedField(field: string, value: unknown): unknown {
  if (field === 'env' && isMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskedVariable(name, item)]));
  }
  if (field === 'extra_args' && Array.isArray(value)) return maskedWords(value.map(String));
  return value;
}

function maskedVariable(name: string, value: unknown): unknown {
  if (isMap(value) || value === null) return value;
  return maskedEnvValue(name, { kind: 'literal', value: String(value) });
}
