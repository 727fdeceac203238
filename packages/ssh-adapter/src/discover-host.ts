import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { section, sectionsOf } from './script-text.ts';

/** A running container. `ports`: published on the host; none with `--network host`. */
export type FoundContainer = Readonly<{ name: string; image: string; ports: readonly number[] }>;

/** What a host has that a configuration would name. Paths below the login user's home begin with `~/`. */
export type HostDiscovery = Readonly<{
  user: string;
  hostname: string;
  /** Folders that hold launch-cluster.sh. */
  launchers: readonly string[];
  /** `null`: Docker does not answer to the login user, for the reason in `dockerProblem`. */
  containers: readonly FoundContainer[] | null;
  dockerProblem: string | null;
  /** TCP ports that something listens on. */
  listening: readonly number[];
  /** Addresses of interfaces of 100 Gbit/s and more, fastest first. */
  fabric: readonly Readonly<{ name: string; address: string; gigabits: number }>[];
  gpus: readonly string[];
  /** Model servers that answer on this host: port and the names that they serve. */
  serving: readonly Readonly<{ port: number; models: readonly string[] }>[];
}>;

const TIMEOUT_MS = 60_000;
const LEAST_MBITS = 100_000;
/** Where launch-cluster.sh, an image's own server and people put it. */
const MODEL_PORTS = [8888, 8000, 8001] as const;

/** `root` stands before the paths of the system, for tests. */
const script = (root: string): string => `
${section('user')}
id -un; hostname; printf '%s\\n' "$HOME"
${section('launchers')}
timeout 20 find "$HOME" ${root}/opt ${root}/srv -maxdepth 4 -name launch-cluster.sh -type f 2>/dev/null | head -n 20
${section('docker')}
timeout 15 docker ps --no-trunc --format '{{.Names}}\t{{.Image}}\t{{.Ports}}' 2>&1; echo "exit $?"
${section('listening')}
ss -H -l -t -n 2>/dev/null
${section('fabric')}
for i in ${root}/sys/class/net/*; do
  printf '%s %s ' "\${i##*/}" "$(cat "$i/speed" 2>/dev/null || echo 0)"
  ip -o -4 addr show dev "\${i##*/}" 2>/dev/null | tr '\\n' ' '
  echo
done
${section('gpus')}
timeout 10 nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null
for p in ${MODEL_PORTS.join(' ')}; do
  ${section('serving')}
  printf '%s\\n' "$p"
  curl -s -m 3 "http://127.0.0.1:$p/v1/models" 2>/dev/null | head -c 65536
done
${section('end')}
true`;

/** Looks around on a host, in one round trip; it changes nothing. Rejects as {@link RemoteShell.run} does. */
export async function discoverHost(shell: RemoteShell, signal: AbortSignal, root = ''): Promise<HostDiscovery> {
  const what = 'looking for what runs there';
  const { stdout } = knownOutcome(shell, await shell.run(script(root), { timeoutMs: TIMEOUT_MS, signal }), what);
  const sections = sectionsOf(stdout);
  const lines = (name: string): readonly string[] => (sections.get(name) ?? '').split('\n').filter((line) => line !== '');
  const [user = '', hostname = '', home = ''] = lines('user');
  const docker = lines('docker');
  const answers = docker.at(-1) === 'exit 0';
  return {
    user,
    hostname,
    launchers: lines('launchers').map((path) => folderOf(path, home)),
    containers: answers ? docker.slice(0, -1).flatMap(containerOf) : null,
    dockerProblem: answers ? null : dockerProblem(docker.slice(0, -1).join(' ')),
    listening: [...new Set(lines('listening').flatMap(listeningPort))].sort((a, b) => a - b),
    fabric: lines('fabric')
      .flatMap(fabricOf)
      .sort((a, b) => b.gigabits - a.gigabits),
    gpus: lines('gpus'),
    serving: stdout.split('\u001eserving\n').slice(1).flatMap(servingOf),
  };
}

function folderOf(path: string, home: string): string {
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  return home !== '' && folder.startsWith(`${home}/`) ? `~/${folder.slice(home.length + 1)}` : folder;
}

function containerOf(line: string): readonly FoundContainer[] {
  const [name = '', image = '', ports = ''] = line.split('\t');
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return []; // a warning of Docker's
  return [{ name, image, ports: [...new Set([...ports.matchAll(/:(\d{1,5})->/g)].map(([, port]) => Number(port)))] }];
}

function dockerProblem(said: string): string {
  if (/permission denied/i.test(said)) return 'the user may not use Docker: run "sudo usermod -aG docker $USER" there and log in again';
  if (/not found/i.test(said)) return 'Docker is not installed there';
  if (/cannot connect|is the docker daemon running/i.test(said))
    return 'the Docker daemon does not run there: "sudo systemctl start docker"';
  return 'Docker does not answer there';
}

/** `LISTEN 0 4096 *:8888 *:*` */
function listeningPort(line: string): readonly number[] {
  const [, port] = /^\S+\s+\d+\s+\d+\s+\S+:(\d{1,5})\s/.exec(`${line} `) ?? [];
  return port === undefined ? [] : [Number(port)];
}

/** Name, speed in Mbit/s and what `ip -o addr` says of it. */
function fabricOf(line: string): HostDiscovery['fabric'] {
  const [name = '', speed = '0'] = line.split(' ');
  const address = / inet (\d{1,3}(?:\.\d{1,3}){3})\//.exec(line)?.[1];
  return Number(speed) >= LEAST_MBITS && address !== undefined ? [{ name, address, gigabits: Number(speed) / 1_000 }] : [];
}

function servingOf(part: string): HostDiscovery['serving'] {
  const end = part.indexOf('\n');
  try {
    const { data } = JSON.parse(part.slice(end + 1).split('\u001e')[0] ?? '') as { data?: unknown };
    const models = Array.isArray(data) ? data.map((item: unknown) => String((item as { id?: unknown } | null)?.id ?? '')) : [];
    return models.length === 0 ? [] : [{ port: Number(part.slice(0, end)), models: models.filter((id) => id !== '') }];
  } catch {
    return []; // nothing that is a model server
  }
}
