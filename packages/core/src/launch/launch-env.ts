import type { EnvValue } from '../catalog/model.ts';
import { type Issue, SparkError } from '../errors.ts';
import type { LaunchPlan } from './launch-plan.ts';

/** Reads a secret of the control plane's environment; `null`: not set. */
export type ReadSecret = (name: string) => string | null;

/** Name and value, sorted by name. */
export type EnvEntry = readonly [name: string, value: string];

/** Secrets that the entry names and nobody has set: the variable in the container, and the one in our environment. */
export function missingSecrets(env: Readonly<Record<string, EnvValue>>, secrets: ReadSecret): readonly Issue[] {
  return sortedEnv(env).flatMap(([variable, value]) => {
    if (value.kind === 'literal' || secrets(value.name) !== null) return [];
    const what = variable === value.name ? variable : `${variable} comes from ${value.name}, which`;
    const message = `${what} is not set where Spark Control runs. Set it there and start Spark Control again.`;
    return [{ path: `/env/${variable}`, code: 'missing_secret', message }];
  });
}

/**
 * The environment of the model server, secrets included: for a file of mode 0600 or for stdin, never for an argv or a log.
 * @throws {SparkError} PREFLIGHT_FAILED with `issues` when a secret is not set: without it the model would fail minutes later.
 */
export function envEntries(plan: LaunchPlan, secrets: ReadSecret): readonly EnvEntry[] {
  const issues = missingSecrets(plan.env, secrets);
  if (issues.length > 0) {
    throw new SparkError('PREFLIGHT_FAILED', issues.map((issue) => issue.message).join(' '), { details: { issues } });
  }
  return sortedEnv(plan.env).map(([name, value]) => [name, value.kind === 'literal' ? value.value : (secrets(value.name) ?? '')]);
}

export const sortedEnv = (env: Readonly<Record<string, EnvValue>>): readonly (readonly [string, EnvValue])[] =>
  Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
