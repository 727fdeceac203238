import { resolveHome } from '../catalog/locations.ts';
import { envEntries, type ReadSecret, sortedEnv } from './launch-env.ts';
import { type Claim, type LaunchPlan, labelsOf } from './launch-plan.ts';
import { servingWords } from './launch-script.ts';
import { assertPassable, shellQuote } from './quoting.ts';

export type DockerRunOptions = Readonly<{
  /** The cluster's `hfCache`. */
  hfCache: string;
  /** Absolute home of the login user on the host, for the `~` of `hfCache`. */
  home: string;
}>;

/** Where the official image looks for the Hugging Face cache. */
const CONTAINER_CACHE = '/root/.cache/huggingface';

/**
 * `docker run` for one host. No value of the environment stands in `argv`, where every user of the host could read it: `-e NAME` takes it from the
 * client's own environment, which {@link envAssignments} sets in a script that goes over stdin. No `--rm` (it deletes the logs) and no
 * `--restart` (a crashing model started over and over leaks driver memory on GB10).
 * @throws {SparkError} UNSAFE_ARGUMENT for a word that no argv can hold.
 */
export function dockerRunCommand(
  plan: LaunchPlan,
  claim: Claim,
  options: DockerRunOptions,
): Readonly<{ argv: readonly string[]; secretEnvNames: readonly string[] }> {
  const labels = Object.entries(labelsOf(plan, claim)).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const argv = [
    ...['docker', 'run', '-d', '--gpus', 'all', '--ipc=host', '--network', 'host', '--name', plan.container],
    ...['--ulimit', 'memlock=-1', '--ulimit', 'stack=67108864'],
    ...labels,
    ...['-v', `${resolveHome(options.hfCache, options.home)}:${CONTAINER_CACHE}`],
    ...plan.mounts.flatMap((path) => ['-v', `${path}:${path}:ro`]),
    ...sortedEnv(plan.env).flatMap(([name]) => ['-e', name]),
    ...['--entrypoint', 'vllm', plan.image, 'serve', ...servingWords(plan), '-tp', String(plan.nodes.length)],
  ];
  for (const word of argv) assertPassable(word, `An argument of model ${plan.model}`);
  const secretEnvNames = sortedEnv(plan.env).flatMap(([name, value]) => (value.kind === 'secret' ? [name] : []));
  return { argv, secretEnvNames };
}

/**
 * Lines for a POSIX `sh` that set the model server's environment; empty without any. They hold secrets: send them by stdin only.
 * @throws {SparkError} UNSAFE_ARGUMENT, or PREFLIGHT_FAILED when a secret is not set.
 */
export function envAssignments(plan: LaunchPlan, secrets: ReadSecret): string {
  return envEntries(plan, secrets)
    .map(([name, value]) => `export ${name}=${shellQuote(value, `The environment variable ${name}`)}\n`)
    .join('');
}
