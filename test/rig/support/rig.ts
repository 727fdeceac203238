import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './commands.ts';
import { bundleFakeVllm, loadImages } from './image.ts';
import { discardCgroups, discardLeftovers } from './leftovers.ts';
import { type RigNetwork, startNetwork } from './network.ts';
import { SUPPORT } from './paths.ts';
import { type HostSeed, LOGIN, makeHost, type SparkHost, startHostProcess, untilReady } from './spark-host.ts';

/** Not under `/tmp`: a host's `/tmp` is its own and would hide it. */
const BASE = '/var/tmp/spark-rig';

/** Folder of the launcher on every host, by generation. */
export const LAUNCHER_DIRECTORIES = {
  modern: `/home/${LOGIN.user}/spark-vllm-docker`,
  legacy: `/home/${LOGIN.user}/spark-vllm-docker-2026-01`,
} as const;

export type RigOptions = Readonly<{
  hosts: number;
  /** In place of the launcher's fixed pauses of 2 s and 5 s. */
  launcherPauseSeconds?: number;
}>;

/** Sparks made of namespaces: each a real sshd and a real dockerd, on a switch between them. */
export type Rig = Readonly<{
  hosts: readonly SparkHost[];
  network: RigNetwork;
  directory: string;
  /** Private key that logs in on every host as the login user. */
  clientKey: string;
  /** Ends every process, removes every folder. Safe to call twice. */
  stop(): Promise<void>;
}>;

let started = 0;

export async function startRig(options: RigOptions): Promise<Rig> {
  mkdirSync(BASE, { recursive: true });
  discardLeftovers(BASE);
  const id = `${process.pid}-${++started}`;
  const directory = join(BASE, `rig-${id}`);
  mkdirSync(directory, { mode: 0o755 });
  const clientKey = join(directory, 'client_key');
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'control-plane', '-f', clientKey]);
  await bundleFakeVllm();
  const network = await startNetwork();
  const hosts: SparkHost[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(hosts.map((host) => host.stop()));
    await network.stop();
    discardCgroups(id);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const seeds = Array.from({ length: options.hosts }, (_, index): HostSeed => {
      const name = `spark${index + 1}`;
      const cgroup = `/spark-rig-${id}-${name}`;
      return { name, directory: join(directory, name), cgroup, clientKey, pauseSeconds: options.launcherPauseSeconds ?? 0.2 };
    });
    await Promise.all(
      seeds.map(async (seed, index) => {
        const hostProcess = await startHostProcess(seed);
        // In the list before anything else can fail, so that `stop` ends it.
        const address = `${network.subnet}.${11 + index}`;
        const host = makeHost(seed, hostProcess, address);
        hosts[index] = host;
        await network.connect(seed.name, host.pid, 11 + index);
      }),
    );
    installLaunchers(hosts);
    trustEachOther(hosts);
    await Promise.all(hosts.map(untilReady));
    await loadImages(hosts, join(BASE, 'cache'));
  } catch (error) {
    await stop();
    throw error;
  }
  return { hosts, network, directory, clientKey, stop };
}

function installLaunchers(hosts: readonly SparkHost[]): void {
  for (const host of hosts) {
    for (const [generation, path] of Object.entries(LAUNCHER_DIRECTORIES)) {
      const folder = join(host.directory, path);
      mkdirSync(folder, { recursive: true });
      cpSync(join(SUPPORT, 'launcher', `launch-cluster-${generation}.sh`), join(folder, 'launch-cluster.sh'));
      chmodSync(join(folder, 'launch-cluster.sh'), 0o755);
      if (generation === 'modern') cpSync(join(SUPPORT, 'launcher', 'launch-parts.sh'), join(folder, 'launch-parts.sh'));
    }
  }
}

/** Each host knows the others' keys, so that the launcher's plain `ssh` asks nothing. */
function trustEachOther(hosts: readonly SparkHost[]): void {
  const lines = hosts.map((host) => {
    const [type, key] = readFileSync(join(host.directory, 'etc', 'host_key.pub'), 'utf8').split(' ');
    return `${host.address},${host.name} ${type} ${key}`;
  });
  for (const host of hosts) {
    // In place: the mounts over the host's own files follow the inodes.
    writeFileSync(join(host.directory, 'home', LOGIN.user, '.ssh', 'known_hosts'), `${lines.join('\n')}\n`);
    const names = hosts.map((each) => `${each.address} ${each.name}`).join('\n');
    writeFileSync(join(host.directory, 'etc', 'hosts'), `127.0.0.1 localhost\n${names}\n`);
  }
}
