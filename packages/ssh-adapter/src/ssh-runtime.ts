import type { Claim, Clock, HostObservation, LaunchPlan, LogLine, ModelRuntime } from '@spark-control/core';
import type { ClusterHosts } from './cluster-hosts.ts';
import { asObservation } from './docker-observer.ts';
import { type LaunchRecipe, LaunchSequence } from './launch-sequence.ts';
import { LogFollower } from './log-follower.ts';
import { Stopper } from './stopper.ts';

/** What differs between launchers: how a launch is prepared. Everything else is plain Docker on each host. */
export type RecipeOf = (plan: LaunchPlan, claim: Claim, signal: AbortSignal) => LaunchRecipe;

/** {@link ModelRuntime} of one cluster over SSH and the Docker command line, for any launcher. */
export class SshRuntime implements ModelRuntime {
  readonly #hosts: ClusterHosts;
  readonly #recipeOf: RecipeOf;
  readonly #sequence: LaunchSequence;
  readonly #stopper: Stopper;
  readonly #follower: LogFollower;

  constructor(hosts: ClusterHosts, clock: Clock, recipeOf: RecipeOf) {
    this.#hosts = hosts;
    this.#recipeOf = recipeOf;
    this.#sequence = new LaunchSequence(hosts, clock);
    this.#stopper = new Stopper(hosts, clock);
    this.#follower = new LogFollower(hosts, clock);
  }

  async observe(signal: AbortSignal, hostLimitMs?: number): Promise<readonly HostObservation[]> {
    return (await this.#hosts.look(signal, hostLimitMs)).map(asObservation);
  }

  launch(plan: LaunchPlan, claim: Claim, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    return this.#sequence.run({ plan, claim, report, signal }, this.#recipeOf(plan, claim, signal));
  }

  stop(
    claim: Claim,
    options: Readonly<{ park: boolean; report: (line: LogLine) => void }>,
    signal: AbortSignal,
  ): Promise<Readonly<{ note: string }>> {
    return this.#stopper.stop(claim, options, signal);
  }

  unpark(claim: Claim, action: 'restore' | 'discard', signal: AbortSignal): Promise<void> {
    return this.#stopper.unpark(claim, action, signal);
  }

  followLogs(sinceMs: number | null, report: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    return this.#follower.follow(sinceMs, report, signal);
  }
}
