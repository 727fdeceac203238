import type { Actor } from '../audit/audit-entry.ts';
import { nearMatches } from '../catalog/near-matches.ts';
import { type Issue, SparkError } from '../errors.ts';
import type { HostKey } from '../ids.ts';
import { nimIssues, registryIn } from '../nim/check-request.ts';
import { KNOWN_NIMS, type KnownNim } from '../nim/known-images.ts';
import type { Operation } from '../operation/operation.ts';
import type { NimSite } from '../ports/nim-host.ts';
import type { Cluster, Host } from '../topology/cluster.ts';
import type { NimDesk, NimDeskDeps, NimRequest } from './nim-api.ts';
import { envSecret, KEY_SECRET, LOCK_SECRET, type NimInput } from './nim-job.ts';
import { nimParts } from './nim-parts.ts';
import { nimWorker } from './nim-work.ts';
import { takeLock } from './under-lock.ts';

const DEFAULT_PORT = 8_001;
const DEFAULT_CACHE = '~/.cache/nim';
const DEFAULT_SHM_GIB = 16;
/** The registry that the key of the control plane may be sent to. */
const REGISTRY_VARIABLE = 'NGC_REGISTRY';

/** Builds the desk and registers its work with the operations, so it has to be made before those are started. */
export function createNimDesk(deps: NimDeskDeps): NimDesk {
  deps.operations.register('nim_install', nimWorker(deps));
  return new Desk(deps);
}

type Place = Readonly<{ host: Host; cluster: Cluster }>;

class Desk implements NimDesk {
  readonly #deps: NimDeskDeps;

  constructor(deps: NimDeskDeps) {
    this.#deps = deps;
  }

  known(): readonly KnownNim[] {
    return KNOWN_NIMS;
  }

  async install(request: NimRequest, actor: Actor, signal: AbortSignal): Promise<Operation> {
    const { operations } = this.#deps;
    const place = this.#place(request.host);
    const key = trimmed(request.key) ?? this.#ownKeyFor(request.image);
    const input = inputOf(request, place, key !== null);
    this.#refuseFaults(request, input, place, key);
    const requestedBy = await this.#requesterUnderLock(request, place.cluster, actor, signal);
    refuseTaken(input, place.host, await this.#deps.nim.survey(place.host.key, input, signal));
    const { host, cluster } = place;
    return operations.begin({
      ...{ kind: 'nim_install', subject: host.key, cluster: cluster.key, exclusive: `nim:${host.key}` },
      ...{ requestedBy, reason: request.reason, actor, input },
      secrets: {
        ...(key === null ? {} : { [KEY_SECRET]: key }),
        ...(request.lockId === null ? {} : { [LOCK_SECRET]: request.lockId }),
        ...Object.fromEntries(Object.entries(request.env).map(([name, value]) => [envSecret(name), value])),
      },
      parts: nimParts(host.key, { key: key !== null, register: input.register !== null }),
      audit: { action: 'nim_installed', note: `${input.image} as ${input.container} on port ${input.port}` },
    });
  }

  #place(key: HostKey | null): Place {
    const places = this.#deps.core.clusters.flatMap((cluster) => cluster.hosts.map((host) => ({ host, cluster })));
    const found = key === null ? places[0] : places.find(({ host }) => host.key === key);
    if (found !== undefined) return found;
    const keys = places.map(({ host }) => host.key);
    const near = nearMatches(key ?? '', keys);
    const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
    throw new SparkError('HOST_NOT_FOUND', key === null ? 'No host is configured.' : `There is no host "${key.slice(0, 64)}".${hint}`);
  }

  /** Whoever asks names the image, and with it whom the key would be shown to: so the owner says whom it is for. */
  #ownKeyFor(image: string): string | null {
    const { secrets } = this.#deps;
    const key = trimmed(secrets.read(KEY_SECRET));
    if (key === null) return null;
    const registry = trimmed(secrets.read(REGISTRY_VARIABLE))?.toLowerCase() ?? null;
    if (registry !== null) return registryIn(image)?.toLowerCase() === registry ? key : null;
    const message = `is needed: the control plane has ${KEY_SECRET}, but not ${REGISTRY_VARIABLE}, which says to what registry that may be sent`;
    refuse([{ path: '/ngc_api_key', code: 'no_registry', message }]);
    return null;
  }

  #refuseFaults({ env, register }: NimRequest, input: NimInput, place: Place, key: string | null): void {
    const { image, container, port, cache } = input;
    const shape = { image, container, port, cache, env, key, registerKey: register?.key ?? null };
    refuse(nimIssues(shape, place, this.#deps.registry.all(), this.#deps.core.clusters));
  }

  /** Who asks: with a lock its holder. What stands in the way is known now or after an hour of pulling: the lock itself is taken when the container is started. */
  async #requesterUnderLock({ lockId, requestedBy }: NimRequest, { key }: Cluster, actor: Actor, signal: AbortSignal): Promise<string> {
    const { core, clock, logger } = this.#deps;
    const tools = { locks: core.locks, clock, logger };
    if (lockId !== null) {
      const need = { cluster: key, lockId, holder: requestedBy, reason: 'installs a NIM', actor };
      return (await takeLock(tools, need, signal)).lease.holder;
    }
    const { lock } = core.locks.view(key);
    if (lock === null || lock.implicit) return requestedBy;
    const retryAfterSeconds = Math.max(1, Math.ceil((lock.remainingMs ?? 1_000) / 1_000));
    throw new SparkError('LOCKED', `${lock.holder} has the lock of cluster ${key}.`, { details: { lock, retryAfterSeconds } });
  }
}

function inputOf(request: NimRequest, { host, cluster }: Place, hasKey: boolean): NimInput {
  const { image, replace, register } = request;
  return {
    ...{ host: host.key, cluster: cluster.key, image, replace, hasKey, register },
    container: request.container ?? nameOf(image),
    port: request.port ?? DEFAULT_PORT,
    cache: request.cache ?? DEFAULT_CACHE,
    shmGib: request.shmGib ?? DEFAULT_SHM_GIB,
    envNames: Object.keys(request.env),
  };
}

/** `nim/qwen/qwen3-32b-dgx-spark:1.2` becomes `nim-qwen3-32b-dgx-spark`. */
function nameOf(image: string): string {
  const last = (image.split('@')[0] ?? '').split('/').at(-1) ?? '';
  return `nim-${(last.split(':')[0] ?? '').replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, 100)}`;
}

function refuseTaken({ container, port, replace }: NimInput, host: Host, site: NimSite): void {
  const issues: Issue[] = [];
  if (site.container !== null && !replace) {
    const message = `there is a container of this name on ${host.name}; ask with "replace": true to put the new one in its place`;
    issues.push({ path: '/container', code: 'taken', message });
  }
  const isOwn = replace && site.portOwner === `container ${container}`;
  if (site.portOwner !== null && !isOwn) {
    issues.push({ path: '/port', code: 'taken', message: `${site.portOwner} listens on port ${port} of ${host.name}` });
  }
  refuse(issues);
}

function refuse(issues: readonly Issue[]): void {
  const [first] = issues;
  if (first !== undefined) throw new SparkError('INVALID_REQUEST', `${first.path}: ${first.message}.`, { details: { issues } });
}

/** Keys are pasted, with what stands around them. */
const trimmed = (key: string | null): string | null => (key === null || key.trim() === '' ? null : key.trim());
