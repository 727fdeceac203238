import { type EnvValue, type FlagValue, isSecretFlag, knownFlags, MASK, maskedEnvValue } from '@spark-control/core';

const KNOWN = new Set(knownFlags().map(({ name }) => name));

/** Environment for the wire: what comes from the control plane's own environment, and what is named like a secret, is masked. */
export function maskedEnv(env: Readonly<Record<string, EnvValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, maskedEnvValue(name, value)]));
}

/** No flag that an entry may set is for a secret (`tokenizer` is none); should another ever get this far, it is masked whole. */
export function maskedFlags(flags: Readonly<Record<string, FlagValue>>): Record<string, FlagValue> {
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, !KNOWN.has(name) && isSecretFlag(name) ? MASK : value]));
}
