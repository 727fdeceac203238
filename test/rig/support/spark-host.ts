import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { eventually, firstLine, must, type Outcome, type RunOptions, run } from './commands.ts';
import { FAKE_VLLM, SUPPORT } from './paths.ts';
import { findProgram } from './requirements.ts';

export const LOGIN = { user: 'spark', uid: 12_077, gid: 12_077 } as const;

export type SparkHost = Readonly<{
  /** `spark1`, `spark2`: host name, and name of the port in the switch. */
  name: string;
  address: string;
  sshPort: number;
  user: string;
  /** Host key as `ssh-keygen -lf` prints it. */
  fingerprint: string;
  /** Process 1 of the host, as the machine counts it: the handle to all its namespaces. */
  pid: number;
  /** Folder of the host on the machine; `sim` in it is the `/sim` of its containers, `home` its `/home`. */
  directory: string;
  /** Socket of its Docker daemon, as seen from the machine. */
  dockerSocket: string;
  /** Runs a program in the host's namespaces, as root or as the login user. */
  exec(argv: readonly string[], options?: RunOptions & Readonly<{ as?: 'root' | 'user' }>): Promise<Outcome>;
  /** Docker's own client on this host's daemon, without the wrapper. Throws when it fails; returns the output. */
  docker(...argv: string[]): Promise<string>;
  stop(): Promise<void>;
}>;

export type HostSeed = Readonly<{ name: string; directory: string; cgroup: string; clientKey: string; pauseSeconds: number }>;

/** Lays out the folder of a host and starts its process 1. The network comes after, and then {@link untilReady}. */
export async function startHostProcess(seed: HostSeed): Promise<Readonly<{ child: ChildProcess; pid: number; fingerprint: string }>> {
  const fingerprint = await layOut(seed);
  const docker = findProgram('docker') ?? 'docker';
  const child = spawn(
    'unshare',
    ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'].concat([
      'bash',
      join(SUPPORT, 'host', 'init.sh'),
      seed.directory,
      seed.name,
      docker,
      seed.cgroup,
      process.execPath,
    ]),
    { stdio: 'pipe', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' } },
  );
  await firstLine(child, `host ${seed.name}`);
  const inits = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  return { child, pid: Number(inits), fingerprint };
}

async function layOut(seed: HostSeed): Promise<string> {
  const { directory: dir } = seed;
  for (const folder of ['home', 'docker', 'sim', 'etc', 'bin', 'logs']) mkdirSync(join(dir, folder), { recursive: true });
  copyFileSync(FAKE_VLLM, join(dir, 'bin', 'fake-vllm.mjs'));
  for (const program of ['docker', 'nvidia-smi']) copyFileSync(join(SUPPORT, 'host', program), join(dir, 'bin', program));
  // Filled in by the host's keeper of the books; the mount over /proc/meminfo needs the file.
  copyFileSync('/proc/meminfo', join(dir, 'sim', 'meminfo'));
  writeFileSync(join(dir, 'etc', 'hostname'), `${seed.name}\n`);
  writeFileSync(join(dir, 'etc', 'hosts'), `127.0.0.1 localhost ${seed.name}\n`);
  writeAccounts(join(dir, 'etc'));
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', seed.name, '-f', join(dir, 'etc', 'host_key')]);
  const fingerprint = (await must(['ssh-keygen', '-lf', join(dir, 'etc', 'host_key.pub')])).split(' ')[1] ?? '';
  writeFileSync(join(dir, 'etc', 'sshd_config'), sshdConfig(join(dir, 'etc', 'host_key'), seed.pauseSeconds));
  const home = join(dir, 'home', LOGIN.user);
  const ssh = join(home, '.ssh');
  mkdirSync(ssh, { recursive: true, mode: 0o700 });
  const publicKey = readFileSync(`${seed.clientKey}.pub`, 'utf8');
  writeFileSync(join(ssh, 'authorized_keys'), publicKey, { mode: 0o600 });
  // The head logs in to the worker with the same key; which one is head is the launcher's business.
  writeFileSync(join(ssh, 'id_ed25519'), readFileSync(seed.clientKey), { mode: 0o600 });
  writeFileSync(join(ssh, 'known_hosts'), '', { mode: 0o600 });
  const files = ['authorized_keys', 'id_ed25519', 'known_hosts'].map((file) => join(ssh, file));
  for (const path of [home, ssh, ...files]) chownSync(path, LOGIN.uid, LOGIN.gid);
  return fingerprint;
}

/** The host's own copies of the account files: the machine gets no new user. `*` is "no password", not "locked". */
function writeAccounts(etc: string): void {
  const { user, uid, gid } = LOGIN;
  const without = (file: string, names: readonly string[]): string =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !names.includes(line.split(':')[0] ?? ''))
      .join('\n');
  writeFileSync(join(etc, 'passwd'), `${without('/etc/passwd', [user])}\n${user}:x:${uid}:${gid}::/home/${user}:/bin/bash\n`);
  writeFileSync(join(etc, 'shadow'), `${without('/etc/shadow', [user])}\n${user}:*:20000:0:99999:7:::\n`, { mode: 0o600 });
  writeFileSync(join(etc, 'group'), `${without('/etc/group', [user, 'docker'])}\n${user}:x:${gid}:\ndocker:x:${gid + 1}:${user}\n`);
}

function sshdConfig(hostKey: string, pauseSeconds: number): string {
  return [
    'Port 22',
    'AddressFamily inet',
    `HostKey ${hostKey}`,
    'PidFile none',
    'UsePAM no',
    'UseDNS no',
    'PermitRootLogin no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
    // The first value of each name counts, so all are in one line.
    `SetEnv PATH=/run/rig/bin:/usr/local/bin:/usr/bin:/bin DOCKER_HOST=unix:///run/docker.sock RIG_PAUSE_SECONDS=${pauseSeconds}`,
    '',
  ].join('\n');
}

export function makeHost(seed: HostSeed, started: Awaited<ReturnType<typeof startHostProcess>>, address: string): SparkHost {
  const { child, pid, fingerprint } = started;
  const dockerSocket = `/proc/${pid}/root/run/docker.sock`;
  const enter = ['nsenter', `--target=${pid}`, '--mount', '--net', '--pid', '--uts', '--ipc', '--wd=/'];
  const asUser = ['setpriv', `--reuid=${LOGIN.uid}`, `--regid=${LOGIN.gid}`, `--groups=${LOGIN.gid + 1}`, '--reset-env', '--'];
  return {
    name: seed.name,
    address,
    sshPort: 22,
    user: LOGIN.user,
    fingerprint,
    pid,
    directory: seed.directory,
    dockerSocket,
    exec: (argv, options = {}) => run([...enter, '--', ...(options.as === 'user' ? asUser : []), ...argv], options),
    docker: (...argv) => must(['docker', '-H', `unix://${dockerSocket}`, ...argv]),
    stop: () => end(child, pid),
  };
}

/** Settles once sshd greets and dockerd answers. */
export async function untilReady(host: SparkHost): Promise<void> {
  const logs = (): string =>
    ['sshd.log', 'dockerd.log'].map((file) => readFileSync(join(host.directory, 'logs', file), 'utf8').slice(-2_000)).join('\n');
  try {
    await eventually(`sshd on ${host.name}`, () => greets(host.address, host.sshPort), 20_000);
    await eventually(
      `dockerd on ${host.name}`,
      async () => (await run(['docker', '-H', `unix://${host.dockerSocket}`, 'version'])).code === 0,
      30_000,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${logs()}`);
  }
}

function greets(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port, timeout: 1_000 });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data: Buffer) => settle(data.toString('latin1').startsWith('SSH-2.0')));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

/** Process 1 takes all others with it before its parent, `unshare`, hears of its end. */
async function end(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(pid, 'SIGKILL');
  await closed;
}
