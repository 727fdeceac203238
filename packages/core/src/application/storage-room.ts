import type { Model } from '../catalog/model.ts';
import { SparkError } from '../errors.ts';
import type { HostKey } from '../ids.ts';
import type { HostWeights } from '../ports/weight-store.ts';
import { gib } from '../swap/memory-need.ts';
import type { Cluster } from '../topology/cluster.ts';
import { atMost } from './at-most.ts';
import { diskOf } from './disk-of-model.ts';
import { hubToken } from './download-worker.ts';
import type { StorageDeskDeps } from './storage-api.ts';

/** A disk that is filled to the last byte stops more than the download. */
const SPARE_BYTES = 2 * 2 ** 30;
/** The hub may be out of reach just now; the download would say so. */
const SIZE_WITHIN_MS = 15_000;

type RoomDeps = Pick<StorageDeskDeps, 'clock' | 'core' | 'images' | 'secrets' | 'weights'>;
type Wanted = Readonly<{ cluster: Cluster; hosts: readonly HostKey[] }>;

/**
 * Whether what is missing of a model fits on each host that is to have it; what nobody can tell is no reason to refuse.
 * Rejects NOT_ENOUGH_DISK, HOST_UNREACHABLE.
 */
export async function assertRoom(
  deps: RoomDeps,
  { model, cluster, hosts }: Wanted & Readonly<{ model: Model }>,
  survey: readonly HostWeights[],
  signal: AbortSignal,
): Promise<void> {
  const places = diskOf(model, cluster, survey).filter(({ host }) => hosts.includes(host));
  for (const { host, present, problem } of places) if (present === null) throw unreachable(host, problem);
  const missing = places.filter(({ complete }) => !complete);
  if (missing.length === 0) return;
  const total = (await sizeOf(deps, model, cluster, signal)) ?? model.weightsBytes;
  for (const { host, bytes, freeBytes } of missing) {
    if (total === null || freeBytes === null) continue;
    assertRoomFor(model.key, host, Math.max(0, total - (bytes ?? 0)) + SPARE_BYTES, freeBytes);
  }
}

async function sizeOf(deps: RoomDeps, model: Model, { key }: Cluster, signal: AbortSignal): Promise<number | null> {
  const { source } = model;
  const store = deps.weights.get(key);
  if (source.kind !== 'repo' || store === undefined) return null;
  return await atMost(deps.clock, SIZE_WITHIN_MS, store.sizeOf(source.repo, source.revision, hubToken(model, deps), signal));
}

/**
 * The ids of an image before a pull, by host. One that a host lacks takes as much room as it does elsewhere; an update of one that it
 * has shares most layers with it, so that its size says nothing. Rejects NOT_ENOUGH_DISK, HOST_UNREACHABLE.
 */
export async function assertImageRoom(
  { core, images }: RoomDeps,
  { image, cluster, hosts }: Wanted & Readonly<{ image: string }>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string | null>>> {
  const found = (await images.get(cluster.key)?.inspect(image, signal)) ?? [];
  const known = Math.max(0, ...found.map((each) => (each.reachable ? (each.image?.bytes ?? 0) : 0)));
  const before: Record<string, string | null> = {};
  for (const each of found) {
    if (!hosts.includes(each.host)) continue;
    if (!each.reachable) throw unreachable(each.host, each.reason);
    before[each.host] = each.image?.id ?? null;
    const report = core.hostReports().find(({ host }) => host === each.host);
    const free = report?.reachable === true ? report.facts.diskFreeBytes : null;
    if (free !== null) assertRoomFor(image, each.host, (each.image === null ? known : 0) + SPARE_BYTES, free);
  }
  return before;
}

const unreachable = (host: HostKey, reason: string | null): SparkError =>
  new SparkError('HOST_UNREACHABLE', `${host} cannot be asked: ${reason ?? 'it does not answer'}`, { details: { host } });

function assertRoomFor(what: string, host: HostKey, needed: number, free: number): void {
  if (free >= needed) return;
  const message = `${what} needs ${gib(needed)} on ${host}, and ${gib(free)} are free there.`;
  throw new SparkError('NOT_ENOUGH_DISK', message, { details: { host, neededBytes: needed, freeBytes: free } });
}
