import { type DiskFacts, type HostFacts, type HostProbe, type HostReport, isSparkError, type ProbeQuestions } from '@spark-control/core';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { parseDisks, parseSystem } from './host-system.ts';
import { parseHelp } from './launcher-script.ts';
import { parseMeminfo } from './parse-meminfo.ts';
import { parseGpu } from './parse-nvidia-smi.ts';
import { describePortOwner, parsePortSection } from './port-section.ts';
import { type KnownParts, probeScript } from './probe-script.ts';
import { knownOutcome } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';
import { parseWeightsContent } from './weights-content.ts';
import { parseWeights } from './weights-section.ts';

type Launcher = NonNullable<HostFacts['launcher']>;
type Known = KnownParts & Readonly<{ dockerVersion: string | null; launcher: Launcher | null }>;

/** A pre-flight may have to measure folders of weights. */
const LIMIT_MS = 30_000;

const NOTHING_KNOWN: Known = { dockerStamp: null, dockerRoot: null, dockerVersion: null, launcherStamp: null, launcher: null };

/** {@link HostProbe}: one script per host, its sections read by pure parsers. */
export class SshHostProbe implements HostProbe {
  readonly #hosts: ClusterHosts;
  readonly #known = new Map<string, Known>();

  constructor(hosts: ClusterHosts) {
    this.#hosts = hosts;
  }

  inspect(questions: ProbeQuestions, signal: AbortSignal): Promise<readonly HostReport[]> {
    return Promise.all(this.#hosts.all.map((on) => this.#report(on, questions, signal)));
  }

  async #report(on: HostShell, questions: ProbeQuestions, signal: AbortSignal): Promise<HostReport> {
    const host = on.host.key;
    const { cluster, head } = this.#hosts;
    const isHead = host === head.host.key;
    // A pre-flight gates a start: it goes by nothing that was read before.
    const isPreflight = questions.image !== null || questions.source !== null;
    const known = (isPreflight ? undefined : this.#known.get(host)) ?? NOTHING_KNOWN;
    try {
      const script = probeScript({ cluster, questions, isHead, known });
      const result = knownOutcome(
        on.shell,
        await on.shell.run(script, { timeoutMs: questions.hostLimitMs ?? LIMIT_MS, signal }),
        'reading the host',
      );
      const sections = sectionsOf(result.stdout);
      const learnt = learntFrom(sections, known);
      const facts = factsOf(sections, questions, learnt, isHead && cluster.launcher === 'launch_cluster');
      if (facts !== null) {
        this.#known.set(host, learnt);
        return { host, reachable: true, facts };
      }
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
}

function learntFrom(sections: ReadonlyMap<string, string>, known: Known): Known {
  const help = sections.get('launcher');
  const stamp = (name: string): string | null => sections.get(name)?.trim() || null;
  const docker = sections.get('docker');
  const [, version = null, root = null] = /^(\S+) (\/[^\n]*)\n?$/.exec(docker ?? '') ?? [];
  return {
    dockerStamp: stamp('docker_stamp'),
    dockerVersion: docker === undefined ? known.dockerVersion : version,
    dockerRoot: docker === undefined ? known.dockerRoot : root,
    launcherStamp: stamp('launcher_stamp'),
    launcher: help === undefined ? known.launcher : parseHelp(help),
  };
}

function factsOf(
  sections: ReadonlyMap<string, string>,
  questions: ProbeQuestions,
  { dockerVersion, launcher }: Known,
  asksLauncher: boolean,
): HostFacts | null {
  const text = (name: string): string => sections.get(name) ?? '';
  const memory = parseMeminfo(text('memory'));
  const [total, available] = [memory.get('MemTotal'), memory.get('MemAvailable')];
  if (total === undefined || available === undefined || !sections.has('end')) return null;
  const { uptimeSeconds, ...system } = parseSystem(text('memory'), text('system'));
  // What Docker has just said of its folder stands before what was known of it.
  const disks = uniqueRoles([...parseDisks(text('docker_disk')), ...parseDisks(text('disk'))]);
  const wanted = disks.filter(({ role }) => role === 'cache' || role === 'docker').map(({ freeBytes }) => freeBytes);
  const image = /^(?:id (sha256:[0-9a-f]{64})|(missing))/m.exec(text('image'));
  const weights = parseWeights(text('weights'));
  return {
    memTotalBytes: total,
    memAvailableBytes: available,
    cachedBytes: memory.get('Cached') ?? 0,
    swapFreeBytes: memory.get('SwapFree') ?? null,
    uptimeSeconds,
    diskFreeBytes: wanted.length === 0 ? null : Math.min(...wanted),
    dockerVersion: sections.has('docker_answers') ? dockerVersion : null,
    ...(image === null ? {} : { imageId: image[1] ?? null }),
    ...(questions.source === null
      ? {}
      : { weights: weights && { ...weights, ...parseWeightsContent(sections.get('model_config'), sections.get('model_tensors')) } }),
    portOwner: describePortOwner(parsePortSection(text('port')), containersOf(text('names')), []),
    ...(asksLauncher ? { launcher } : {}),
    gpu: parseGpu(text('gpu'), text('gpu_processes')),
    disks,
    system,
  };
}

const uniqueRoles = (disks: readonly DiskFacts[]): readonly DiskFacts[] => [
  ...new Map(disks.toReversed().map((disk) => [disk.role, disk])).values(),
];

const containersOf = (text: string): readonly Readonly<{ id: string; name: string }>[] =>
  text.split('\n').flatMap((line) => {
    const [id, name] = line.split(' ');
    return id !== undefined && name !== undefined ? [{ id, name }] : [];
  });
