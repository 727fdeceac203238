import type { Actor } from '../audit/audit-entry.ts';
import type { Model } from '../catalog/model.ts';
import { isSparkError, SparkError } from '../errors.ts';
import type { HostKey, ModelKey } from '../ids.ts';
import type { Operation } from '../operation/operation.ts';
import type { WeightStore } from '../ports/weight-store.ts';
import type { Cluster } from '../topology/cluster.ts';
import { diskOf } from './disk-of-model.ts';
import { type DownloadInput, downloadOf, downloadPart, downloadWorker, hubToken } from './download-worker.ts';
import { pullPart, pullWorker } from './pull-worker.ts';
import type {
  ModelDisk,
  ModelDiskHost,
  RemovedWeights,
  StorageDesk,
  StorageDeskDeps,
  StorageRequest,
  WeightsRemoval,
} from './storage-api.ts';
import { assertImageRoom, assertRoom } from './storage-room.ts';
import { StorageSurveys } from './storage-surveys.ts';
import { clustersOf, clustersWith, modelOf, targetOf } from './storage-target.ts';
import { inUse, objectionTo, repoOf } from './weights-guards.ts';

/** Builds the desk and registers its work with the operations, so it has to be made before those are started. */
export function createStorageDesk(deps: StorageDeskDeps): StorageDesk {
  const surveys = new StorageSurveys(deps);
  deps.operations.register('model_download', downloadWorker(deps, surveys));
  deps.operations.register('image_pull', pullWorker(deps));
  return new Desk(deps, surveys);
}

class Desk implements StorageDesk {
  readonly #deps: StorageDeskDeps;
  readonly #surveys: StorageSurveys;

  constructor(deps: StorageDeskDeps, surveys: StorageSurveys) {
    this.#deps = deps;
    this.#surveys = surveys;
  }

  async download(request: StorageRequest, actor: Actor, signal: AbortSignal): Promise<Operation> {
    const { model, cluster, hosts } = targetOf(this.#deps, request);
    const repo = repoOf(model, 'downloaded');
    const revision = model.source.kind === 'repo' ? model.source.revision : null;
    this.#weightsOf(cluster);
    const exclusive = downloadOf(cluster.key, repo);
    // What comes just now takes the room that would seem to be missing.
    this.#deps.operations.assertFree(exclusive, `download of ${repo}`);
    await assertRoom(this.#deps, { model, cluster, hosts }, await this.#surveys.now(cluster), signal);
    const token = hubToken(model, this.#deps);
    return await this.#deps.operations.begin({
      ...{ kind: 'model_download', subject: model.key, cluster: cluster.key, exclusive, actor },
      ...{ requestedBy: request.requestedBy, reason: request.reason },
      input: { model: model.key, repo, revision, cluster: cluster.key, hosts } satisfies DownloadInput,
      secrets: token === null ? {} : { token },
      parts: hosts.map(downloadPart),
      audit: { action: 'weights_downloaded', note: `${repo} to ${hosts.join(', ')}`.slice(0, 500) },
    });
  }

  async pullImage(request: StorageRequest, actor: Actor, signal: AbortSignal): Promise<Operation> {
    const { model, cluster, hosts } = targetOf(this.#deps, request);
    const image = model.image ?? cluster.image;
    if (!this.#deps.images.has(cluster.key)) throw outOfReach(cluster);
    const exclusive = `pull:${cluster.key}:${image}`;
    this.#deps.operations.assertFree(exclusive, `pull of ${image}`);
    const before = await assertImageRoom(this.#deps, { image, cluster, hosts }, signal);
    return await this.#deps.operations.begin({
      ...{ kind: 'image_pull', subject: model.key, cluster: cluster.key, exclusive, actor },
      ...{ requestedBy: request.requestedBy, reason: request.reason },
      input: { image, cluster: cluster.key, hosts, before },
      parts: hosts.map(pullPart),
      audit: { action: 'image_pulled', note: `${image} on ${hosts.join(', ')}`.slice(0, 500) },
    });
  }

  async disk(key: ModelKey, signal: AbortSignal): Promise<ModelDisk> {
    const model = modelOf(this.#deps, key);
    const hosts: ModelDiskHost[] = [];
    for (const cluster of clustersOf(this.#deps, model)) {
      hosts.push(...diskOf(model, cluster, await this.#surveys.recent(cluster)));
      signal.throwIfAborted();
    }
    const reason = await this.#reasonAgainst(model, hosts);
    return { model: key, deletable: reason === null, reason, hosts };
  }

  knownDisk(key: ModelKey): readonly ModelDiskHost[] {
    const model = modelOf(this.#deps, key);
    return clustersOf(this.#deps, model).flatMap((cluster) => diskOf(model, cluster, this.#surveys.known(cluster) ?? []));
  }

  async remove(
    { model: key, host, dryRun, force }: WeightsRemoval,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<Readonly<{ freedBytes: number; hosts: readonly RemovedWeights[] }>> {
    const model = modelOf(this.#deps, key);
    const repo = repoOf(model, 'deleted');
    await this.#assertUnused(model, force);
    const places = await this.#placesOf(model, host, signal);
    const removed: RemovedWeights[] = [];
    if (dryRun || places.every(({ disk }) => disk.present !== true)) {
      removed.push(...places.map(({ disk }) => kept(disk, dryRun)));
    } else {
      const note = `${repo} from ${places.map(({ disk }) => disk.host).join(', ')}`.slice(0, 500);
      const { clock, record } = this.#deps;
      const downloads = places.map(({ cluster }) => downloadOf(cluster.key, repo));
      await this.#whileNotDownloaded(downloads, repo, async () => {
        // Before, not after: what was deleted must not be missing in the trail because the disk was full then.
        await record({ at: clock.now(), actor, action: 'weights_removed', cluster: null, target: key, fence: null, note });
        for (const place of places) {
          // Looking, writing and each deletion took time, in which a swap may have been asked for.
          await this.#assertUnused(model, force, removed);
          removed.push(await this.#removeFrom(place, repo, removed, signal));
        }
      });
    }
    return { freedBytes: removed.reduce((sum, { freedBytes }) => sum + freedBytes, 0), hosts: removed };
  }

  close(): void {
    this.#surveys.close();
  }

  async #assertUnused(model: Model, force: boolean, before: readonly RemovedWeights[] = []): Promise<void> {
    const objection = await objectionTo(this.#deps, model, force);
    if (objection !== null) throw afterwards(objection, before);
  }

  async #whileNotDownloaded(downloads: readonly string[], repo: string, task: () => Promise<void>): Promise<void> {
    let hasBegun = false;
    const begin = async (): Promise<void> => {
      hasBegun = true;
      await task();
    };
    try {
      await this.#deps.operations.exclusively(downloads, `the weights of ${repo} are being deleted`, begin);
    } catch (error) {
      if (hasBegun || !isSparkError(error)) throw error;
      throw inUse(`${repo} is being downloaded, or deleted already.`, error.details);
    }
  }

  async #removeFrom(
    { cluster, disk }: Place,
    repo: string,
    before: readonly RemovedWeights[],
    signal: AbortSignal,
  ): Promise<RemovedWeights> {
    if (disk.present !== true) return kept(disk, false);
    try {
      const { host, path, freedBytes, through } = await this.#weightsOf(cluster).remove(disk.host, repo, signal);
      return { host, path, freedBytes, through };
    } catch (error) {
      throw isSparkError(error) ? afterwards(error, before) : error;
    } finally {
      this.#surveys.forget(cluster.key);
    }
  }

  /** Where the weights of a model may lie, as the hosts say now; each host once, though several clusters may name it. */
  async #placesOf(model: Model, host: string | null, signal: AbortSignal): Promise<readonly Place[]> {
    const places = new Map<HostKey, Place>();
    for (const cluster of clustersWith(this.#deps, model, host)) {
      for (const disk of diskOf(model, cluster, await this.#surveys.now(cluster))) {
        if (host === null || disk.host === host) places.set(disk.host, { cluster, disk });
      }
      signal.throwIfAborted();
    }
    for (const { disk } of places.values()) {
      if (disk.present === null) {
        const message = `${disk.host} cannot be asked: ${disk.problem ?? 'it does not answer'}. Nothing was deleted anywhere; name another host to delete only there.`;
        throw new SparkError('HOST_UNREACHABLE', message, { details: { host: disk.host } });
      }
      if (disk.downloading) throw inUse(`Something writes the weights of ${model.key} on ${disk.host} just now.`, { host: disk.host });
    }
    return [...places.values()];
  }

  async #reasonAgainst(model: Model, hosts: readonly ModelDiskHost[]): Promise<string | null> {
    if (model.source.kind === 'local_path') return 'It lies at a local path, and such a folder is never deleted from a disk.';
    const writing = hosts.find(({ downloading }) => downloading);
    if (writing !== undefined) return `Something writes it on ${writing.host} just now.`;
    const objection = await objectionTo(this.#deps, model, false);
    if (objection !== null) return objection.message;
    return hosts.some(({ present }) => present === true) ? null : 'It is on no host that answers.';
  }

  #weightsOf(cluster: Cluster): WeightStore {
    const store = this.#deps.weights.get(cluster.key);
    if (store === undefined) throw outOfReach(cluster);
    return store;
  }
}

/** An embedder's own cluster, for example. */
const outOfReach = ({ key }: Cluster): SparkError =>
  new SparkError('NOT_SUPPORTED', `The disks of cluster ${key} cannot be reached from here.`);

/** An error in the middle also says what was done before it. */
function afterwards(error: SparkError, before: readonly RemovedWeights[]): SparkError {
  const gone = before.filter(({ through }) => through !== 'nothing').map(({ host }) => host);
  if (gone.length === 0) return error;
  const { code, message, details } = error;
  return new SparkError(code, `${message} On ${gone.join(', ')} it was deleted before that.`, { cause: error, details });
}

type Place = Readonly<{ cluster: Cluster; disk: ModelDiskHost }>;

const kept = ({ host, path, bytes, present }: ModelDiskHost, isTrial: boolean): RemovedWeights => ({
  ...{ host, path, through: 'nothing' },
  freedBytes: isTrial && present === true ? (bytes ?? 0) : 0,
});
