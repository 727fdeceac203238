import {
  type Cluster,
  changeProblem,
  containerProblem,
  type Host,
  type Service,
  SparkError,
  servicePlace,
  shellQuote,
} from '@spark-control/core';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';

export type ServiceContainersOptions = Readonly<{
  clusters: readonly Cluster[];
  /** Shells of the hosts, for example those of a `ShellPool`. */
  pool: Readonly<{ shell: (host: Host) => RemoteShell }>;
}>;

export type ScriptRun = Readonly<{ what: string; timeoutMs: number; maxOutputBytes?: number }>;

/** The container of one service, and the shell of the host it is on. */
export type ServiceContainer = Readonly<{
  name: string;
  /** The name as one word for sh. */
  word: string;
  host: Host;
  /** Standard output of a script. Rejects HOST_UNREACHABLE when its outcome is not known. */
  run(script: string, run: ScriptRun, signal: AbortSignal): Promise<string>;
  refuse(message: string): SparkError;
}>;

/** Finds where the container of a service is. `to`: looking is allowed where changing is not. Throws NOT_SUPPORTED. */
export class ServiceContainers {
  readonly #options: ServiceContainersOptions;

  constructor(options: ServiceContainersOptions) {
    this.#options = options;
  }

  of(service: Service, to: 'look' | 'change'): ServiceContainer {
    const { clusters, pool } = this.#options;
    const problem = to === 'look' ? containerProblem(service, clusters) : changeProblem(service, clusters);
    const place = servicePlace(service, clusters);
    const name = service.container;
    if (problem !== null || place === null || name === null) {
      throw new SparkError('NOT_SUPPORTED', `This cannot be done with ${service.name}: ${problem ?? 'it has no container'}.`);
    }
    const { host } = place;
    const shell = pool.shell({ ...host, user: service.user ?? host.user });
    return {
      ...{ name, word: shellQuote(name), host },
      async run(script, { what, ...options }, signal) {
        return knownOutcome(shell, await shell.run(script, { ...options, wait: true, signal }), what).stdout;
      },
      refuse: (message) => new SparkError('RUNTIME_REJECTED', message, { details: { host: host.key } }),
    };
  }
}
