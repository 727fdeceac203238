import { type Claim, type Cluster, type Host, headOf, SparkError } from '@spark-control/core';
import { DockerObserver, type SeenHost } from './docker-observer.ts';
import { assertClaim } from './guarded-script.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';

export type HostShell = Readonly<{ host: Host; shell: RemoteShell }>;
export type ReachedHost = SeenHost & Readonly<{ reachable: true }>;

/** The hosts of one cluster, each with its shell, and what can be asked of them. */
export class ClusterHosts {
  readonly cluster: Cluster;
  readonly all: readonly HostShell[];
  readonly head: HostShell;
  readonly #observer: DockerObserver;
  #home: string | null = null;

  constructor(cluster: Cluster, shellOf: (host: Host) => RemoteShell) {
    this.cluster = cluster;
    this.all = cluster.hosts.map((host) => ({ host, shell: shellOf(host) }));
    this.head = { host: headOf(cluster), shell: shellOf(headOf(cluster)) };
    this.#observer = new DockerObserver(cluster);
  }

  /** All hosts as they are, in the cluster's order. Unreachable ones say so. */
  look(signal: AbortSignal, hostLimitMs?: number): Promise<readonly SeenHost[]> {
    return Promise.all(this.all.map(({ host, shell }) => this.#observer.look(host.key, shell, signal, hostLimitMs)));
  }

  /** Like {@link look}, for steps that need them all: rejects with the trouble of the first host that could not be asked. */
  async lookAtAll(signal: AbortSignal): Promise<readonly ReachedHost[]> {
    return (await this.look(signal)).map(reached);
  }

  async lookAtHead(signal: AbortSignal): Promise<ReachedHost> {
    return reached(await this.#observer.look(this.head.host.key, this.head.shell, signal));
  }

  /** Rejects FENCED_OFF unless every host of the cluster holds `claim`. */
  assertClaim(claim: Claim, signal: AbortSignal): Promise<void> {
    return assertClaim(
      this.all.map(({ shell }) => shell),
      claim,
      signal,
    );
  }

  /** Home folder of the login user on the head. */
  async home(signal: AbortSignal): Promise<string> {
    if (this.#home === null) {
      const { shell } = this.head;
      const result = await shell.run(`printf '%s' "$HOME"`, { timeoutMs: 15_000, wait: true, signal });
      this.#home = knownOutcome(shell, result, 'asking for the home folder').stdout;
    }
    return this.#home;
  }
}

function reached(seen: SeenHost): ReachedHost {
  if (seen.reachable) return seen;
  throw seen.error ?? new SparkError('RUNTIME_REJECTED', `${seen.host}: ${seen.reason}`, { details: { host: seen.host } });
}
