import { type HostFacts, type HostProbe, type HostReport, isSparkError, type ProbeQuestions, shellQuote } from '@spark-control/core';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { folderWord, helpSection, parseHelp } from './launcher-script.ts';
import { parseFreeBytes } from './parse-df.ts';
import { parseMeminfo } from './parse-meminfo.ts';
import { GPU_FIELDS, PROCESS_FIELDS, parseGpu } from './parse-nvidia-smi.ts';
import { describePortOwner, parsePortSection, portSection } from './port-section.ts';
import { knownOutcome } from './remote-shell.ts';
import { section, sectionsOf } from './script-text.ts';
import { parseWeights, weightsSection } from './weights-section.ts';

/** {@link HostProbe}: one script per host, its sections read by pure parsers. */
export class SshHostProbe implements HostProbe {
  readonly #hosts: ClusterHosts;

  constructor(hosts: ClusterHosts) {
    this.#hosts = hosts;
  }

  inspect(questions: ProbeQuestions, signal: AbortSignal): Promise<readonly HostReport[]> {
    return Promise.all(this.#hosts.all.map((on) => this.#report(on, questions, signal)));
  }

  async #report(on: HostShell, questions: ProbeQuestions, signal: AbortSignal): Promise<HostReport> {
    const host = on.host.key;
    const isHead = host === this.#hosts.head.host.key;
    try {
      const script = this.#script(questions, isHead);
      const result = knownOutcome(on.shell, await on.shell.run(script, { timeoutMs: 30_000, signal }), 'reading the host');
      const facts = factsOf(sectionsOf(result.stdout), questions, isHead && this.#hosts.cluster.launcher === 'launch_cluster');
      if (facts !== null) return { host, reachable: true, facts };
      return {
        host,
        reachable: false,
        code: 'RUNTIME_REJECTED',
        reason: `${on.host.name} gave no complete answer; is /proc/meminfo readable there?`,
      };
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error)) throw error;
      return { host, reachable: false, code: error.code, reason: error.message };
    }
  }

  #script(questions: ProbeQuestions, isHead: boolean): string {
    const { cluster } = this.#hosts;
    const asksLauncher = isHead && cluster.launcher === 'launch_cluster' && cluster.launcherDirectory !== null;
    return [
      section('memory'),
      'cat /proc/meminfo',
      section('uptime'),
      'cat /proc/uptime',
      section('docker'),
      `spark_docker=$(timeout 10 docker info --format '{{.ServerVersion}} {{.DockerRootDir}}' 2>/dev/null </dev/null)`,
      `printf '%s\\n' "$spark_docker"`,
      section('disk'),
      diskCommands(cluster.hfCache),
      section('image'),
      questions.image === null ? ':' : imageCommands(questions.image),
      section('weights'),
      weightsSection(questions.source, cluster.hfCache),
      section('port'),
      portSection(cluster.port),
      section('names'),
      `timeout 10 docker ps --no-trunc --format '{{.ID}} {{.Names}}' 2>/dev/null </dev/null`,
      asksLauncher ? helpSection(folderWord(cluster.launcherDirectory ?? '')) : ':',
      section('gpu'),
      `timeout 5 nvidia-smi --query-gpu=${GPU_FIELDS} --format=csv,noheader,nounits 2>/dev/null </dev/null`,
      section('gpu_processes'),
      `timeout 5 nvidia-smi --query-compute-apps=${PROCESS_FIELDS} --format=csv,noheader,nounits 2>/dev/null </dev/null`,
      section('end'),
    ].join('\n');
  }
}

/** Free space where images go (only root may look into Docker's folder, but its file system can be asked) and where weights go, or will go. */
const diskCommands = (hfCache: string): string => `spark_folder=${folderWord(hfCache)}
while [ ! -d "$spark_folder" ]; do
  case $spark_folder in */*) spark_folder=\${spark_folder%/*} ;; *) spark_folder= ;; esac
  [ -n "$spark_folder" ] || spark_folder=/
done
df -Pk "$spark_folder" 2>/dev/null
case \${spark_docker#* } in /*) df -Pk "\${spark_docker#* }" 2>/dev/null ;; esac`;

const imageCommands = (
  image: string,
): string => `if spark_image=$(timeout 10 docker image inspect --format '{{.Id}}' ${shellQuote(image)} 2>&1 </dev/null); then
  printf 'id %s\\n' "$spark_image"
else
  case $spark_image in *[Nn]o\\ such\\ image*) printf 'missing\\n' ;; *) printf 'unknown\\n' ;; esac
fi`;

function factsOf(sections: ReadonlyMap<string, string>, questions: ProbeQuestions, asksLauncher: boolean): HostFacts | null {
  const text = (name: string): string => sections.get(name) ?? '';
  const memory = parseMeminfo(text('memory'));
  const [total, available] = [memory.get('MemTotal'), memory.get('MemAvailable')];
  if (total === undefined || available === undefined || !sections.has('end')) return null;
  const uptime = Number.parseFloat(text('uptime'));
  const dockerVersion = /^(\S+) /.exec(text('docker'))?.[1] ?? null;
  const image = /^(?:id (sha256:[0-9a-f]{64})|(missing))/m.exec(text('image'));
  const containers = text('names')
    .split('\n')
    .flatMap((line) => {
      const [id, name] = line.split(' ');
      return id !== undefined && name !== undefined ? [{ id, name }] : [];
    });
  return {
    memTotalBytes: total,
    memAvailableBytes: available,
    cachedBytes: memory.get('Cached') ?? 0,
    swapFreeBytes: memory.get('SwapFree') ?? null,
    uptimeSeconds: Number.isFinite(uptime) ? uptime : null,
    diskFreeBytes: parseFreeBytes(text('disk')),
    dockerVersion,
    ...(image === null ? {} : { imageId: image[1] ?? null }),
    ...(questions.source === null ? {} : { weights: parseWeights(text('weights')) }),
    portOwner: describePortOwner(parsePortSection(text('port')), containers, []),
    ...(asksLauncher ? { launcher: parseHelp(text('launcher')) } : {}),
    gpu: parseGpu(text('gpu'), text('gpu_processes')),
  };
}
