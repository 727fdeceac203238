import { nearMatches } from '../catalog/near-matches.ts';
import { SparkError } from '../errors.ts';
import type { ServiceRegistry } from '../ports/service-registry.ts';
import type { Service } from '../service/service.ts';

/** The vector store that is meant; `null`: the first one. @throws {SparkError} NOT_SUPPORTED, SERVICE_NOT_FOUND */
export function vectorService(services: Pick<ServiceRegistry, 'all'>, key: string | null): Service {
  const all = services.all();
  const stores = all.filter(({ kind, isDisabled }) => kind === 'qdrant' && !isDisabled);
  const found = key === null ? stores[0] : stores.find((service) => service.key === key);
  if (found !== undefined) return found;
  if (key === null) {
    throw new SparkError(
      'NOT_SUPPORTED',
      'No vector store is configured: there is no service of kind qdrant in services.yaml that is not disabled.',
    );
  }
  const other = all.find((service) => service.key === key);
  if (other !== undefined) {
    const why = other.isDisabled ? 'is disabled' : `is of kind ${other.kind}, not qdrant`;
    throw new SparkError('SERVICE_NOT_FOUND', `Service ${key} ${why}.`);
  }
  const near = nearMatches(
    key,
    stores.map((service) => service.key),
  );
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  throw new SparkError('SERVICE_NOT_FOUND', `There is no service "${key.slice(0, 64)}" of kind qdrant.${hint}`);
}
