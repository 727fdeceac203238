import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, must } from './commands.ts';
import { IMAGES } from './image.ts';
import type { Rig } from './rig.ts';
import { LOGIN, type SparkHost } from './spark-host.ts';

/** A load takes 0.3 s. */
export const FAST = { speed: 10, default: { loadSeconds: 3 } } as const;

/** What tests see and do behind the control plane's back, without SSH. */

export type SeenContainer = Readonly<{
  id: string;
  name: string;
  image: string;
  /** Docker's word: `running`, `exited`, `created`. */
  status: string;
  exitCode: number;
  labels: Readonly<Record<string, string>>;
  mounts: readonly Readonly<{ source: string; target: string; writable: boolean }>[];
}>;

type Inspected = Readonly<{
  Id: string;
  Name: string;
  State: Readonly<{ Status: string; ExitCode: number }>;
  Config: Readonly<{ Image: string; Labels: Readonly<Record<string, string>> | null }>;
  Mounts: readonly Readonly<{ Source: string; Destination: string; RW: boolean }>[];
}>;

/** All containers of a host, running or not. */
export async function containersOn(host: SparkHost): Promise<readonly SeenContainer[]> {
  const ids = (await host.docker('ps', '-aq', '--no-trunc')).split('\n').filter((id) => id !== '');
  const seen: SeenContainer[] = [];
  for (const id of ids) {
    const found = await inspect(host, id);
    if (found !== null) seen.push(found);
  }
  return seen;
}

async function inspect(host: SparkHost, id: string): Promise<SeenContainer | null> {
  try {
    const [found] = JSON.parse(await host.docker('inspect', '--type', 'container', id)) as readonly Inspected[];
    if (found === undefined) return null;
    return {
      id: found.Id,
      name: found.Name.slice(1),
      image: found.Config.Image,
      status: found.State.Status,
      exitCode: found.State.ExitCode,
      labels: found.Config.Labels ?? {},
      mounts: found.Mounts.map((each) => ({ source: each.Source, target: each.Destination, writable: each.RW })),
    };
  } catch (error) {
    // It went between the list and the question.
    if (/no such container/i.test((error as Error).message)) return null;
    throw error;
  }
}

/** One start of the model server, as its process saw it. `argv` begins with `serve`; `env` holds the variables of its field. */
export type SeenStart = Readonly<{ at: number; argv: readonly string[]; env: Readonly<Record<string, string>> }>;

/** Every start of the model server on a host since the reset, oldest first. */
export function startsOn(host: SparkHost): readonly SeenStart[] {
  const path = join(host.directory, 'sim', 'argv.log');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SeenStart);
}

/** Sets how the fake vllm of a host behaves; see the simulator for the fields. */
export function configureSimulator(host: SparkHost, config: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(host.directory, 'sim', 'config.json'), JSON.stringify(config));
}

/** Starts something that the control plane did not start: PID 1 is the model server, as with `docker run`. */
export async function startUnmanaged(
  host: SparkHost,
  options: Readonly<{ name: string; port?: number; served?: string; remove?: boolean }>,
): Promise<string> {
  const serve = ['serve', 'org/unmanaged', '--served-model-name', options.served ?? 'unmanaged', '--port', String(options.port ?? 8000)];
  const id = await must([
    'docker',
    ...['-H', `unix://${host.dockerSocket}`, 'run', '-d', '--network', 'host', '--name', options.name],
    ...['-v', `${join(host.directory, 'sim')}:/sim`, ...(options.remove === true ? ['--rm'] : []), IMAGES.node, 'vllm', ...serve],
  ]);
  return id.trim();
}

/** Takes a TCP port of the host with a process that is no container. Returns how to give it back. */
export async function takePort(host: SparkHost, port: number): Promise<() => Promise<void>> {
  const program = `require('node:net').createServer().listen(${port},'0.0.0.0',()=>{require('node:fs').writeFileSync('/run/rig-port-${port}',String(process.pid))})`;
  await must(['rm', '-f', `/proc/${host.pid}/root/run/rig-port-${port}`]);
  const started = host.exec([process.execPath, '-e', program], { timeoutMs: 600_000 });
  const file = `/proc/${host.pid}/root/run/rig-port-${port}`;
  const pid = await eventually(`port ${port} on ${host.name}`, () => (existsSync(file) ? readFileSync(file, 'utf8') : null));
  return async () => {
    await host.exec(['kill', '-KILL', pid]);
    await started;
  };
}

export function memAvailableKiB(host: SparkHost): number {
  return Number(readFileSync(join(host.directory, 'sim', 'meminfo'), 'utf8').match(/MemAvailable:\s+(\d+)/)?.[1]);
}

/** Takes memory of a host, as a process outside Docker would. `bytes: 0` gives it back. Seen in `/proc/meminfo` within a moment. */
export async function holdMemory(host: SparkHost, bytes: number): Promise<void> {
  const before = memAvailableKiB(host);
  const file = join(host.directory, 'sim', 'claims', 'test.json');
  if (bytes === 0) rmSync(file, { force: true });
  // Of a holder that will let go in the far future, so that nobody asks whether it lives.
  else writeFileSync(file, JSON.stringify({ bytes, releasedAt: Number.MAX_SAFE_INTEGER, settleMs: 1 }));
  await eventually(`the memory of ${host.name} to change`, () => memAvailableKiB(host) !== before);
}

/** Kills the model server in a container and leaves the container alone, unless the server is its process 1. */
export async function killModelServer(host: SparkHost, container: string): Promise<void> {
  const table = await host.docker('top', container, '-eo', 'pid,args');
  const pids = table
    .split('\n')
    .filter((line) => /vllm serve/.test(line))
    .flatMap((line) => line.trim().split(/\s+/)[0] ?? []);
  if (pids.length === 0) throw new Error(`no model server in ${container} on ${host.name}`);
  const outcome = await host.exec(['kill', '-KILL', ...pids]);
  if (outcome.code !== 0) throw new Error(outcome.stderr);
}

/** Back to the state after the start: no containers, cables in, memory free, nothing in the login user's state folder. */
export async function resetRig(rig: Rig, simulator: Readonly<Record<string, unknown>>): Promise<void> {
  await Promise.all(
    rig.hosts.map(async (host) => {
      await rig.network.setLink(host.name, 'up');
      const ids = (await host.docker('ps', '-aq')).split('\n').filter((id) => id !== '');
      if (ids.length > 0) await host.docker('rm', '-f', ...ids);
      for (const file of ['argv.log', 'compute-apps.csv', join('claims', 'test.json')]) {
        rmSync(join(host.directory, 'sim', file), { force: true });
      }
      configureSimulator(host, simulator);
      rmSync(join(host.directory, 'home', LOGIN.user, '.spark-control'), { recursive: true, force: true });
      // A daemon that makes the folder of a mount makes it as root, and the login user's next tool could not write there.
      const cache = join(host.directory, 'home', LOGIN.user, '.cache');
      mkdirSync(cache, { recursive: true });
      chownSync(cache, LOGIN.uid, LOGIN.gid);
    }),
  );
}
