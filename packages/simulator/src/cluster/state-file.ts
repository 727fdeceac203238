import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clusterKey, type Logger } from '@spark-control/core';
import type { LoggedLine } from './container-log.ts';
import { type ContainerRecord, SimulatedContainer } from './simulated-container.ts';
import type { SavedDisk } from './simulated-disk.ts';
import type { FenceEntry, SimulatedHost } from './simulated-host.ts';
import type { SavedSystem } from './simulated-system.ts';

const VERSION = 1;
const KEPT_LINES = 200;

type SavedHost = Readonly<{
  fences: Readonly<Record<string, FenceEntry>>;
  containers: readonly Readonly<{ record: ContainerRecord; log: readonly LoggedLine[] }>[];
  /** Not in files of earlier versions. */
  disk?: SavedDisk;
  system?: SavedSystem;
}>;

/** What outlives the control plane, as the memory of real hosts would. */
export type SavedState = Readonly<{ version: typeof VERSION; port: number; hosts: Readonly<Record<string, SavedHost>> }>;

/** `null` when there is none, or none that this version can read: then the simulated hosts are new. */
export function readState(file: string, logger: Logger): SavedState | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isSavedState(state)) return state;
  } catch {
    // Said below: half a file reads like one of another version.
  }
  logger.warn('the state of the simulated hosts could not be read; they start anew', { file });
  return null;
}

/** Only this module writes the file, so its version vouches for what is inside. */
function isSavedState(state: unknown): state is SavedState {
  return (
    typeof state === 'object' &&
    state !== null &&
    'version' in state &&
    state.version === VERSION &&
    'port' in state &&
    'hosts' in state &&
    typeof state.hosts === 'object'
  );
}

export function writeState(file: string, port: number, hosts: readonly SimulatedHost[], logger: Logger): void {
  const saved = hosts.map((host): [string, SavedHost] => [
    host.host.key,
    {
      fences: Object.fromEntries(host.fences),
      containers: [...host.containers.values()].map(({ record, log }) => ({ record, log: log.tail(KEPT_LINES) })),
      disk: host.disk.save(),
      system: host.system.save(),
    },
  ]);
  const state: SavedState = { version: VERSION, port, hosts: Object.fromEntries(saved) };
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  } catch (error) {
    logger.warn('the state of the simulated hosts could not be written', { file, error });
  }
}

/** Puts saved containers and fences back. Servers that were ready are ready again when this resolves. */
export async function restoreHost(host: SimulatedHost, saved: SavedHost, oldPort: number, port: number): Promise<void> {
  for (const [cluster, entry] of Object.entries(saved.fences)) host.fences.set(clusterKey(cluster), entry);
  if (saved.disk !== undefined) host.disk.restore(saved.disk);
  if (saved.system !== undefined) host.system.restore(saved.system);
  const comebacks = saved.containers.map(async ({ record: old, log }) => {
    // The port may be somebody else's by now.
    const argv = old.argv.map((word, at) => (old.argv[at - 1] === '--port' && word === String(oldPort) ? String(port) : word));
    const record = { ...old, argv };
    const isLoading = record.exitCode === null && record.readyAt === null && !record.isHollow;
    // A load goes on where it would be by now, and prints its lines once more.
    const container = new SimulatedContainer(host, record, isLoading ? [] : log);
    host.containers.set(record.id, container);
    if (record.exitCode === null && !record.isHollow) await container.comeBack();
  });
  await Promise.all(comebacks);
}
