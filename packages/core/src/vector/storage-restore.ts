import { shellJoin, shellQuote } from '../launch/quoting.ts';
import type { Service } from '../service/service.ts';

/** `command`: for a shell on the machine of the store; `null`: nothing to type. */
export type StorageRestoreStep = Readonly<{ text: string; command: string | null }>;
export type StorageRestore = Readonly<{ service: string; snapshot: string | null; steps: readonly StorageRestoreStep[] }>;

/** Folder of the snapshots in Qdrant's own image, unless `snapshots_path` says otherwise. */
const FOLDER = '/qdrant/snapshots';
const ANY_SNAPSHOT = 'NAME.snapshot';

/** How to put the whole storage back to a snapshot: Qdrant takes it only as an option of its start, so that no API can do it. */
export function storageRestoreOf({ key, container, port }: Service, snapshot: string | null): StorageRestore {
  const name = snapshot ?? ANY_SNAPSHOT;
  const steps =
    container === null
      ? withoutContainer(name)
      : [...withContainer(container, name), lookAt(`http://127.0.0.1:${port ?? 6_333}/collections`)];
  return { service: key, snapshot, steps: [choose(snapshot), ...steps] };
}

const choose = (snapshot: string | null): StorageRestoreStep => ({
  text:
    snapshot === null
      ? `Take the name of a snapshot of the whole storage, as GET /api/qdrant/snapshots lists it with "collection": null, and put it where ${ANY_SNAPSHOT} stands below. There is none now, or the store does not answer.`
      : `The newest snapshot of the whole storage is ${snapshot}. What was written after it is lost.`,
  command: null,
});

const withContainer = (container: string, snapshot: string): readonly StorageRestoreStep[] => [
  {
    text: 'Copy the snapshot out of the container, also as a copy that stays.',
    command: `docker cp ${shellQuote(`${container}:${FOLDER}/${snapshot}`)} ./restore.snapshot`,
  },
  { text: 'Stop Qdrant. Its clients see errors from here on.', command: shellJoin(['docker', 'stop', container]) },
  {
    text: 'Start it once with the snapshot, on the same volumes. It answers on no port of the host meanwhile. When it says that its HTTP server listens, end it with Ctrl+C. The storage has to lie in a volume or a folder of the host: what lies in the container itself is not reached.',
    command: `docker run --rm -it --volumes-from ${shellQuote(container)} -v "$PWD/restore.snapshot:/restore.snapshot:ro" "$(docker inspect --format '{{.Config.Image}}' ${shellQuote(container)})" ./qdrant --storage-snapshot /restore.snapshot --force-snapshot`,
  },
  { text: 'Start Qdrant as it was.', command: shellJoin(['docker', 'start', container]) },
];

const withoutContainer = (snapshot: string): readonly StorageRestoreStep[] => [
  { text: 'No container is configured for this service, so do the same by hand where Qdrant runs: stop it first.', command: null },
  {
    text: 'Start it once with the snapshot, from its own folder and with its own configuration; end it when it says that its HTTP server listens, and start it as usual.',
    command: `./qdrant --storage-snapshot ${shellQuote(`./snapshots/${snapshot}`)} --force-snapshot`,
  },
];

const lookAt = (url: string): StorageRestoreStep => ({
  text: 'Look whether the collections are back. With an API key, add the header api-key.',
  command: `curl -s ${shellQuote(url)}`,
});
