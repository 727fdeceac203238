import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WireSwap } from '@spark-control/schema';
import { type Installation, rigCluster } from './cluster.ts';
import { eventually } from './commands.ts';
import { ControlPlane, type ModelEntry } from './control-plane.ts';
import { freeze, thaw } from './freeze.ts';
import { type ContainerStart, containerStarts, fenceOn, runningJob, type SeenFence } from './host-record.ts';
import { startsOn } from './hosts.ts';
import type { Rig } from './rig.ts';
import type { SparkHost } from './spark-host.ts';
import { SwapEvents } from './swap-events.ts';

/** Ten times as fast as written: loads take a second and a half, the first token of an answer 0.4 s, all of a long one 4 s. */
export const RIVAL_SCENE = { speed: 10, default: { loadSeconds: 15, stopSeconds: 3, firstTokenMs: 4_000, tokenMs: 1_000 } } as const;

export const MODELS = ['alpha', 'beta', 'gamma'] as const;
export type ModelName = (typeof MODELS)[number];

/** Phases of a swap that goes well, in order. */
const PHASES = ['validating', 'draining', 'stopping', 'launching', 'loading', 'warming'] as const;
type Phase = (typeof PHASES)[number];

/**
 * When a control plane is frozen.
 * - `asked`: as soon as it has taken the request on.
 * - `phase`: some time after its stream has shown the phase.
 * - `job`: while its launcher runs on the host, which then goes on alone.
 * - `hung_job`: the same, and the launcher hangs there from then on.
 */
export type Moment = Readonly<{ kind: 'asked' | 'job' | 'hung_job' } | { kind: 'phase'; phase: Phase; afterMs: number }>;

export type Takeover = Readonly<{
  moment: Moment;
  serving: ModelName;
  /** What the control plane that will be frozen swaps to, and what the other one does. */
  frozen: ModelName;
  legitimate: ModelName;
}>;

/** What one round left behind. Times are in ms of the machine's clock. */
export type Outcome = Readonly<{
  frozen: WireSwap;
  legitimate: WireSwap;
  /** The phase in which it was frozen; `null`: it had settled. */
  frozenIn: string | null;
  /** Fence files as the legitimate swap left them, and at the end of the round, of each host. */
  claims: readonly SeenFence[];
  claimsAtEnd: readonly SeenFence[];
  containers: readonly ContainerStart[];
  /** Models of the processes that the head saw start, in order. */
  servers: readonly string[];
}>;

/** Two control planes over the same hosts, each with a data folder of its own and nothing in common but the hosts. */
export class Rivals {
  readonly planes: readonly [ControlPlane, ControlPlane];
  readonly hosts: readonly SparkHost[];
  readonly #cluster: string;
  readonly #url: string;

  constructor(rig: Rig, installation: Installation) {
    const cluster = rigCluster(rig, { installation });
    const models = catalog(cluster.hosts.length);
    this.planes = [new ControlPlane(rig, [cluster], models), new ControlPlane(rig, [cluster], models)];
    this.hosts = rig.hosts.slice(0, cluster.hosts.length);
    this.#cluster = cluster.key;
    this.#url = `http://${cluster.hosts[0]?.address}:${cluster.port}`;
  }

  async start(): Promise<void> {
    await Promise.all(this.planes.map((plane) => plane.start()));
  }

  async stop(): Promise<void> {
    for (const { pid } of this.planes) if (pid !== 0) tryThaw(pid);
    await Promise.all(this.planes.map((plane) => plane.stop()));
  }

  /** One freezes in the middle of its swap, the other swaps, the first goes on. `first`: index of the one that freezes. */
  async takeOver(first: 0 | 1, round: Takeover): Promise<Outcome> {
    const [frozenPlane, otherPlane] = first === 0 ? this.planes : [this.planes[1], this.planes[0]];
    const since = Date.now();
    const seenServers = startsOn(this.#head).length;
    const busy = new AbortController();
    if (round.moment.kind === 'phase' && round.moment.phase === 'draining') this.#keepBusy(round.serving, busy.signal);
    try {
      const { body } = await frozenPlane.requestSwap({ model: round.frozen });
      await this.#await(round.moment, frozenPlane, body.id);
      const frozenAt = await freeze(frozenPlane.pid);
      if (round.moment.kind === 'hung_job') await this.#hangJob(body.id);
      const legitimate = await otherPlane.swap({ model: round.legitimate, force_restart: true });
      const claims = this.#claims();
      thaw(frozenPlane.pid);
      const frozen = await frozenPlane.settled(body.id);
      return {
        ...{ frozen, legitimate, frozenIn: phaseAt(frozen, frozenAt), claims, claimsAtEnd: this.#claims() },
        containers: (await Promise.all(this.hosts.map((host) => containerStarts(host, since)))).flat(),
        servers: startsOn(this.#head)
          .slice(seenServers)
          .map((start) => String(start.argv[1]).replace('org/', '')),
      };
    } finally {
      busy.abort();
    }
  }

  get #head(): SparkHost {
    const [head] = this.hosts;
    if (head === undefined) throw new RangeError('a cluster without hosts');
    return head;
  }

  #claims(): readonly SeenFence[] {
    return this.hosts.map((host) => fenceOn(host, this.#cluster));
  }

  async #await(moment: Moment, plane: ControlPlane, id: string): Promise<void> {
    if (moment.kind === 'asked') return;
    if (moment.kind !== 'phase') {
      await eventually('the launch to run on the host', () => runningJob(this.#head, this.#cluster, id) !== null, 60_000, 2);
      return;
    }
    const events = await new SwapEvents().open(plane, id);
    try {
      await events.reached([...PHASES.slice(PHASES.indexOf(moment.phase)), 'ready', 'rolling_back', 'failed']);
      await pause(moment.afterMs); // a moment somewhere in the phase is the point
    } finally {
      events.close();
    }
  }

  /** Stops the launcher and all that it has started on the head; it may have ended in the meantime. */
  async #hangJob(id: string): Promise<void> {
    const folder = runningJob(this.#head, this.#cluster, id);
    if (folder === null) return;
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
    await this.#head.exec(['kill', '-s', 'STOP', '--', `-${pid}`]);
  }

  /** A request that the drain waits for, as long as it may. How it ends is nobody's concern. */
  #keepBusy(model: ModelName, signal: AbortSignal): void {
    const body = JSON.stringify({ model, prompt: 'Go on.', max_tokens: 5_000 });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' }, signal };
    fetch(`${this.#url}/v1/completions`, init)
      .then((answer) => answer.text())
      .catch(() => undefined);
  }
}

function tryThaw(pid: number): void {
  try {
    thaw(pid);
  } catch {
    // It has ended already.
  }
}

function catalog(nodes: number): Readonly<Record<string, ModelEntry>> {
  const flags = { 'gpu-memory-utilization': 0.5 };
  return Object.fromEntries(MODELS.map((name) => [name, { name, repo: `org/${name}`, nodes, weights_gib: 8, flags }]));
}

/** The phase that a swap was in at a time of this machine's clock; its steps tell when each began. */
function phaseAt(swap: WireSwap, at: number): string | null {
  if (swap.settled_at !== null && Date.parse(swap.settled_at) <= at) return null;
  const begun = swap.steps.filter((step) => step.started_at !== null && Date.parse(step.started_at) <= at);
  return begun.at(-1)?.phase ?? 'queued';
}
