import { type Clock, type DownloadOrder, type DownloadProgress, type HostKey, isSparkError, SparkError } from '@spark-control/core';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { downloadFailure } from './download-failure.ts';
import { followHostJob } from './follow-host-job.ts';
import { EXIT } from './guarded-script.ts';
import type { JobContent } from './job-script.ts';
import { knownOutcome } from './remote-shell.ts';
import { copyJob } from './weights-copy.ts';
import { endContainerScript, fetchJob, progressScript, tidyScript } from './weights-download.ts';
import { parseWeights, weightsSection } from './weights-section.ts';

const TAIL_LINES = 40;

export type DeliveryTools = Readonly<{
  hosts: ClusterHosts;
  clock: Clock;
  report: (progress: DownloadProgress) => void;
  log: (host: HostKey, line: string) => void;
  /** Bytes of the repository at the hub, where they could be told. */
  totalBytes: number | null;
}>;

/**
 * Brings one repository to some hosts of a cluster: from the hub to one, and from that one to the others over the fast link; each from
 * the hub where that does not work. What is there already is left alone.
 */
export class WeightsDelivery {
  readonly #order: DownloadOrder;
  readonly #tools: DeliveryTools;

  constructor(order: DownloadOrder, tools: DeliveryTools) {
    this.#order = order;
    this.#tools = tools;
  }

  /** Settles when every host has it, or every one that can has it; rejects with the first failure. */
  async run(signal: AbortSignal): Promise<void> {
    const wanted = this.#wanted();
    for (const { host } of wanted) this.#say(host.key, 'waiting', null, null);
    const missing: HostShell[] = [];
    for (const on of wanted) {
      const bytes = await this.#completeBytes(on, signal);
      if (bytes === null) missing.push(on);
      else this.#say(on.host.key, 'done', bytes, 'It was there already.');
    }
    const first = missing[0];
    if (first === undefined) return;
    const source = (await this.#findSource(missing, signal)) ?? (await this.#fetchFirst(missing, signal));
    const others = missing.filter((on) => on !== source.on);
    const outcomes = await Promise.allSettled(others.map((on) => this.#bring(on, source, signal)));
    signal.throwIfAborted();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #wanted(): readonly HostShell[] {
    const { hosts } = this.#tools;
    for (const key of this.#order.hosts) {
      if (!hosts.all.some(({ host }) => host.key === key)) {
        throw new SparkError('HOST_NOT_FOUND', `Host ${key} is not in cluster ${hosts.cluster.key}.`, { details: { host: key } });
      }
    }
    return hosts.all.filter(({ host }) => this.#order.hosts.includes(host.key));
  }

  /** A host of the cluster, asked for or not, that has all of it. */
  async #findSource(missing: readonly HostShell[], signal: AbortSignal): Promise<Source | null> {
    for (const on of this.#tools.hosts.all) {
      if (missing.includes(on)) continue;
      const bytes = await this.#completeBytes(on, signal).catch((error: unknown) => {
        // It was not asked to have them: without it they come from the hub.
        if (signal.aborted || !isSparkError(error)) throw error;
        return null;
      });
      if (bytes !== null) return { on, bytes };
    }
    return null;
  }

  async #fetchFirst(missing: readonly HostShell[], signal: AbortSignal): Promise<Source> {
    const [first] = missing;
    if (first === undefined) throw new RangeError('no host is missing anything');
    return { on: first, bytes: await this.#fetch(first, signal) };
  }

  async #bring(on: HostShell, source: Source, signal: AbortSignal): Promise<void> {
    if (!(await this.#copy(on, source, signal))) await this.#fetch(on, signal);
  }

  /** False: it did not work, and nothing is lost by trying the hub. */
  async #copy(on: HostShell, source: Source, signal: AbortSignal): Promise<boolean> {
    const { hosts, log } = this.#tools;
    // The launcher logs in from the head to the others, never the other way round.
    const isPull = this.#isHead(on);
    const [runner, peer] = isPull ? [on, source.on] : [source.on, on];
    const job = `${this.#order.job}.${on.host.key}.copy`;
    const content = copyJob({
      ...{ repo: this.#order.repo, cluster: hosts.cluster, peer: peer.host, job },
      direction: isPull ? 'pull' : 'push',
    });
    const progress = { on, phase: 'copying', total: source.bytes } as const;
    const { exitCode, tail } = await this.#follow(runner, job, content, progress, signal);
    if (exitCode === 0 && (await this.#verified(on, signal)) !== null) return true;
    const failure = downloadFailure({ repo: this.#order.repo, host: on.host, hasToken: true, exitCode, tail });
    if (failure.code === 'NOT_ENOUGH_DISK') throw this.#failed(on, failure);
    const why = exitCode === EXIT.noPeer ? `${runner.host.name} may not log in to ${peer.host.name} without being asked` : failure.message;
    log(on.host.key, `The copy over the link did not work (${why}); it is downloaded instead.`);
    return false;
  }

  /** From the hub. Resolves with the bytes that are there then. */
  async #fetch(on: HostShell, signal: AbortSignal): Promise<number> {
    const { repo, revision, token } = this.#order;
    const { hosts, totalBytes } = this.#tools;
    const job = `${this.#order.job}.${on.host.key}.get`;
    const container = `spark-control-${job}`;
    const content = fetchJob({ repo, revision, token, cluster: hosts.cluster, container, isHead: this.#isHead(on) });
    const progress = { on, phase: 'downloading', total: totalBytes, container } as const;
    const { exitCode, tail } = await this.#follow(on, job, content, progress, signal);
    if (exitCode !== 0) throw this.#failed(on, downloadFailure({ repo, host: on.host, hasToken: token !== null, exitCode, tail }));
    const bytes = await this.#verified(on, signal);
    if (bytes !== null) return bytes;
    const message = `The download of ${repo} on ${on.host.name} ended well, but the folder is no complete model: its config.json, or files that its index names, are missing.`;
    throw this.#failed(on, new SparkError('RUNTIME_REJECTED', message, { details: { host: on.host.key } }));
  }

  async #follow(
    runner: HostShell,
    name: string,
    content: JobContent,
    progress: Readonly<{ on: HostShell; phase: 'downloading' | 'copying'; total: number | null; container?: string }>,
    signal: AbortSignal,
  ): Promise<Readonly<{ exitCode: number | null; tail: readonly string[] }>> {
    const { log, clock, hosts } = this.#tools;
    const { on, phase, total, container } = progress;
    const tail: string[] = [];
    const onLine = (line: string): void => {
      if (line.trim() === '') return;
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      log(on.host.key, line);
    };
    const onLook = async (): Promise<void> => {
      const script = progressScript(this.#order.repo, hosts.cluster.hfCache);
      const { stdout } = await on.shell.run(script, { timeoutMs: 15_000, signal });
      const bytes = Number.parseInt(stdout, 10) * 1024;
      const done = Number.isNaN(bytes) ? 0 : bytes;
      this.#say(on.host.key, phase, total === null ? done : Math.min(done, total), null, total);
    };
    const onCancel = async (stop: AbortSignal): Promise<void> => {
      if (container !== undefined) await runner.shell.run(endContainerScript(container), { timeoutMs: 30_000, wait: true, signal: stop });
    };
    this.#say(on.host.key, phase, null, null, total);
    const end = await followHostJob({ shell: runner.shell, name, clock, onLine, onLook, onCancel }, content, signal);
    return { exitCode: end.kind === 'ended' ? end.exitCode : null, tail };
  }

  async #verified(on: HostShell, signal: AbortSignal): Promise<number | null> {
    this.#say(on.host.key, 'verifying', null, null);
    const bytes = await this.#completeBytes(on, signal, tidyScript(this.#order.repo, this.#tools.hosts.cluster.hfCache));
    if (bytes !== null) this.#say(on.host.key, 'done', bytes, null, bytes);
    return bytes;
  }

  /** Bytes of the repository on a host that has all of it; `null` on one that has not. */
  async #completeBytes({ shell }: HostShell, signal: AbortSignal, before = ':'): Promise<number | null> {
    const { repo, revision } = this.#order;
    const look = weightsSection({ kind: 'repo', repo, revision }, this.#tools.hosts.cluster.hfCache);
    const { stdout } = knownOutcome(
      shell,
      await shell.run(`${before}\n${look}`, { timeoutMs: 60_000, wait: true, signal }),
      'looking for weights',
    );
    const found = parseWeights(stdout);
    return found?.complete === true ? found.bytes : null;
  }

  #isHead({ host }: HostShell): boolean {
    return host.key === this.#tools.hosts.head.host.key;
  }

  #failed({ host }: HostShell, error: SparkError): SparkError {
    this.#say(host.key, 'failed', null, error.message);
    return error;
  }

  #say(host: HostKey, phase: DownloadProgress['phase'], doneBytes: number | null, note: string | null, total?: number | null): void {
    this.#tools.report({ host, phase, doneBytes, totalBytes: total ?? doneBytes ?? this.#tools.totalBytes, note });
  }
}

type Source = Readonly<{ on: HostShell; bytes: number }>;
