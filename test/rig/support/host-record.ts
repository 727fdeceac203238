import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOGIN, type SparkHost } from './spark-host.ts';

/** One start of a container of ours, as the host's own Docker daemon recorded it. Times are in ms of the machine's clock. */
export type ContainerStart = Readonly<{ host: string; at: number; controller: string; swap: string; fence: number; model: string }>;

type DockerEvent = Readonly<{ timeNano: number; Actor: Readonly<{ Attributes: Readonly<Record<string, string>> }> }>;

/** Starts of containers that bear our labels, oldest first. The daemon remembers its last 256 events. */
export async function containerStarts(host: SparkHost, sinceMs: number): Promise<readonly ContainerStart[]> {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
  const words = ['--since', seconds(sinceMs), '--until', seconds(Date.now()), '--filter', 'type=container', '--filter', 'event=start'];
  const lines = (await host.docker('events', ...words, '--format', '{{json .}}')).split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const { timeNano, Actor } = JSON.parse(line) as DockerEvent;
    const label = (name: string): string => Actor.Attributes[`spark-control.${name}`] ?? '';
    if (label('swap') === '') return [];
    const [controller, swap, model] = [label('controller'), label('swap'), label('model')];
    return [{ host: host.name, at: timeNano / 1e6, controller, swap, fence: Number(label('fence')), model }];
  });
}

/** The fence file of a cluster on a host, and when it was written. */
export type SeenFence = Readonly<{ fence: number; controller: string; swap: string; at: number }>;

const stateFolder = (host: SparkHost, cluster: string): string => join(host.directory, 'home', LOGIN.user, '.spark-control', cluster);

export function fenceOn(host: SparkHost, cluster: string): SeenFence {
  const file = join(stateFolder(host, cluster), 'fence');
  const [fence = '', controller = '', swap = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return { fence: Number(fence), controller, swap, at: statSync(file).mtimeMs };
}

/** A launch job of a swap that has begun on a host and has not ended: its folder. `null`: there is none. */
export function runningJob(host: SparkHost, cluster: string, swap: string): string | null {
  const jobs = join(stateFolder(host, cluster), 'jobs');
  const own = entriesOf(jobs).find((name) => name.startsWith(`${swap}-`));
  if (own === undefined) return null;
  const files = entriesOf(join(jobs, own));
  return files.includes('started') && !files.includes('exit') ? join(jobs, own) : null;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not made yet
  }
}
