import type { EnvValue, FlagValue } from '@spark-control/core';
import { maskSecrets } from '@spark-control/core';

const MASK = '***';
const SECRET_NAME = /(token|secret|passw(or)?d|credential|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key)/i;

/** Environment for the wire: what comes from the control plane's own environment, and what is named like a secret, is masked. */
export function maskedEnv(env: Readonly<Record<string, EnvValue>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.kind === 'secret' || SECRET_NAME.test(name) ? MASK : maskSecrets(value.value)]),
  );
}

/** A flag such as `api-key` is masked whole; nobody should put a secret there, and somebody will. */
export function maskedFlags(flags: Readonly<Record<string, FlagValue>>): Record<string, FlagValue> {
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, SECRET_NAME.test(name) ? MASK : value]));
}

/** Words of a command: the value after a flag named like a secret, or joined to it, is masked. */
export function maskedWords(words: readonly string[]): string[] {
  return words.map((word, index) => {
    const before = words[index - 1] ?? '';
    if (before.startsWith('-') && !before.includes('=') && SECRET_NAME.test(before) && !word.startsWith('-')) return MASK;
    const [name = '', value] = word.split('=', 2);
    return value !== undefined && SECRET_NAME.test(name) ? `${name}=${MASK}` : maskSecrets(word);
  });
}
