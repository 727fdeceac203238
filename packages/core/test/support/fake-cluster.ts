import {
  type Claim,
  type Cluster,
  type EndpointHealth,
  type FenceMark,
  type HostFence,
  type HostObservation,
  type HostProbe,
  type HostReport,
  hostKey,
  type LaunchPlan,
  type LogLine,
  type ModelEndpoint,
  type ModelRuntime,
  type ObservedContainer,
  SparkError,
  type SwapId,
} from '../../src/index.ts';
import type { FakeClock } from './fake-clock.ts';

const GIB = 2 ** 30;

type Server = {
  plan: LaunchPlan | null;
  claim: Claim | null;
  name: string;
  startedAt: number;
  readyAt: number;
  parked: boolean;
  dead: boolean;
};

/** Two hosts in memory: enough of a cluster to run the arbiter on, with faults that a test switches on. */
export class FakeCluster implements ModelRuntime, HostFence, HostProbe, ModelEndpoint {
  readonly launches: Claim[] = [];
  readonly calls: string[] = [];
  servers: Server[] = [];
  held: Claim | null = null;
  isDown = false;
  loadMs = 4_000;
  stopMs = 500;
  launchMs = 300;
  tokenMs = 200;
  inFlight = 0;
  /** What goes wrong, by served name or call. */
  faults: { crash?: string; neverReady?: string; noToken?: string; launch?: string } = {};
  /** Lines that a loading model writes. */
  lines: readonly string[] = ['Loading safetensors checkpoint shards:  50% Completed | 7/14 [00:02<00:02,  0.29s/it]'];
  readonly #clock: FakeClock;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster, clock: FakeClock) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  serving(): Server | undefined {
    return this.servers.find((server) => !server.parked && !server.dead);
  }

  startUnmanaged(name = 'theirs'): void {
    this.servers.push({
      plan: null,
      claim: null,
      name,
      startedAt: this.#clock.now(),
      readyAt: this.#clock.now(),
      parked: false,
      dead: false,
    });
  }

  async observe(signal: AbortSignal): Promise<readonly HostObservation[]> {
    signal.throwIfAborted();
    return this.#cluster.hosts.map((host): HostObservation => {
      if (this.isDown) return { host: host.key, reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route' };
      const containers = this.servers.map((server): ObservedContainer => this.#container(server, host.key));
      return {
        host: host.key,
        reachable: true,
        containers,
        portOwner: null,
        memAvailableBytes: this.serving() === undefined ? 110 * GIB : 20 * GIB,
      };
    });
  }

  async launch(plan: LaunchPlan, claim: Claim, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    this.calls.push(`launch ${plan.model} ${claim.fence}`);
    this.#check(claim, signal);
    report({ host: hostKey('spark1'), at: this.#clock.now(), line: 'Starting Head Node on 10.0.0.1...' });
    if (this.faults.launch !== undefined) throw new SparkError('LAUNCHER_FAILED', this.faults.launch);
    if (this.servers.some((server) => server.claim?.fence === claim.fence)) return;
    await this.#clock.sleep(this.launchMs, signal);
    this.#check(claim, signal);
    if (this.serving() !== undefined) throw new SparkError('RUNTIME_REJECTED', 'a container of that name runs');
    this.launches.push(claim);
    const startedAt = this.#clock.now();
    const never = this.faults.neverReady === plan.servedModelName;
    this.servers.push({
      plan,
      claim,
      name: 'vllm_node',
      startedAt,
      parked: false,
      dead: false,
      readyAt: never ? Number.POSITIVE_INFINITY : startedAt + this.loadMs,
    });
  }

  async stop(claim: Claim, options: { park: boolean }, signal: AbortSignal): Promise<{ note: string }> {
    this.calls.push(`stop ${claim.fence}`);
    this.#check(claim, signal);
    await this.#clock.sleep(this.stopMs, signal);
    this.#check(claim, signal);
    if (options.park) this.servers = this.servers.map((server) => (server.claim === null ? { ...server, parked: true } : server));
    this.servers = this.servers.filter((server) => server.parked);
    return { note: 'gone on 2 hosts' };
  }

  async unpark(claim: Claim, action: 'restore' | 'discard', signal: AbortSignal): Promise<void> {
    this.calls.push(`${action} ${claim.fence}`);
    this.#check(claim, signal);
    this.servers = this.servers.flatMap((server) =>
      server.parked ? (action === 'restore' ? [{ ...server, parked: false }] : []) : [server],
    );
  }

  async followLogs(_since: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    for (const line of this.lines) report({ host: hostKey('spark1'), at: this.#clock.now(), line });
    await this.#clock.sleep(1e9, signal).catch(() => undefined);
  }

  async look(signal: AbortSignal): Promise<FenceMark> {
    this.#reach(signal);
    return { seen: this.#cluster.hosts.map(({ name }) => ({ host: name, claim: this.held })) };
  }

  async claim(swap: SwapId, minimum: number, signal: AbortSignal, basis?: Claim | FenceMark): Promise<Claim> {
    this.#reach(signal);
    const file = this.held;
    if (basis !== undefined && file !== null) {
      const known = 'seen' in basis ? (basis.seen[0]?.claim ?? null) : basis;
      if (file.controller !== known?.controller || file.swap !== known.swap) {
        throw new SparkError('FENCED_OFF', 'another controller holds the cluster', { details: { holder: file.swap } });
      }
    }
    this.held = { cluster: this.#cluster.key, fence: Math.max(minimum, (file?.fence ?? 0) + 1), controller: 'ctl_1', swap };
    return this.held;
  }

  async inspect(): Promise<readonly HostReport[]> {
    return this.#cluster.hosts.map((host): HostReport => {
      if (this.isDown) return { host: host.key, reachable: false, code: 'HOST_UNREACHABLE', reason: 'no route' };
      const facts = {
        memTotalBytes: 121 * GIB,
        memAvailableBytes: 110 * GIB,
        cachedBytes: 0,
        swapFreeBytes: 0,
        uptimeSeconds: 1,
        diskFreeBytes: 900 * GIB,
        dockerVersion: '27.0',
        imageId: 'sha256:1',
        weights: { path: '/cache', bytes: GIB, complete: true },
        portOwner: null,
        launcher: null,
        gpu: null,
      };
      return { host: host.key, reachable: true, facts };
    });
  }

  async health(_url: string, signal: AbortSignal): Promise<EndpointHealth> {
    signal.throwIfAborted();
    const server = this.serving();
    if (this.isDown || server === undefined) return { kind: 'unreachable', reason: 'refused' };
    if (server.plan !== null && this.faults.crash === server.plan.servedModelName) server.dead = true;
    return this.#clock.now() >= server.readyAt && !server.dead ? { kind: 'healthy' } : { kind: 'unreachable', reason: 'refused' };
  }

  async models(): Promise<readonly { id: string; root: null; maxModelLen: number }[]> {
    const name = this.serving()?.plan?.servedModelName ?? 'theirs';
    return [{ id: name, root: null, maxModelLen: 4096 }];
  }

  async requestsInFlight(): Promise<number | null> {
    return this.inFlight;
  }

  async completeOneToken(_url: string, name: string, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(this.tokenMs, signal);
    if (this.isDown) throw new SparkError('UPSTREAM_FAILED', `${name} cannot be reached.`);
    if (this.faults.noToken === name) throw new SparkError('UPSTREAM_FAILED', `${name} answered 500.`);
  }

  #container(server: Server, host: ObservedContainer['host']): ObservedContainer {
    const { plan, claim } = server;
    return {
      host,
      id: `${server.name}-${claim?.fence ?? 0}`,
      name: server.name,
      image: 'vllm-node',
      state: server.dead ? 'absent' : 'running',
      identity:
        plan === null || claim === null
          ? null
          : { model: plan.model, swap: claim.swap, fence: claim.fence, controller: claim.controller, digest: plan.digest },
      parked: server.parked,
      restorable: true,
      startedAt: server.startedAt,
      exitCode: server.dead ? 1 : null,
    };
  }

  #reach(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.isDown) throw new SparkError('HOST_UNREACHABLE', 'spark1 cannot be reached: no route');
  }

  #check(claim: Claim, signal: AbortSignal): void {
    this.#reach(signal);
    const { held } = this;
    if (held?.fence !== claim.fence || held.swap !== claim.swap || held.controller !== claim.controller)
      throw new SparkError('FENCED_OFF', 'another claim is on the host');
  }
}
