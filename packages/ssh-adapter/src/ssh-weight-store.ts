import {
  type Clock,
  type DownloadOrder,
  type DownloadProgress,
  type HostKey,
  type HostWeights,
  localPathProblem,
  type PathVerdict,
  type Removal,
  SparkError,
  type WeightStore,
  type WeightsQuestion,
} from '@spark-control/core';
import { askHosts } from './ask-hosts.ts';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { MAX_ANSWER_BYTES, parseSize, sizeScript } from './hub-size.ts';
import { pathProblem, pathScript } from './path-check.ts';
import { knownOutcome } from './remote-shell.ts';
import { WeightsDelivery } from './weights-delivery.ts';
import { parseRemoval, removalScript } from './weights-removal.ts';
import { parseSurvey, surveyScript } from './weights-survey.ts';

/** {@link WeightStore} of the hosts of one cluster, over SSH. */
export class SshWeightStore implements WeightStore {
  readonly #hosts: ClusterHosts;
  readonly #clock: Clock;

  constructor(hosts: ClusterHosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  async survey(questions: readonly WeightsQuestion[], signal: AbortSignal): Promise<readonly HostWeights[]> {
    signal.throwIfAborted();
    const { hfCache } = this.#hosts.cluster;
    const script = surveyScript(questions, hfCache);
    return await askHosts<HostWeights>(this.#hosts.all, signal, async ({ host, shell }) => {
      const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 60_000, signal }), 'looking for weights');
      const found = parseSurvey(result.stdout, questions, hfCache);
      if (found !== null) return { host: host.key, ...found };
      throw new SparkError('RUNTIME_REJECTED', `${host.name} gave no complete answer about its weights.`);
    });
  }

  async checkPath(path: string, roots: readonly string[], signal: AbortSignal): Promise<readonly PathVerdict[]> {
    signal.throwIfAborted();
    const form = localPathProblem(path, roots);
    if (form !== null) return this.#hosts.all.map(({ host }) => ({ host: host.key, ok: false, problem: `The path ${form}.` }));
    const script = pathScript(path, roots);
    const verdicts = await askHosts(this.#hosts.all, signal, async ({ host, shell }) => {
      const { stdout } = knownOutcome(shell, await shell.run(script, { timeoutMs: 30_000, signal }), 'looking for a path');
      return { host: host.key, problem: pathProblem(stdout.trim(), host) };
    });
    return verdicts.map((verdict) => {
      const { host } = verdict;
      if ('problem' in verdict) return { host, ok: verdict.problem === null, problem: verdict.problem };
      return { host, ok: false, problem: `${this.#nameOf(host)} cannot be asked: ${verdict.reason}`, unknown: true };
    });
  }

  /** Each host is asked in turn, since not every one need reach the hub. */
  async sizeOf(repo: string, revision: string | null, token: string | null, signal: AbortSignal): Promise<number | null> {
    const script = sizeScript(repo, revision, token);
    for (const on of this.#hosts.all) {
      const [answer] = await askHosts([on], signal, async ({ shell }) => {
        const result = await shell.run(script, { timeoutMs: 45_000, maxOutputBytes: MAX_ANSWER_BYTES, signal });
        return parseSize(result.stdout);
      });
      if (typeof answer === 'number') return answer;
    }
    return null;
  }

  async download(
    order: DownloadOrder,
    report: (progress: DownloadProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const totalBytes = await this.sizeOf(order.repo, order.revision, order.token, signal);
    await new WeightsDelivery(order, { hosts: this.#hosts, clock: this.#clock, report, log, totalBytes }).run(signal);
  }

  async remove(host: HostKey, repo: string, signal: AbortSignal): Promise<Removal> {
    const on = this.#on(host);
    const { cluster } = this.#hosts;
    const script = removalScript(repo, cluster);
    const result = await on.shell.run(script, { timeoutMs: 300_000, wait: true, signal });
    return parseRemoval(knownOutcome(on.shell, result, `deleting ${repo}`).stdout, on.host, { repo, hfCache: cluster.hfCache });
  }

  #on(key: HostKey): HostShell {
    const on = this.#hosts.all.find(({ host }) => host.key === key);
    if (on === undefined) throw new SparkError('HOST_NOT_FOUND', `Host ${key} is not in cluster ${this.#hosts.cluster.key}.`);
    return on;
  }

  #nameOf(key: HostKey): string {
    return this.#hosts.all.find(({ host }) => host.key === key)?.host.name ?? key;
  }
}
