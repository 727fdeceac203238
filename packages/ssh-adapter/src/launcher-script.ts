import {
  type Claim,
  type Cluster,
  type LauncherGeneration,
  type LaunchPlan,
  labelsOf,
  launcherCommand,
  launchScript,
  legacyExecScript,
  type ReadSecret,
  resolveHome,
  SparkError,
  shellJoin,
  shellQuote,
} from '@spark-control/core';
import type { ClusterHosts } from './cluster-hosts.ts';
import { type JobContent, jobName } from './job-script.ts';
import { knownOutcome } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';

export type Launcher = Readonly<{ directory: string; generation: LauncherGeneration }>;

/**
 * sh commands that print the launcher's own help. Only `--help`: the January 2026 script takes any other unknown word for a
 * command, starts Ray on every Spark it finds, and runs it.
 */
export const helpSection = (directory: string): string => `spark_launcher=${directory}/launch-cluster.sh
printf '\\036launcher\\n'
if [ -f "$spark_launcher" ] && [ -r "$spark_launcher" ]; then
  printf 'found %s\\n' "$spark_launcher"
  ( cd ${directory} && timeout 15 ./launch-cluster.sh --help 2>&1 </dev/null | head -c 65536 )
fi`;

/** A folder as one sh word; `~` is the login user's home, and works without knowing where that is. */
export const folderWord = (path: string): string =>
  path === '~' ? '"$HOME"' : path.startsWith('~/') ? `"$HOME"/${shellQuote(path.slice(2))}` : shellQuote(path);

/** `null`: there is no launcher. The exit code of `--help` is 1 and says nothing. */
export function parseHelp(text: string): Readonly<{ path: string; generation: LauncherGeneration }> | null {
  const [first = '', ...help] = text.split('\n');
  if (!first.startsWith('found ')) return null;
  const words = help.join('\n');
  const isModern = /(?:^|\s)--launch-script\b/.test(words) && /(?:^|\s)--solo\b/.test(words);
  return { path: first.slice('found '.length), generation: isModern ? 'modern' : 'legacy' };
}

export async function findLauncher(hosts: ClusterHosts, signal: AbortSignal): Promise<Launcher> {
  const { shell, host } = hosts.head;
  const directory = launcherDirectory(hosts.cluster);
  const result = await shell.run(helpSection(folderWord(directory)), { timeoutMs: 30_000, wait: true, signal });
  const known = knownOutcome(shell, result, 'asking the launcher for its options');
  const found = parseHelp(sectionsOf(known.stdout).get('launcher') ?? '');
  if (found !== null) return { directory, generation: found.generation };
  throw new SparkError('LAUNCHER_FAILED', `There is no launch-cluster.sh in ${directory} on ${host.name}.`, {
    details: { host: host.key },
  });
}

export function launcherDirectory(cluster: Cluster): string {
  if (cluster.launcherDirectory !== null) return cluster.launcherDirectory;
  throw new SparkError('INVALID_SETTINGS', `Cluster ${cluster.key} uses launch_cluster but names no launcher_directory.`);
}

export type LauncherJobInput = Readonly<{
  plan: LaunchPlan;
  claim: Claim;
  cluster: Cluster;
  launcher: Launcher;
  home: string;
  secrets: ReadSecret;
}>;

/** The job that calls the launcher. @throws {SparkError} UNSAFE_ARGUMENT, PREFLIGHT_FAILED (a secret is not set). */
export function launcherJob(input: LauncherJobInput): Omit<JobContent, 'limitSeconds'> {
  const { plan, claim, cluster, launcher, home, secrets } = input;
  const scriptPath = `${home}/.spark-control/${claim.cluster}/jobs/${jobName(claim)}/launch.sh`;
  const command = launcherCommand(plan, cluster, launcher.generation, { scriptPath, labels: labelsOf(plan, claim), home });
  const exports = Object.entries(command.env).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  const prelude = [`cd ${shellQuote(resolveHome(launcher.directory, home))} || exit 1`, ...exports];
  if (launcher.generation === 'modern') {
    return { script: [...prelude, `exec ${shellJoin(command.argv)}`, ''].join('\n'), files: { 'launch.sh': launchScript(plan, secrets) } };
  }
  return {
    script: [...prelude, legacyCommands(command.argv, plan.container)].join('\n'),
    files: { 'exec.sh': legacyExecScript(plan, secrets) },
  };
}

/**
 * The January 2026 launcher only brings up the containers: vLLM is started in the head's, from a file, so that no value goes
 * through that launcher's own word splitting. When it skipped the launch, the container is not ours and nothing is started in it.
 */
function legacyCommands(argv: readonly string[], container: string): string {
  const name = shellQuote(container);
  return `{ ${shellJoin(argv)}; printf '%s\\n' "$?" >"$spark_job/start.code"; } 2>&1 | tee "$spark_job/start.log"
read -r spark_code <"$spark_job/start.code"
[ "$spark_code" -eq 0 ] || exit "$spark_code"
! grep -q 'Skipping launch' "$spark_job/start.log" || exit 1
docker exec -i ${name} sh -c 'umask 077; cat >/tmp/spark-control-exec.sh' <"$spark_job/exec.sh" || exit
exec docker exec -d ${name} bash /tmp/spark-control-exec.sh
`;
}
