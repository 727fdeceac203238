import { connect } from 'node:net';
import { type Clock, type Cluster, type Host, headOf, isSparkError, shellQuote } from '@spark-control/core';
import { type Finding, fail, pass, skip, textOf, warn } from './access-finding.ts';
import { folderWord, helpSection, parseHelp } from './launcher-script.ts';
import { describePortOwner, parsePortSection, portSection } from './port-section.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { section, sectionsOf } from './script-text.ts';

const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Tokens, logs and leases are compared between machines; ones that are further apart than this mislead. */
const MOST_SKEW_MS = 5_000;

/** A host that could be logged in to. `pooled`: the connection that all other work uses. */
export type Reached = Readonly<{
  host: Host;
  cluster: Cluster;
  shell: RemoteShell;
  pooled: RemoteShell;
  clock: Clock;
  signal: AbortSignal;
}>;

const isHead = ({ host, cluster }: Reached): boolean => headOf(cluster).key === host.key;

/** The sections that a script printed; a host that does not answer rejects HOST_UNREACHABLE. */
async function ask({ signal }: Reached, shell: RemoteShell, script: string): Promise<ReadonlyMap<string, string>> {
  const result = await shell.run(script, { timeoutMs: TIMEOUT_MS, signal });
  return sectionsOf(knownOutcome(shell, result, 'the test of the host').stdout);
}

const DOCKER_SCRIPT = `spark_said=$(timeout 15 docker version --format '{{.Server.Version}}' 2>&1 </dev/null)
spark_code=$?
${section('docker')}
printf '%s %s\\n' "$spark_code" "$spark_said"`;

const dockerAnswer = async (reached: Reached, shell: RemoteShell): Promise<string> =>
  (await ask(reached, shell, DOCKER_SCRIPT)).get('docker') ?? '';

export async function dockerStep(reached: Reached): Promise<Finding> {
  const { host } = reached;
  const said = await dockerAnswer(reached, reached.shell);
  const version = /^0 (\S+)/.exec(said)?.[1];
  if (version !== undefined)
    return (await lacksTheGroup(reached)) ? staleLogin(version) : pass(`Docker ${version} answers user ${host.user}.`, version);
  if (said.startsWith('127 ')) return fail('Docker is not installed there.', 'Install it: https://docs.docker.com/engine/install/ubuntu/');
  if (isDenied(said)) {
    return fail(`User ${host.user} may not use Docker.`, `On ${host.name}: sudo usermod -aG docker ${shellQuote(host.user)}`);
  }
  if (said.startsWith('124 ')) return fail('Docker did not answer within 15 s.', `On ${host.name}: sudo systemctl restart docker`);
  return fail('The Docker daemon does not answer.', `On ${host.name}: sudo systemctl enable --now docker`);
}

const isDenied = (said: string): boolean => /permission denied/i.test(said);

/** A login keeps the groups that the user was in when it was made. */
async function lacksTheGroup(reached: Reached): Promise<boolean> {
  try {
    return isDenied(await dockerAnswer(reached, reached.pooled));
  } catch {
    reached.signal.throwIfAborted();
    return false;
  }
}

const staleLogin = (version: string): Finding =>
  warn(
    `Docker ${version} answers a new login, but not the connection that Spark Control has held since before the user may use Docker.`,
    'Restart Spark Control when no swap runs: a login keeps the groups it began with.',
    version,
  );

export async function launcherStep(reached: Reached): Promise<Finding> {
  const { cluster, shell } = reached;
  const { launcherDirectory } = cluster;
  if (cluster.launcher !== 'launch_cluster') return skip('The cluster is started without a launcher.');
  if (!isHead(reached)) return skip(`Only the head, ${headOf(cluster).name}, needs the launcher.`);
  if (launcherDirectory === null)
    return fail('No launcher directory is set.', `Set launcher_directory of cluster ${cluster.key} in spark.yaml.`);
  const sections = await ask(reached, shell, helpSection(folderWord(launcherDirectory)));
  const found = parseHelp(sections.get('launcher') ?? '');
  if (found !== null) return pass(`${found.path}, ${found.generation} generation.`, found.generation);
  const hint = `Put the launcher there, or set launcher_directory of cluster ${cluster.key} in spark.yaml.`;
  return fail(`There is no launch-cluster.sh that can be read in ${launcherDirectory}.`, hint);
}

export async function imageStep(reached: Reached, hasDocker: boolean): Promise<Finding> {
  const { cluster, host, shell } = reached;
  if (!hasDocker) return skip('Not tried, since Docker cannot be used.');
  const script = `${section('image')}
timeout 15 docker image inspect --format '{{.Id}}' -- ${shellQuote(cluster.image)} 2>/dev/null </dev/null`;
  const id = /^sha256:[0-9a-f]{64}/.exec((await ask(reached, shell, script)).get('image') ?? '')?.[0];
  if (id !== undefined) return pass(`The image ${cluster.image} is there.`, id);
  const hint =
    cluster.launcher === 'launch_cluster'
      ? `Build it on the head with the launcher's own build script, which copies it here, or pull it on ${host.name}.`
      : `On ${host.name}: docker pull ${shellQuote(cluster.image)}`;
  return warn(`The image ${cluster.image} is not there; models that name no other cannot start.`, hint);
}

export async function apiPortStep(reached: Reached): Promise<Finding> {
  const { cluster, host, shell } = reached;
  const { port, container } = cluster;
  if (!isHead(reached)) return skip(`Only the head, ${headOf(cluster).name}, serves the API.`);
  const script = `${section('port')}
${portSection(port)}
${section('names')}
timeout 10 docker ps --no-trunc --format '{{.ID}} {{.Names}}' 2>/dev/null </dev/null`;
  const sections = await ask(reached, shell, script);
  const state = parsePortSection(sections.get('port') ?? '');
  if (state.isOpen === null) return warn(`Who listens on port ${port} could not be told.`, `On ${host.name}: sudo apt install iproute2`);
  const containers = (sections.get('names') ?? '').split('\n').flatMap((line) => {
    const [id = '', name = ''] = line.trim().split(' ');
    return name === '' ? [] : [{ id, name }];
  });
  const owner = describePortOwner(
    state,
    containers,
    containers.filter(({ name }) => name === container).map(({ name }) => name),
  );
  if (owner === null) return pass(`Port ${port} is free.`, 'free');
  if (owner !== `container ${container}`) {
    const hint = `A swap stops the containers it knows and nothing else: end it, or give cluster ${cluster.key} another port.`;
    return warn(`Port ${port} is taken by ${owner}.`, hint, owner);
  }
  if (await canConnect(host.address, port, reached.signal)) return pass(`Port ${port} is served by ${owner}.`, owner);
  const hint = `A firewall seems to be in between. On ${host.name}: sudo ufw allow ${port}/tcp`;
  return warn(`Port ${port} is served by ${owner}, but cannot be connected to from here.`, hint, owner);
}

function canConnect(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(false));
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

export async function timeStep(reached: Reached): Promise<Finding> {
  const { clock, shell, host } = reached;
  const before = clock.now();
  const sections = await ask(reached, shell, `${section('time')}\ndate +%s.%N`);
  const here = (before + clock.now()) / 2;
  const there = Number.parseFloat(sections.get('time') ?? '') * 1_000;
  if (!Number.isFinite(there)) return warn('Its time could not be read.', null);
  const seconds = ((there - here) / 1_000).toFixed(1).replace('-0.0', '0.0');
  const measured = `${seconds.startsWith('-') ? '' : '+'}${seconds} s`;
  if (Math.abs(there - here) <= MOST_SKEW_MS) return pass(`Its clock is ${measured} from ours.`, measured);
  return warn(`Its clock is ${measured} from ours.`, `On ${host.name}: sudo timedatectl set-ntp true; and check the clock here.`, measured);
}

/** A step that could not be asked: the connection went, or the shell there is broken. */
export function brokenStep(error: unknown): Finding {
  const hint =
    isSparkError(error) && error.code === 'HOST_UNREACHABLE' ? 'Test again; if it stays so, look at the load of the host.' : null;
  return fail(textOf(error, 'It could not be asked.'), hint);
}
