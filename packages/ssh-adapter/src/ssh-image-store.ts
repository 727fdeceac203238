import {
  type Clock,
  type HostImage,
  type HostKey,
  type ImageStore,
  type PullOrder,
  type PullProgress,
  SparkError,
  type StoredImage,
  shellQuote,
} from '@spark-control/core';
import { askHosts } from './ask-hosts.ts';
import type { ClusterHosts, HostShell } from './cluster-hosts.ts';
import { followHostJob } from './follow-host-job.ts';
import { assertImage, pullJob } from './image-pull.ts';
import { PullReading, pullFailure } from './pull-reading.ts';
import { knownOutcome } from './remote-shell.ts';

const TAIL_LINES = 40;

/** {@link ImageStore} of the hosts of one cluster, over SSH. */
export class SshImageStore implements ImageStore {
  readonly #hosts: ClusterHosts;
  readonly #clock: Clock;

  constructor(hosts: ClusterHosts, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  async inspect(image: string, signal: AbortSignal): Promise<readonly HostImage[]> {
    signal.throwIfAborted();
    const script = inspectScript(image);
    return await askHosts<HostImage>(this.#hosts.all, signal, async ({ host, shell }) => {
      const { stdout } = knownOutcome(shell, await shell.run(script, { timeoutMs: 30_000, signal }), 'looking for an image');
      return { host: host.key, reachable: true, image: imageOf(stdout, host.name) };
    });
  }

  async pull(
    order: PullOrder,
    report: (progress: PullProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    assertImage(order.image);
    const on = order.hosts.map((key) => this.#on(key));
    const outcomes = await Promise.allSettled(on.map((host) => this.#pullOn(host, order, report, log, signal)));
    signal.throwIfAborted();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #pullOn(
    { host, shell }: HostShell,
    order: PullOrder,
    report: (progress: PullProgress) => void,
    log: (host: HostKey, line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const say = (phase: PullProgress['phase'], note: string | null): void =>
      report({ host: host.key, layer: null, phase, doneBytes: null, totalBytes: null, note });
    const reading = new PullReading(host);
    const tail: string[] = [];
    const onLine = (line: string): void => {
      const progress = reading.read(line);
      if (progress !== null) report(progress);
      else {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        log(host.key, line);
      }
    };
    say('downloading', null);
    const job = { shell, name: `${order.job}.${host.key}.pull`, clock: this.#clock, onLine };
    const end = await followHostJob(job, pullJob(order.image), signal);
    const exitCode = end.kind === 'ended' ? end.exitCode : null;
    if (exitCode === 0) return say('done', null);
    const failure = pullFailure(order.image, host, exitCode, tail);
    say('failed', failure.message);
    throw failure;
  }

  #on(key: HostKey): HostShell {
    const on = this.#hosts.all.find(({ host }) => host.key === key);
    if (on === undefined) throw new SparkError('HOST_NOT_FOUND', `Host ${key} is not in cluster ${this.#hosts.cluster.key}.`);
    return on;
  }
}

const FORMAT = '{{.Id}} {{.Size}} {{.Architecture}} {{.Created}}';

const inspectScript = (image: string): string => `if spark_image=$(timeout 20 docker image inspect --format ${shellQuote(FORMAT)} \\
  ${shellQuote(assertImage(image))} 2>&1 </dev/null); then
  printf 'found %s\\n' "$spark_image"
else
  case $spark_image in *[Nn]o\\ such\\ image*) printf 'missing\\n' ;; *) printf 'trouble\\n' ;; esac
fi`;

/** @throws {SparkError} RUNTIME_REJECTED when Docker did not answer: what is not known is not "not there". */
function imageOf(stdout: string, host: string): StoredImage | null {
  if (stdout.startsWith('missing')) return null;
  const [, id = '', bytes = '', architecture = '', created = ''] = /^found (sha256:[0-9a-f]{64}) (\d+) (\S+) (\S+)$/m.exec(stdout) ?? [];
  if (id === '') throw new SparkError('RUNTIME_REJECTED', `Docker on ${host} does not say what images it has.`);
  const at = Date.parse(created);
  return { id, bytes: Number(bytes), architecture, createdAt: Number.isNaN(at) ? null : at };
}
