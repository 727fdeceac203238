import { envNameProblem } from '../catalog/env-names.ts';
import { isImageReference, localPathProblem } from '../catalog/locations.ts';
import type { Issue } from '../errors.ts';
import { isKey } from '../ids.ts';
import { assertPassable } from '../launch/quoting.ts';
import type { Service } from '../service/service.ts';
import { servicePlace } from '../service/service-place.ts';
import type { Cluster, Host } from '../topology/cluster.ts';

export type NimShape = Readonly<{
  image: string;
  container: string;
  port: number;
  cache: string;
  env: Readonly<Record<string, string>>;
  key: string | null;
  registerKey: string | null;
}>;

const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Folders of the system: a cache in one of them would be made writable for everybody. */
const SYSTEM = /^\/(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr|var\/(?:lib\/docker|run))(?:\/|$)/;
const KEY_VARIABLE = 'NGC_API_KEY';

/** What is wrong with a request as such, and with it on that host. Pure; the key itself is in no message. */
export function nimIssues(
  shape: NimShape,
  at: Readonly<{ host: Host; cluster: Cluster }>,
  services: readonly Service[],
  clusters: readonly Cluster[],
): readonly Issue[] {
  const issues: Issue[] = [];
  const add = (path: string, code: string, message: string): void => void issues.push({ path, code, message });
  const { image, container, port, cache, env, key, registerKey } = shape;
  if (!isImageReference(image)) add('/image', 'no_image', 'must be an image: registry/name:tag');
  else if (key !== null && registryIn(image) === null) {
    add('/image', 'no_registry', "must name its registry, since the key would go to Docker's own otherwise");
  }
  if (!CONTAINER.test(container)) add('/container', 'pattern', 'must be a name as Docker takes it');
  const ofCluster = clusters.find((cluster) => cluster.container === container && cluster.hosts.some((host) => host.key === at.host.key));
  if (ofCluster !== undefined) add('/container', 'taken', `is the model server of cluster ${ofCluster.key}`);
  const clash = portClash(port, at, services, clusters, container);
  if (clash !== null) add('/port', 'taken', clash);
  const problem = cacheProblem(cache);
  if (problem !== null) add('/cache', 'bad_path', problem);
  issues.push(...envIssues(env));
  // Loosely: what keys look like has changed before.
  if (key !== null && !/^[\x21-\x7e]{8,512}$/.test(key)) {
    add(
      '/ngc_api_key',
      'no_key',
      `must be 8 to 512 characters without blanks; a line break at its end, or in the variable ${KEY_VARIABLE}, is one`,
    );
  }
  if (registerKey !== null && !isKey(registerKey)) add('/register_service/key', 'pattern', 'is no key');
  if (registerKey !== null && services.some((service) => service.key === registerKey && service.container !== container)) {
    add('/register_service/key', 'taken', 'is the key of another service');
  }
  return issues;
}

/** The registry in front of an image; `null`: Docker's own. */
export function registryIn(image: string): string | null {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : null;
}

function portClash(
  port: number,
  { host, cluster }: Readonly<{ host: Host; cluster: Cluster }>,
  services: readonly Service[],
  clusters: readonly Cluster[],
  container: string,
): string | null {
  // Also on a worker: the launcher publishes on the head, but which host that is may change.
  if (cluster.port === port) return `is the port of cluster ${cluster.key}; choose another, 8001 for example`;
  const service = services.find(
    (one) => one.port === port && one.container !== container && servicePlace(one, clusters)?.host.address === host.address,
  );
  return service === undefined ? null : `is the port of service ${service.key} on ${host.name}`;
}

/** Why a folder cannot be the cache, in words that follow it; `null`: it can. */
function cacheProblem(cache: string): string | null {
  const path = cache.startsWith('~/') ? `/home${cache.slice(1)}` : cache;
  if (!path.startsWith('/')) return 'has to be absolute, or to begin with ~/';
  const problem = localPathProblem(path, null);
  if (problem !== null) return problem;
  if (!SYSTEM.test(path) && path.split('/').length > 2) return null;
  return 'is a folder of the system, or right below the root; choose one of the login user';
}

function envIssues(env: Readonly<Record<string, string>>): readonly Issue[] {
  return Object.entries(env).flatMap(([name, value]): readonly Issue[] => {
    const path = `/env/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 150)}`;
    if (name === KEY_VARIABLE) return [{ path, code: 'reserved', message: 'goes in ngc_api_key, where it is not kept' }];
    const problem = envNameProblem(name);
    if (problem !== null) return [{ path, code: 'bad_name', message: problem }];
    try {
      assertPassable(value, 'The value');
      return [];
    } catch {
      return [{ path, code: 'bad_value', message: 'holds what no variable can hold, or too much' }];
    }
  });
}
