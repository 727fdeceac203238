import { type Claim, type Clock, type LaunchPlan, type LogLine, type ManagedIdentity, SparkError, shellQuote } from '@spark-control/core';
import type { ClusterHosts, ReachedHost } from './cluster-hosts.ts';
import { DetachedJob } from './detached-job.ts';
import type { SeenContainer } from './docker-observer.ts';
import type { JobContent } from './job-script.ts';
import { lookUntil } from './look-until.ts';
import { knownOutcome } from './remote-shell.ts';

/** A pull of a big image over a slow line takes long; the job is cancelled by a stop, this is for when nobody is left to ask for one. */
const JOB_LIMIT_SECONDS = 3 * 3600;
/** From "dispatched" to the process in the table. */
const APPEARS_WITHIN_MS = 20_000;
const TAIL_LINES = 40;

export type LaunchRequest = Readonly<{ plan: LaunchPlan; claim: Claim; report: (line: LogLine) => void; signal: AbortSignal }>;
/** `prepare` is asked only when the job was never begun. `failure`: the code for an exit code other than 0. */
export type LaunchRecipe = Readonly<{
  prepare: () => Promise<Omit<JobContent, 'limitSeconds'>>;
  failure: 'LAUNCHER_FAILED' | 'RUNTIME_REJECTED';
  what: string;
}>;

/**
 * The part of a launch that both launchers share: a detached job on the head, once per claim, and then a look whether the model
 * server's process is there. An exit code of 0 says only that the command was handed over.
 */
export class LaunchSequence {
  readonly #hosts: ClusterHosts;
  readonly #clock: Clock;

  constructor(hosts: ClusterHosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  async run(request: LaunchRequest, recipe: LaunchRecipe): Promise<void> {
    const { claim, report } = request;
    await this.#hosts.assertClaim(claim, request.signal);
    const { host, shell } = this.#hosts.head;
    const tail: string[] = [];
    let isSkipped = false;
    const job = new DetachedJob(shell, claim, this.#clock, (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      if (line.startsWith('Cluster containers are already running. Skipping launch.')) isSkipped = true;
      report({ host: host.key, at: this.#clock.now(), line });
    });
    const end = await this.#runJob(job, request, recipe);
    const fail = (code: 'LAUNCHER_FAILED' | 'RUNTIME_REJECTED', message: string): SparkError =>
      new SparkError(code, message, { details: { host: host.key, logTail: [...tail] } });
    if (isSkipped)
      throw fail(
        'LAUNCHER_FAILED',
        `${recipe.what} on ${host.name} found a container of that name running on some host and started nothing new.`,
      );
    if (end === null) throw fail('LAUNCHER_FAILED', `${recipe.what} on ${host.name} was broken off before it ended.`);
    if (end !== 0) throw fail(recipe.failure, `${recipe.what} on ${host.name} failed with exit code ${end}.`);
    await this.#appeared(request, recipe.what, tail);
  }

  /** Exit code of the job; `null` when it ended without one. */
  async #runJob(job: DetachedJob, request: LaunchRequest, recipe: LaunchRecipe): Promise<number | null> {
    const { signal } = request;
    for (;;) {
      const before = await job.poll(signal);
      if (before.kind === 'lost') return null;
      if (before.kind === 'missing' || (before.kind === 'ended' && isGuardExit(before.exitCode))) {
        await this.#assertRoom(request);
        await job.start({ ...(await recipe.prepare()), limitSeconds: JOB_LIMIT_SECONDS }, signal);
      }
      const end = await job.finished(signal);
      if (end.kind === 'ended') return end.exitCode;
      if (end.kind === 'lost') return null;
    }
  }

  /** A container of the name, running or not, on any host, makes the launcher do something else than start ours. */
  async #assertRoom({ plan, claim, signal }: LaunchRequest): Promise<void> {
    for (const seen of await this.#hosts.lookAtAll(signal)) {
      // One of this very claim comes from another call, which began the job in the meantime.
      const other = seen.containers.find(({ name, identity }) => name === plan.container && !isOf(identity, claim));
      if (other === undefined) continue;
      const message = `A container ${other.name} (${other.state}) is in the way on ${seen.host}. It appeared after the stop; nothing was started.`;
      throw new SparkError('RUNTIME_REJECTED', message, { details: { host: seen.host } });
    }
  }

  async #appeared({ plan, claim, report, signal }: LaunchRequest, what: string, tail: readonly string[]): Promise<void> {
    const { host } = this.#hosts.head;
    const seen = await lookUntil(this.#clock, { everyMs: 150, forMs: APPEARS_WITHIN_MS, signal }, async () => {
      const head = await this.#hosts.lookAtHead(signal);
      const container = ours(head, plan, claim);
      if (container === undefined) return head.containers.some(({ name }) => name === plan.container) ? 'unlabelled' : 'gone';
      if (container.state === 'running') return 'running';
      return container.state === 'absent' ? 'ended' : null;
    });
    if (seen === 'running') return;
    const output = await this.#containerTail(plan, signal);
    for (const line of output) report({ host: host.key, at: this.#clock.now(), line });
    const details = { host: host.key, logTail: [...tail, ...output].slice(-TAIL_LINES) };
    throw new SparkError('LAUNCHER_FAILED', `${what} on ${host.name} said it was done, but ${absenceOf(seen, plan)}.`, { details });
  }

  async #containerTail(plan: LaunchPlan, signal: AbortSignal): Promise<readonly string[]> {
    const { shell } = this.#hosts.head;
    const script = `timeout 10 docker logs --tail ${TAIL_LINES} -- ${shellQuote(plan.container)} 2>&1 | grep -v '^Error.*No such container'`;
    const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 15_000, wait: true, signal }), 'reading the log');
    return result.stdout.split(/[\r\n]+/).filter((line) => line !== '');
  }
}

/** The guard of the runner kept it from beginning, so the claim may try again. */
const isGuardExit = (exitCode: number): boolean => exitCode >= 90 && exitCode <= 92;

const isOf = (identity: ManagedIdentity | null, claim: Claim): boolean => identity?.swap === claim.swap && identity.fence === claim.fence;

const ours = (head: ReachedHost, plan: LaunchPlan, claim: Claim): SeenContainer | undefined =>
  head.containers.find(({ name, identity }) => name === plan.container && isOf(identity, claim));

function absenceOf(seen: 'unlabelled' | 'gone' | 'ended' | null, plan: LaunchPlan): string {
  switch (seen) {
    case 'unlabelled':
      return `the container ${plan.container} does not bear our labels`;
    case 'gone':
      return `there is no container ${plan.container}`;
    case 'ended':
      return `the container ${plan.container} ended at once`;
    case null:
      return `no "vllm serve" appeared in the container ${plan.container}`;
    default:
      return seen satisfies never;
  }
}
