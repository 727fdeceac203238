import { looksSecret } from '../catalog/env-names.ts';
import { DEFAULT_HF_CACHE } from '../catalog/locations.ts';
import type { EnvValue } from '../catalog/model.ts';
import { maskSecrets } from '../redact.ts';
import type { Cluster } from '../topology/cluster.ts';
import { sortedEnv } from './launch-env.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { servingWords } from './launch-script.ts';
import { type LauncherGeneration, launcherTarget } from './launcher-command.ts';
import { shellJoin, shellQuote } from './quoting.ts';

const MASK = '***';

/**
 * The start as a person would type it, over several lines; secrets are masked. For reading, not for running: the real start
 * passes the same words through a file or stdin. `generation` is `null` where the launcher has not been asked yet.
 */
export function previewCommand(plan: LaunchPlan, cluster: Cluster, generation: LauncherGeneration | null): string {
  return maskSecrets(startOf(plan, cluster, generation));
}

function startOf(plan: LaunchPlan, cluster: Cluster, generation: LauncherGeneration | null): string {
  switch (cluster.launcher) {
    case 'launch_cluster':
      return launcherPreview(plan, cluster, generation ?? 'modern');
    case 'docker_run':
      return dockerPreview(plan, cluster);
    case 'simulated':
      return withEnv(plan, serveLines(plan, ''));
    default:
      return cluster.launcher satisfies never;
  }
}

function launcherPreview(plan: LaunchPlan, cluster: Cluster, generation: LauncherGeneration): string {
  const extra = plan.mounts.map((path) => `-v ${path}:${path}:ro`).join(' ');
  const folder = cluster.launcherDirectory === null ? [] : [`cd ${pathWord(cluster.launcherDirectory)}`];
  const cache = cluster.hfCache === DEFAULT_HF_CACHE || generation === 'legacy' ? [] : [`export HF_HOME=${pathWord(cluster.hfCache)}`];
  const dockerArgs = [...cache, ...(extra === '' ? [] : [`export VLLM_SPARK_EXTRA_DOCKER_ARGS=${shellQuote(extra)}`])];
  const launcher = ['./launch-cluster.sh', shellJoin(launcherTarget(plan, cluster, generation)), '-d'].join(' ');
  if (generation === 'modern') {
    return [
      ...folder,
      ...dockerArgs,
      `${launcher} --launch-script launch.sh`,
      '',
      '# launch.sh',
      withEnv(plan, serveLines(plan, 'exec ')),
    ].join('\n');
  }
  const backend = plan.nodes.length > 1 ? ' \\\n  --distributed-executor-backend ray' : '';
  const inContainer = [`# then, in container ${plan.container} of the first host`, withEnv(plan, serveLines(plan, '') + backend)];
  return [...folder, ...dockerArgs, `${launcher} start`, '', ...inContainer].join('\n');
}

function dockerPreview(plan: LaunchPlan, cluster: Cluster): string {
  const options = [
    '--gpus all --ipc=host --network host',
    `--name ${shellQuote(plan.container)}`,
    `-v ${pathWord(cluster.hfCache)}:/root/.cache/huggingface`,
    ...plan.mounts.map((path) => `-v ${shellQuote(`${path}:${path}:ro`)}`),
    ...sortedEnv(plan.env).map(([name, value]) => `-e ${assignment(name, value)}`),
    `--entrypoint vllm ${shellQuote(plan.image)} serve`,
  ];
  return ['docker run -d', ...options, ...argLines(plan)].join(' \\\n  ');
}

const serveLines = (plan: LaunchPlan, prefix: string): string => [`${prefix}vllm serve`, ...argLines(plan)].join(' \\\n  ');

/** A flag and its values share a line. */
function argLines(plan: LaunchPlan): readonly string[] {
  const lines: string[] = [];
  for (const word of [...servingWords(plan), '-tp', String(plan.nodes.length)]) {
    const last = lines.at(-1);
    if (last === undefined || word.startsWith('-') || !last.startsWith('-')) lines.push(shellQuote(word));
    else lines[lines.length - 1] = `${last} ${shellQuote(word)}`;
  }
  return lines;
}

const withEnv = (plan: LaunchPlan, command: string): string =>
  [...sortedEnv(plan.env).map(([name, value]) => `export ${assignment(name, value)}`), command].join('\n');

const assignment = (name: string, value: EnvValue): string =>
  `${name}=${value.kind === 'secret' || looksSecret(name) ? MASK : shellQuote(value.value)}`;

/** Quoted, but for a leading `~/`, which people want to see and a shell has to. */
const pathWord = (path: string): string => (path.startsWith('~/') ? `~/${shellQuote(path.slice(2))}` : shellQuote(path));
