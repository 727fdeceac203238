import type { Service } from '../service/service.ts';

/** A service to be added to `services-overrides.yaml`, with the fields of that file in camelCase. */
export type NewService = Readonly<
  Pick<Service, 'key' | 'name' | 'kind' | 'host' | 'port' | 'healthPath' | 'model' | 'container'> & { usesGpu: boolean }
>;

/** The services as configured now: those of services.yaml under services-overrides.yaml. Contract: `all` is of memory and immutable; changed files are read again within seconds. */
export interface ServiceRegistry {
  all(): readonly Service[];
  /** Durable in the overrides file before it resolves. Rejects READ_ONLY, INVALID_SETTINGS (duplicate key, port clash). */
  add(service: NewService): Promise<Service>;
}
