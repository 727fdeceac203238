import { type ContainerFacts, LineSplitter, maskSecrets, type PatchBench, type Service, type ServiceHost } from '@spark-control/core';
import { sectionsOf } from './script-text.ts';
import { type ServiceContainer, ServiceContainers, type ServiceContainersOptions } from './service-container.ts';
import { capOf, parseFacts } from './service-facts.ts';
import { factsScript, limitScript, logsScript, restartScript } from './service-scripts.ts';
import { SshPatchBench } from './ssh-patch-bench.ts';

/** {@link ServiceHost} with plain docker, over the login of the service's own user where it has one. */
export class SshServiceHost implements ServiceHost {
  readonly patches: PatchBench;
  readonly #containers: ServiceContainers;

  constructor(options: ServiceContainersOptions) {
    this.#containers = new ServiceContainers(options);
    this.patches = new SshPatchBench(this.#containers);
  }

  async facts(service: Service, signal: AbortSignal): Promise<ContainerFacts | null> {
    const container = this.#containers.of(service, 'look');
    const stdout = await container.run(factsScript(container.word), { what: `looking at ${service.name}`, timeoutMs: 45_000 }, signal);
    if (outcomeOf(stdout) === 'missing') return null;
    const facts = parseFacts(stdout);
    if (facts === null) throw silentDocker(container);
    // Docker also takes the beginning of an id for a name.
    return facts.name === container.name ? facts : null;
  }

  async logs(service: Service, lines: number, signal: AbortSignal): Promise<readonly string[]> {
    const container = this.#containers.of(service, 'look');
    const what = `reading the log of ${service.name}`;
    const stdout = await container.run(logsScript(container.word, lines), { what, timeoutMs: 60_000 }, signal);
    const text = sectionsOf(stdout).get('lines');
    if (text === undefined) throw outcomeOf(stdout) === 'missing' ? missing(container) : silentDocker(container);
    const splitter = new LineSplitter();
    return [...splitter.push(text), ...splitter.flush()].slice(-lines).map(maskSecrets);
  }

  async restart(service: Service, signal: AbortSignal): Promise<void> {
    const container = this.#containers.of(service, 'change');
    const { name, host } = container;
    const stdout = await container.run(restartScript(container.word), { what: `restarting ${service.name}`, timeoutMs: 200_000 }, signal);
    const refuse = (why: string) => container.refuse(`${service.name} could not be restarted: ${why}`);
    switch (outcomeOf(stdout)) {
      case 'running':
        return;
      case 'missing':
        throw refuse(`there is no container ${name} on ${host.name}.`);
      case 'stopped':
        throw refuse(`container ${name} on ${host.name} ended right after its start; see "docker logs" there.`);
      default:
        throw refuse(`docker on ${host.name} refused; try "docker restart ${name}" there.`);
    }
  }

  async limitMemory(service: Service, bytes: number | null, signal: AbortSignal): Promise<number | null> {
    const container = this.#containers.of(service, 'change');
    const what = `limiting the memory of ${service.name}`;
    const stdout = await container.run(limitScript(container.word, bytes), { what, timeoutMs: 90_000 }, signal);
    if (outcomeOf(stdout) === 'missing') throw missing(container);
    const [, limit, total] = /^limit (\d+) of (\d+)$/m.exec(stdout) ?? [];
    const { name, host } = container;
    if (limit === undefined || total === undefined) {
      throw container.refuse(`Docker on ${host.name} refused to change the memory limit of ${name}; try "docker update" there.`);
    }
    const cap = capOf(Number(limit), Number(total));
    const isAsAsked = bytes === null || bytes >= Number(total) ? cap === null : cap === Math.trunc(bytes);
    if (!isAsAsked) throw container.refuse(`Docker on ${host.name} left the memory limit of ${name} at ${cap ?? 'none'}.`);
    return cap;
  }
}

export const outcomeOf = (stdout: string): string => /^outcome (\w+)/m.exec(stdout)?.[1] ?? '';

export const missing = (container: ServiceContainer) =>
  container.refuse(`There is no container ${container.name} on ${container.host.name}.`);

const silentDocker = (container: ServiceContainer) =>
  container.refuse(`Docker on ${container.host.name} does not answer to user ${container.host.user}; try "docker ps" there.`);
