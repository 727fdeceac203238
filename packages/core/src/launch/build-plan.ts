import { envNameProblem } from '../catalog/env-names.ts';
import { isImageReference, localPathProblem } from '../catalog/locations.ts';
import type { Model } from '../catalog/model.ts';
import { type Issue, SparkError } from '../errors.ts';
import type { Cluster } from '../topology/cluster.ts';
import { digestOf } from './digest.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { assertPassable, assertUnquotedWord } from './quoting.ts';
import { vllmArgs } from './vllm-args.ts';

/**
 * What starts `model` on `cluster`. Pure: the same entry gives the same plan and digest.
 * @throws {SparkError} PREFLIGHT_FAILED with `issues` when the entry does not belong on this cluster;
 *   UNSAFE_ARGUMENT when a value cannot reach the model server exactly as written.
 */
export function buildPlan(model: Model, cluster: Cluster): LaunchPlan {
  const issues = placementIssues(model, cluster);
  if (issues.length > 0) {
    const detail = issues.map((issue) => issue.message).join(' ');
    throw new SparkError('PREFLIGHT_FAILED', `Model ${model.key} cannot run on cluster ${cluster.key}: ${detail}`, { details: { issues } });
  }
  const content = {
    model: model.key,
    servedModelName: model.servedModelName,
    image: model.image ?? cluster.image,
    args: vllmArgs(model),
    env: model.env,
    mounts: model.source.kind === 'local_path' ? [model.source.path] : [],
    nodes: cluster.hosts.slice(0, model.nodes).map((host) => host.key),
    port: cluster.port,
    container: cluster.container,
    weightsBytes: model.weightsBytes,
  };
  assertSafe(content, cluster);
  return { ...content, digest: digestOf(content) };
}

function placementIssues(model: Model, cluster: Cluster): readonly Issue[] {
  const issues: Issue[] = [];
  const add = (path: string, code: string, message: string): void => void issues.push({ path, code, message });
  if (model.clusters.length > 0 && !model.clusters.includes(cluster.key)) {
    add('/clusters', 'wrong_cluster', `The entry allows only ${model.clusters.join(', ')}.`);
  }
  if (model.nodes > cluster.hosts.length) {
    add('/nodes', 'too_few_hosts', `It needs ${model.nodes} hosts and the cluster has ${cluster.hosts.length}.`);
  }
  if (cluster.launcher === 'docker_run' && model.nodes > 1) {
    add('/nodes', 'one_host_launcher', 'The docker_run launcher starts a model on one host only; set nodes to 1.');
  }
  const pathProblem = model.source.kind === 'local_path' ? localPathProblem(model.source.path, cluster.modelRoots) : null;
  if (pathProblem !== null) add('/local_path', 'bad_path', `local_path ${pathProblem}.`);
  return issues;
}

function assertSafe(plan: Omit<LaunchPlan, 'digest'>, cluster: Cluster): void {
  const refuse = (message: string): never => {
    throw new SparkError('UNSAFE_ARGUMENT', message);
  };
  for (const [name, value] of Object.entries(plan.env)) {
    const problem = envNameProblem(name);
    if (problem !== null) refuse(`Model ${plan.model}: the environment variable ${JSON.stringify(name)} is refused: ${problem}.`);
    if (value.kind === 'literal') assertPassable(value.value, `The environment variable ${name} of model ${plan.model}`);
  }
  if (!isImageReference(plan.image)) refuse(`${JSON.stringify(plan.image)} is not a valid image reference.`);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(plan.container))
    refuse(`${JSON.stringify(plan.container)} is not a valid container name.`);
  // The launcher puts these into a string that a shell splits again, on the head and over ssh on the worker.
  if (cluster.launcher !== 'launch_cluster') return;
  for (const mount of plan.mounts) assertUnquotedWord(mount, `The local_path ${JSON.stringify(mount)}`);
  assertUnquotedWord(cluster.hfCache.replace(/^~(?=\/)/, ''), `The hf_cache of cluster ${cluster.key}`);
}
