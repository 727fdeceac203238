import { DEFAULT_HF_CACHE, resolveHome } from '../catalog/locations.ts';
import { SparkError } from '../errors.ts';
import type { Cluster } from '../topology/cluster.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { assertUnquotedWord } from './quoting.ts';

/** `legacy`: the January 2026 script (Ray always). `modern`: later ones, with `--solo` and `--launch-script`. */
export type LauncherGeneration = 'legacy' | 'modern';

export type LauncherOptions = Readonly<{
  /** Absolute path of the launch script on the head; not used by the legacy launcher. */
  scriptPath: string;
  /** From `labelsOf`. */
  labels: Readonly<Record<string, string>>;
  /** Absolute home of the login user on the hosts, for the `~` of `hfCache`. */
  home: string;
}>;

/** Where a cache of another folder appears in containers of the legacy launcher, which mounts `~/.cache/huggingface` in any case. */
const LEGACY_CACHE = '/spark-control/huggingface';

/**
 * The call of `launch-cluster.sh`, to be run in the launcher's folder on the head. `-d` always stands before the action: without
 * it a lost connection ends the containers or leaves half a start. Nothing in argv or env is secret.
 * @throws {SparkError} UNSAFE_ARGUMENT when a value cannot go through the launcher's unquoted places.
 */
export function launcherCommand(
  plan: LaunchPlan,
  cluster: Cluster,
  generation: LauncherGeneration,
  options: LauncherOptions,
): Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>> }> {
  const cache = resolveHome(cluster.hfCache, options.home);
  const otherCache =
    cache === resolveHome(DEFAULT_HF_CACHE, options.home) ? null : assertUnquotedWord(cache, 'The hf_cache of the cluster');
  const argv = [...launcherTarget(plan, cluster, generation), '-d', ...action(generation, options.scriptPath)];
  const dockerArgs = [...labelWords(options.labels), ...mountWords(plan), ...legacyCacheWords(generation, otherCache)];
  return {
    argv: ['./launch-cluster.sh', ...argv],
    env: {
      VLLM_SPARK_EXTRA_DOCKER_ARGS: dockerArgs.join(' '),
      ...(generation === 'modern' && otherCache !== null ? { HF_HOME: otherCache } : {}),
    },
  };
}

/**
 * Image, container and hosts: the options that `stop` and `status` need just as the start had them. The legacy launcher knows no
 * `--solo` and would take it for a command, so it gets a list of one host.
 */
export function launcherTarget(plan: LaunchPlan, cluster: Cluster, generation: LauncherGeneration): readonly string[] {
  const addresses = nodeAddresses(plan, cluster);
  const hosts = generation === 'modern' && addresses.length === 1 ? ['--solo'] : ['-n', addresses.join(',')];
  return ['-t', assertUnquotedWord(plan.image, 'The image'), '--name', assertUnquotedWord(plan.container, 'The container name'), ...hosts];
}

const action = (generation: LauncherGeneration, scriptPath: string): readonly string[] =>
  generation === 'modern' ? ['--launch-script', assertUnquotedWord(scriptPath, 'The path of the launch script')] : ['start'];

function nodeAddresses(plan: LaunchPlan, cluster: Cluster): readonly string[] {
  return plan.nodes.map((key) => {
    const host = cluster.hosts.find((candidate) => candidate.key === key);
    if (host === undefined) {
      throw new SparkError('UNSAFE_ARGUMENT', `Host ${key} of the plan is not in cluster ${cluster.key} any more. Ask for the swap again.`);
    }
    const address = host.fabricAddress ?? host.address;
    if (!/^[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(address)) {
      throw new SparkError(
        'UNSAFE_ARGUMENT',
        `${JSON.stringify(address)} is not an address that the launcher's node list can hold. Correct host ${key}.`,
      );
    }
    return address;
  });
}

const labelWords = (labels: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(labels).flatMap(([name, value]) => ['--label', assertUnquotedWord(`${name}=${value}`, `The label ${name}`)]);

const mountWords = (plan: LaunchPlan): readonly string[] =>
  plan.mounts.flatMap((path) => ['-v', `${assertUnquotedWord(path, `The local_path ${JSON.stringify(path)}`)}:${path}:ro`]);

const legacyCacheWords = (generation: LauncherGeneration, cache: string | null): readonly string[] =>
  generation === 'legacy' && cache !== null ? ['-v', `${cache}:${LEGACY_CACHE}`, '-e', `HF_HOME=${LEGACY_CACHE}`] : [];
