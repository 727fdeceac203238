import { type EnvValue, maskedEnvValue } from '@spark-control/core';

/** Environment for the wire: what comes from the control plane's own environment, and what is named like a secret, is masked. */
export function maskedEnv(env: Readonly<Record<string, EnvValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, maskedEnvValue(name, value)]));
}
