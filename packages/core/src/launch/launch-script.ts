import { envEntries, type ReadSecret } from './launch-env.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { ansiCWord } from './quoting.ts';

/**
 * The file for `launch-cluster.sh --launch-script`. The launcher copies it into the containers, reads `-tp` out of it, removes
 * backend flags with sed and appends `--nnodes ...` to its last line: so the values stand hex-escaped in an array and the last
 * line is the command. It holds secrets: write it with mode 0600 and remove it afterwards.
 * @throws {SparkError} UNSAFE_ARGUMENT, or PREFLIGHT_FAILED when a secret is not set.
 */
export function launchScript(plan: LaunchPlan, secrets: ReadSecret): string {
  return script(plan, secrets, `exec vllm serve "\${A[@]}" -tp ${plan.nodes.length}`);
}

/**
 * What to run in the head container after the January 2026 launcher's `start`, with `docker exec -d NAME bash FILE`. That launcher joins the
 * words after `exec` with blanks and parses them again, and stays in the foreground; so we start vLLM ourselves, on the Ray cluster
 * that it made. Output goes where `docker logs` reads. The same care as for {@link launchScript}: it holds secrets.
 */
export function legacyExecScript(plan: LaunchPlan, secrets: ReadSecret): string {
  const backend = plan.nodes.length > 1 ? ' --distributed-executor-backend ray' : '';
  return script(plan, secrets, `exec vllm serve "\${A[@]}"${backend} -tp ${plan.nodes.length} >> /proc/1/fd/1 2>&1`);
}

/** Every word after `vllm serve` but the tensor parallelism, which each launcher has to see in its own way. */
export const servingWords = (plan: LaunchPlan): readonly string[] => [...plan.args, '--host', '0.0.0.0', '--port', String(plan.port)];

function script(plan: LaunchPlan, secrets: ReadSecret, lastLine: string): string {
  const exports = envEntries(plan, secrets).map(
    ([name, value]) => `export ${name}=${ansiCWord(value, `The environment variable ${name}`)}`,
  );
  const words = servingWords(plan).map((word) => ansiCWord(word, `An argument of model ${plan.model}`));
  return ['#!/usr/bin/env bash', ...exports, `A=(${words.join(' ')})`, lastLine, ''].join('\n');
}
