import { findModel, type Model } from '../catalog/model.ts';
import { SparkError } from '../errors.ts';
import { type ClusterKey, clusterKey, type HostKey, hostKey } from '../ids.ts';
import type { OperationPart, Plain } from '../operation/operation.ts';
import type { DownloadProgress } from '../ports/weight-store.ts';
import type { OperationWorker } from './operation-api.ts';
import type { StorageDeskDeps } from './storage-api.ts';
import type { StorageSurveys } from './storage-surveys.ts';

/** What an operation `model_download` is stored with. */
export type DownloadInput = Readonly<{ model: string; repo: string; revision: string | null; cluster: string; hosts: readonly string[] }>;

/** The token for the hub: the entry's own, else the control plane's. Never stored: each process reads it anew. */
export function hubToken(model: Model | null, { secrets }: Pick<StorageDeskDeps, 'secrets'>): string | null {
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const value = model?.env[name];
    const token = value === undefined ? secrets.read(name) : value.kind === 'literal' ? value.value : secrets.read(value.name);
    if (token !== null && token !== '') return token;
  }
  return null;
}

/** What one download of a repository keeps others from. */
export const downloadOf = (cluster: ClusterKey, repo: string): string => `download:${cluster}:${repo}`;

export const downloadPart = (host: HostKey): OperationPart => ({
  ...{ key: host, host, label: `Weights on ${host}`, status: 'pending', note: null },
  ...{ doneBytes: null, totalBytes: null, fraction: null },
});

const STATUS: Readonly<Record<DownloadProgress['phase'], OperationPart['status']>> = {
  waiting: 'pending',
  downloading: 'running',
  copying: 'running',
  verifying: 'running',
  done: 'done',
  failed: 'failed',
};
const NOTES: Partial<Readonly<Record<DownloadProgress['phase'], string>>> = {
  copying: 'copied from another host over the fast link',
  verifying: 'checking that all files are there',
};

function partOf({ host, phase, doneBytes, totalBytes, note }: DownloadProgress): OperationPart {
  const fraction = phase === 'done' ? 1 : doneBytes === null || !totalBytes ? null : doneBytes / totalBytes;
  return { ...downloadPart(host), status: STATUS[phase], doneBytes, totalBytes, fraction, note: note ?? NOTES[phase] ?? null };
}

/** Brings the weights; the jobs on the hosts bear the operation's id, so that the next process finds them. */
export function downloadWorker(deps: StorageDeskDeps, surveys: StorageSurveys): OperationWorker {
  return {
    resumable: true,
    cancellable: true,
    async run({ operation, input, signal, report, log }) {
      const { model, repo, revision, cluster, hosts } = downloadInput(input);
      const store = deps.weights.get(clusterKey(cluster));
      if (store === undefined) throw new SparkError('CLUSTER_NOT_FOUND', `There is no cluster "${cluster}" any more.`);
      const token = hubToken(findModel(deps.core.catalog(), model), deps);
      const bytes = new Map<HostKey, number>();
      const told = (text: string): string => (token === null ? text : text.replaceAll(token, '***'));
      const order = { job: operation.id, repo, revision, hosts: hosts.map(hostKey), token };
      try {
        await store.download(
          order,
          (progress) => {
            if (progress.phase === 'done' && progress.doneBytes !== null) bytes.set(progress.host, progress.doneBytes);
            report([partOf(progress)], labelOf(progress, repo));
          },
          (host, line) => log(host, told(line)),
          signal,
        );
      } finally {
        surveys.forget(clusterKey(cluster));
      }
      return { repo, revision, hosts, bytes: Math.max(0, ...bytes.values()) };
    },
  };
}

function labelOf({ phase, host }: DownloadProgress, repo: string): string {
  switch (phase) {
    case 'waiting':
    case 'downloading':
      return `Downloading ${repo}`;
    case 'copying':
      return `Copying ${repo} to ${host}`;
    case 'verifying':
      return `Checking ${repo} on ${host}`;
    case 'done':
      return `${repo} is on ${host}`;
    case 'failed':
      return `${repo} did not come to ${host}`;
    default:
      return phase satisfies never;
  }
}

/** What this very desk stored. */
function downloadInput(input: Readonly<Record<string, Plain>>): DownloadInput {
  const { model, repo, revision, cluster, hosts } = input;
  const isWhole = typeof model === 'string' && typeof repo === 'string' && typeof cluster === 'string' && Array.isArray(hosts);
  if (!isWhole) throw new TypeError('the input of a download is not whole');
  return { model, repo, cluster, revision: typeof revision === 'string' ? revision : null, hosts: (hosts as readonly Plain[]).map(String) };
}
