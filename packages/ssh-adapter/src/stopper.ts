import { type Claim, type Clock, type LogLine, SparkError } from '@spark-control/core';
import type { ClusterHosts, HostShell, ReachedHost } from './cluster-hosts.ts';
import { CONTAINER_FUNCTIONS, call } from './container-script.ts';
import type { SeenContainer } from './docker-observer.ts';
import { EXIT, runGuarded } from './guarded-script.ts';
import { cancelJobsScript } from './job-script.ts';
import { lookUntil } from './look-until.ts';
import { parseParkedName } from './parked-name.ts';
import { CAPTURE_FUNCTION, parkCommands, parkingOf, restore } from './parking.ts';

/** A container can still appear after its launcher was ended: a `docker run` was on its way to the other host. */
const SETTLE_MS = 2000;
const GONE_WITHIN_MS = 20_000;
/** For a port that is still open though no container was there to end: it may be on its way out. */
const CLOSED_WITHIN_MS = 3000;
const MAX_ROUNDS = 3;

type StopOptions = Readonly<{ park: boolean; report: (line: LogLine) => void }>;

/**
 * Ends what serves in a cluster with plain `docker` on every host. The launcher's own `stop` is not used: it says "stopped" for hosts that
 * it could not reach, hangs on a pulled cable, and always ends with 0.
 */
export class Stopper {
  readonly #hosts: ClusterHosts;
  readonly #clock: Clock;

  constructor(hosts: ClusterHosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /** Looks, ends by container id what was seen, looks again; until nothing is there and the port is closed. Rejects RUNTIME_REJECTED otherwise. */
  async stop(claim: Claim, options: StopOptions, signal: AbortSignal): Promise<Readonly<{ note: string }>> {
    await this.#hosts.assertClaim(claim, signal);
    const ended = new Set<string>();
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const seen = await this.#hosts.lookAtAll(signal);
      if (options.park) refuseLoss(seen);
      const cancelled = await Promise.all(seen.map((host, at) => this.#endOn(this.#hosts.all[at], host, claim, options, signal)));
      for (const { name } of seen.flatMap(targets)) ended.add(name);
      if (cancelled.includes(true)) await this.#clock.sleep(SETTLE_MS, signal);
      const wasIdle = !cancelled.includes(true) && seen.every((host) => targets(host).length === 0);
      if (await this.#isGone(wasIdle ? CLOSED_WITHIN_MS : GONE_WITHIN_MS, signal)) return { note: noteOf(ended, this.#hosts.all.length) };
      if (wasIdle) break;
    }
    throw await this.#stillThere(signal);
  }

  async unpark(claim: Claim, action: 'restore' | 'discard', signal: AbortSignal): Promise<void> {
    await this.#hosts.assertClaim(claim, signal);
    const seen = await this.#hosts.lookAtAll(signal);
    // Workers first: a head that comes up alone waits for them, a worker waits for its head longer.
    for (const host of [...seen].reverse()) {
      const on = this.#hosts.all.find((candidate) => candidate.host.key === host.host);
      if (on === undefined) continue;
      const parked = host.containers.filter((container) => container.parked);
      for (const container of action === 'restore'
        ? newestOfEachName(parked)
        : parked.filter((container) => isParkedBy(container, claim))) {
        if (action === 'restore') await restore(on, container, claim, signal);
        else await discard(on, container, claim, signal);
      }
    }
  }

  /** Says whether a job was cancelled. Runs also without targets: the claim is checked and a launcher on its way is ended. */
  async #endOn(on: HostShell | undefined, seen: ReachedHost, claim: Claim, options: StopOptions, signal: AbortSignal): Promise<boolean> {
    if (on === undefined) return false;
    const found = targets(seen);
    for (const { name, state } of found) {
      options.report({ host: on.host.key, at: this.#clock.now(), line: `Ending container ${name} (${state}) on ${on.host.name}.` });
    }
    const commands = found.map((container) =>
      options.park && container.identity === null ? parkCommands(container, claim) : call('spark_remove', container.id, container.name),
    );
    const body = [CONTAINER_FUNCTIONS, CAPTURE_FUNCTION, `printf '%s' "$spark_cancelled"`, ...commands, ':'].join('\n');
    const before = cancelJobsScript(claim.cluster, claim.controller, claim.fence);
    const result = await runGuarded(on.shell, claim, body, 'ending containers', { timeoutMs: 110_000, wait: true, before, signal });
    if (result.exitCode === EXIT.uncapturable) throw uncapturable(on, found);
    return result.stdout.startsWith('1');
  }

  async #isGone(forMs: number, signal: AbortSignal): Promise<boolean> {
    const gone = await lookUntil(this.#clock, { everyMs: 200, forMs, signal }, async () => {
      const seen = await this.#hosts.lookAtAll(signal);
      // A container that appears now needs another round, not more patience.
      if (seen.some((host) => targets(host).some(({ state }) => state === 'running' || state === 'unhealthy'))) return 'again';
      return seen.every((host) => targets(host).length === 0) && seen[0]?.portOwner === null ? 'gone' : null;
    });
    return gone === 'gone';
  }

  async #stillThere(signal: AbortSignal): Promise<SparkError> {
    const { cluster } = this.#hosts;
    const seen = await this.#hosts.lookAtAll(signal);
    const left = seen.flatMap((host) => targets(host).map(({ name, state }) => `container ${name} on ${host.host} (${state})`));
    const owner = seen[0]?.portOwner ?? null;
    const what = left.length > 0 ? left.join(', ') : `port ${cluster.port} on ${cluster.hosts[0]?.name}, held by ${owner ?? 'somebody'}`;
    const hint =
      left.length > 0
        ? 'See "docker ps" there.'
        : 'It is not in a container that serves this cluster, so it is left alone; end it yourself.';
    return new SparkError('RUNTIME_REJECTED', `Could not be ended: ${what}. ${hint}`);
  }
}

const targets = (host: ReachedHost): readonly SeenContainer[] => host.containers.filter((container) => !container.parked);

/** What an earlier swap set aside and could not bring back stays: nobody has said that it may go. */
const isParkedBy = ({ name }: SeenContainer, claim: Claim): boolean => parseParkedName(name, claim.cluster)?.fence === claim.fence;

/** Somebody may have started it since the checks, which refuse to replace such a container unless it may be lost. */
function refuseLoss(seen: readonly ReachedHost[]): void {
  for (const host of seen) {
    const lost = targets(host).find((container) => container.identity === null && parkingOf(container) === 'lose');
    if (lost === undefined) continue;
    const message = `Container ${lost.name} on ${host.host} could not be brought back once it is stopped (it was started with --rm). It was left running.`;
    throw new SparkError('RUNTIME_REJECTED', message, { details: { host: host.host } });
  }
}

function noteOf(ended: ReadonlySet<string>, hosts: number): string {
  if (ended.size === 0) return 'nothing was running';
  return `ended ${[...ended].join(', ')}; verified on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}, logs saved`;
}

function uncapturable(on: HostShell, found: readonly SeenContainer[]): SparkError {
  const names = found.filter((container) => container.identity === null && parkingOf(container) === 'keep').map(({ name }) => name);
  const message = `How ${names.join(', ')} on ${on.host.name} was started cannot be read, so it could not be brought back. It was left running.`;
  return new SparkError('RUNTIME_REJECTED', message, { details: { host: on.host.key } });
}

/** Of several that bore one name (an earlier swap was broken off) the last one served last. */
function newestOfEachName(parked: readonly SeenContainer[]): readonly SeenContainer[] {
  const newest = new Map<string, SeenContainer>();
  const fenceOf = (container: SeenContainer): number => Number(/\d+$/.exec(container.name)?.[0] ?? 0);
  for (const container of parked) {
    const other = newest.get(container.parkedAs ?? '');
    if (other === undefined || fenceOf(other) < fenceOf(container)) newest.set(container.parkedAs ?? '', container);
  }
  return [...newest.values()];
}

async function discard(on: HostShell, { id }: SeenContainer, claim: Claim, signal: AbortSignal): Promise<void> {
  const body = `timeout 60 docker rm -f ${id} >/dev/null 2>&1 </dev/null
rm -rf "$spark_dir/parked/${id}"
! timeout 10 docker inspect ${id} >/dev/null 2>&1 </dev/null`;
  const result = await runGuarded(on.shell, claim, body, 'removing a parked container', { timeoutMs: 90_000, wait: true, signal });
  if (result.exitCode !== 0) throw new SparkError('RUNTIME_REJECTED', `A parked container could not be removed on ${on.host.name}.`);
}
