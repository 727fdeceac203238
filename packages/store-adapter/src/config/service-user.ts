import type { EnvReader } from './env-reader.ts';

const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/** Variables that may name the login user of a service: of its whole key, and of its first word where no other service begins with that. */
export function userVariables(key: string, keys: readonly string[]): readonly string[] {
  const wordsOf = (text: string): readonly string[] => text.toUpperCase().split(/[^A-Z0-9]+/);
  const [first = ''] = wordsOf(key);
  const isAlone = keys.every((other) => other === key || wordsOf(other)[0] !== first);
  return [...new Set([wordsOf(key).join('_'), ...(isAlone ? [first] : [])])].map((name) => `${name}_USER`);
}

/**
 * Login user of a service other than its host's: PARAKEET_USER or PARAKEET_ASR_USER for `parakeet-asr`. `null`: none is set. A
 * name that is none goes to the issues, since another user must not take its place.
 */
export function serviceUser(env: EnvReader, key: string, keys: readonly string[]): string | null {
  const variable = userVariables(key, keys).find((name) => env.text(name) !== null);
  return variable === undefined ? null : env.matching(variable, USER, 'a login name');
}
