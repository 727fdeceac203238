import { SparkError } from '../errors.ts';
import { clusterKey, type HostKey, hostKey } from '../ids.ts';
import type { OperationPart, Plain } from '../operation/operation.ts';
import type { HostImage, PullProgress } from '../ports/image-store.ts';
import type { OperationWorker } from './operation-api.ts';
import type { StorageDeskDeps } from './storage-api.ts';

export const pullPart = (host: HostKey): OperationPart => ({
  ...{ key: host, host, label: `Image on ${host}`, status: 'pending', note: null },
  ...{ doneBytes: null, totalBytes: null, fraction: null },
});

/** Sums the layers of one host up. */
class HostPull {
  readonly #layers = new Map<string, PullProgress>();
  #whole: PullProgress | null = null;

  add(progress: PullProgress): OperationPart {
    if (progress.layer === null) this.#whole = progress;
    else this.#layers.set(progress.layer, progress);
    const layers = [...this.#layers.values()];
    const total = sum(layers.map(({ totalBytes }) => totalBytes));
    const done = sum(layers.map(({ doneBytes }) => doneBytes));
    const ready = layers.filter(({ phase }) => phase === 'done').length;
    const status = this.#whole?.phase === 'done' ? 'done' : this.#whole?.phase === 'failed' ? 'failed' : 'running';
    const note = this.#whole?.note ?? (layers.length === 0 ? null : `${ready} of ${layers.length} layers`);
    const fraction = status === 'done' ? 1 : total === 0 ? null : done / total;
    return {
      ...pullPart(progress.host),
      status,
      note,
      fraction,
      doneBytes: total === 0 ? null : done,
      totalBytes: total === 0 ? null : total,
    };
  }
}

const sum = (values: readonly (number | null)[]): number => values.reduce<number>((all, value) => all + (value ?? 0), 0);

/** Pulls an image on all hosts and compares what came: hosts with different images cannot serve one model together. */
export function pullWorker(deps: StorageDeskDeps): OperationWorker {
  return {
    resumable: true,
    cancellable: true,
    async run({ operation, input, signal, report, log }) {
      const { image, cluster, hosts, before } = pullInput(input);
      const store = deps.images.get(clusterKey(cluster));
      if (store === undefined) throw new SparkError('CLUSTER_NOT_FOUND', `There is no cluster "${cluster}" any more.`);
      const pulls = new Map<HostKey, HostPull>(hosts.map((host) => [hostKey(host), new HostPull()]));
      await store.pull(
        { job: operation.id, image, hosts: hosts.map(hostKey) },
        (progress) => {
          const pull = pulls.get(progress.host);
          if (pull !== undefined) report([pull.add(progress)], `Pulling ${image}`);
        },
        log,
        signal,
      );
      const found = (await store.inspect(image, signal)).filter(({ host }) => hosts.includes(host));
      const { id, bytes } = sameImage(image, found);
      return { image, id, bytes, hosts, changed: Object.values(before).some((old) => old !== id) };
    },
  };
}

/** @throws {SparkError} RUNTIME_REJECTED naming both ids, HOST_UNREACHABLE. */
function sameImage(image: string, found: readonly HostImage[]): Readonly<{ id: string; bytes: number }> {
  const ids = found.map((each) => {
    if (!each.reachable) {
      const message = `${image} was pulled, but ${each.host} cannot be asked what it has: ${each.reason}`;
      throw new SparkError('HOST_UNREACHABLE', message, { details: { host: each.host } });
    }
    if (each.image !== null) return { host: each.host, ...each.image };
    const message = `The pull ended well, but ${image} is not on ${each.host}. Look at the log.`;
    throw new SparkError('RUNTIME_REJECTED', message, { details: { host: each.host } });
  });
  const [first] = ids;
  if (first === undefined) throw new SparkError('RUNTIME_REJECTED', `Nobody says what came of ${image}.`);
  const other = ids.find(({ id }) => id !== first.id);
  if (other === undefined) return first;
  const hint = 'Pull again: the tag may have moved in between. For an image that was built on the spot, copy it with build-and-copy.sh -c.';
  throw new SparkError(
    'RUNTIME_REJECTED',
    `${image} is not the same on all hosts: ${first.host} has ${first.id}, ${other.host} has ${other.id}. A model that spans both would not start.`,
    { details: { host: other.host, hint } },
  );
}

type PullInput = Readonly<{ image: string; cluster: string; hosts: readonly string[]; before: Readonly<Record<string, Plain>> }>;

/** What this very desk stored. */
function pullInput({ image, cluster, hosts, before }: Readonly<Record<string, Plain>>): PullInput {
  const isWhole = typeof image === 'string' && typeof cluster === 'string' && Array.isArray(hosts);
  if (!isWhole || typeof before !== 'object' || before === null) throw new TypeError('the input of a pull is not whole');
  return { image, cluster, hosts: (hosts as readonly Plain[]).map(String), before: before as PullInput['before'] };
}
