import { SparkError } from '../errors.ts';
import type { ServiceControl } from '../ports/service-control.ts';
import type { Service } from '../service/service.ts';
import { gpuClusterOf } from '../service/service-place.ts';
import type { ServiceBoard } from './service-board.ts';
import type { ServiceDeskDeps } from './service-deps.ts';
import { revive, workOn } from './service-revival.ts';

/** What automations do with services; they take the lock themselves. */
export function serviceControl(deps: ServiceDeskDeps, board: ServiceBoard): ServiceControl {
  const find = (key: string): Service | undefined => board.enabled().find((service) => service.key === key);
  return {
    keys: () => board.enabled().map(({ key }) => key),
    gpuOf(key) {
      const service = find(key);
      return service === undefined ? null : gpuClusterOf(service, deps.core.clusters);
    },
    async restart(key, signal) {
      const service = find(key);
      if (service === undefined) throw new SparkError('SERVICE_NOT_FOUND', `There is no service "${key}", or it is disabled.`);
      // Somebody may be restarting or patching it at this very moment.
      await deps.operations.exclusively([workOn(key)], `${service.name} is being restarted`, () => revive(deps, board, service, signal));
    },
    health: (signal) =>
      Promise.all(
        board.enabled().map(async (service) => {
          const { state, detail } = await board.ask(service, signal);
          return { service: service.key, ok: state === 'up', detail };
        }),
      ),
  };
}
