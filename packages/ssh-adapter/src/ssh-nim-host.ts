import {
  type Clock,
  type Cluster,
  type Host,
  type HostKey,
  isImageReference,
  isStopping,
  maskSecrets,
  type NimHost,
  type NimImage,
  type NimOrder,
  type NimSite,
  type PullProgress,
  SparkError,
  shellQuote,
} from '@spark-control/core';
import { followHostJob } from './follow-host-job.ts';
import { assertWord } from './guarded-script.ts';
import { HostJob } from './host-job.ts';
import { pullJob } from './image-pull.ts';
import { handOnScript, loginScript, NIM_EXIT, SECRET_FOLDER, withHandedOn } from './nim-login.ts';
import { inspectScript, parseInspection } from './nim-manifest.ts';
import { loginRefused, nimRefusal, noMemoryFolder, notReady, runRefused } from './nim-refusal.ts';
import { assertCache, readyScript, runScript, settleScript } from './nim-run.ts';
import { parseSite, surveyScript } from './nim-site.ts';
import { PullReading } from './pull-reading.ts';
import { knownOutcome, type RemoteShell, type ShellResult } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';

const TAIL_LINES = 40;

export type SshNimHostOptions = Readonly<{
  clusters: readonly Cluster[];
  /** Shells of the hosts, for example those of a `ShellPool`. */
  pool: Readonly<{ shell: (host: Host) => RemoteShell }>;
  clock: Clock;
}>;

type On = Readonly<{ host: Host; shell: RemoteShell }>;
type Known = ShellResult & Readonly<{ exitCode: number }>;

/** {@link NimHost} over SSH. The key is a word of scripts that go over standard input, and a file in the host's memory while an image is pulled. */
export class SshNimHost implements NimHost {
  readonly #options: SshNimHostOptions;

  constructor(options: SshNimHostOptions) {
    this.#options = options;
  }

  async survey(host: HostKey, order: Pick<NimOrder, 'image' | 'container' | 'port' | 'cache'>, signal: AbortSignal): Promise<NimSite> {
    const on = this.#on(host);
    assertImage(order.image);
    assertContainer(order);
    const { stdout } = await run(on, surveyScript(order), 'looking at a host', 90_000, signal);
    const site = parseSite(stdout, order);
    if (site !== null) return site;
    throw rejected(on.host, `Docker on ${on.host.name} does not answer the login user. Start it, and put that user into the group docker.`);
  }

  async login(host: HostKey, image: string, key: string, signal: AbortSignal): Promise<void> {
    const on = this.#on(host);
    refuseLogin(on, image, await run(on, loginScript(assertImage(image), key), 'logging in to a registry', 90_000, signal));
  }

  async inspect(host: HostKey, image: string, key: string | null, signal: AbortSignal): Promise<NimImage> {
    const on = this.#on(host);
    const result = await run(on, inspectScript(assertImage(image), key), 'asking a registry', 240_000, signal);
    refuseLogin(on, image, result);
    const inspection = parseInspection(image, result.stdout);
    if ('found' in inspection) return inspection.found;
    throw nimRefusal(image, on.host, key !== null, inspection.problem);
  }

  async pull(
    host: HostKey,
    order: Pick<NimOrder, 'job' | 'image'>,
    key: string | null,
    report: (progress: PullProgress) => void,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const on = this.#on(host);
    const { shell } = on;
    const name = `${order.job}.nim`;
    const reading = new PullReading(on.host);
    const tail: string[] = [];
    const onLine = (line: string): void => {
      const progress = reading.read(line);
      if (progress !== null) report(progress);
      else {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        log(line);
      }
    };
    const plain = pullJob(assertImage(order.image));
    const state = await new HostJob(shell, name, this.#options.clock, () => undefined).poll(signal);
    const folder = key === null || state.kind !== 'missing' ? null : await this.#handOn(on, order.image, key, signal);
    try {
      const content = folder === null ? plain : { ...plain, script: withHandedOn(folder, plain.script) };
      const end = await followHostJob({ shell, name, clock: this.#options.clock, onLine }, content, signal);
      if (end.kind === 'ended' && end.exitCode === 0) return;
      const text = tail.join('\n');
      throw nimRefusal(order.image, on.host, key !== null, end.kind === 'ended' ? text : null, end.kind === 'ended' ? end.exitCode : 0);
    } finally {
      // A job that was ended the hard way could not; one that goes on after us still needs it.
      if (folder !== null && !isStopping(signal)) await this.#forget(on, folder);
    }
  }

  async run(host: HostKey, order: NimOrder, key: string | null, signal: AbortSignal): Promise<Readonly<{ hasGpus: boolean }>> {
    const on = this.#on(host);
    assertImage(order.image);
    assertContainer(order);
    assertCache(order.cache);
    const { stdout } = await run(on, runScript(order, key), 'starting a container', 420_000, signal);
    const [, outcome = '', gpus = ''] = /^outcome (\w+)(?: (\d))?$/m.exec(stdout) ?? [];
    if (outcome === 'started') return { hasGpus: gpus === '1' };
    if (outcome === 'there') return { hasGpus: true };
    throw runRefused(order, on.host, outcome, sectionsOf(stdout).get('said') ?? '');
  }

  async ready(host: HostKey, order: NimOrder, signal: AbortSignal): Promise<Readonly<{ ready: boolean; detail: string }>> {
    const on = this.#on(host);
    assertContainer(order);
    const { stdout } = await run(on, readyScript(order), 'asking a container', 60_000, signal);
    const sections = sectionsOf(stdout);
    if (!sections.has('end')) throw rejected(on.host, `${on.host.name} gave no complete answer about ${order.container}.`);
    const [status = '', exitCode = ''] = (sections.get('state') ?? '').trim().split(' ');
    const log = maskSecrets(sections.get('log') ?? '')
      .split('\n')
      .filter((line) => line.trim() !== '');
    if (status !== 'running') throw notReady(order.container, on.host, status, exitCode, log);
    const http = (sections.get('http') ?? '').trim();
    if (http === '200') return { ready: true, detail: 'It is loaded.' };
    const answer = http === '' || http === '000' ? 'It does not answer yet.' : `It answers with status ${http.slice(0, 3)}.`;
    const last = log.at(-1);
    return { ready: false, detail: last === undefined ? answer : `${answer} ${last.slice(0, 300)}` };
  }

  async settle(host: HostKey, order: Pick<NimOrder, 'job' | 'container'>, keep: 'new' | 'old', signal: AbortSignal): Promise<boolean> {
    const on = this.#on(host);
    assertContainer(order);
    const { stdout } = await run(on, settleScript(order, keep), 'settling a container', 420_000, signal);
    const [, outcome = ''] = /^outcome (\w+)$/m.exec(stdout) ?? [];
    if (outcome === 'done' || outcome === 'nothing') return outcome === 'done';
    const what =
      keep === 'new' ? 'What was set aside could not be removed' : `What served as ${order.container} before could not be brought back`;
    throw rejected(on.host, `${what} on ${on.host.name}; see "docker ps -a" there.`);
  }

  async #handOn(on: On, image: string, key: string, signal: AbortSignal): Promise<string> {
    const result = await run(on, handOnScript(image, key), 'logging in to a registry', 90_000, signal);
    refuseLogin(on, image, result);
    const folder = (sectionsOf(result.stdout).get('folder') ?? '').trim();
    if (folder.startsWith('/') && folder.includes(`/${SECRET_FOLDER}`)) return folder;
    throw rejected(on.host, `${on.host.name} has made no place in its memory for the login.`);
  }

  /** Best effort: the folder is in memory, and what is left is cleared away by the next login there. */
  async #forget({ shell }: On, folder: string): Promise<void> {
    const options = { timeoutMs: 15_000, wait: true, signal: AbortSignal.timeout(20_000) };
    await shell.run(`rm -rf ${shellQuote(folder)}`, options).catch(() => undefined);
  }

  #on(key: HostKey): On {
    const host = this.#options.clusters.flatMap(({ hosts }) => hosts).find((candidate) => candidate.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `Host ${key} is in no cluster.`);
    return { host, shell: this.#options.pool.shell(host) };
  }
}

async function run({ shell }: On, script: string, what: string, timeoutMs: number, signal: AbortSignal): Promise<Known> {
  return knownOutcome(shell, await shell.run(script, { timeoutMs, wait: true, signal }), what);
}

function refuseLogin({ host }: On, image: string, { exitCode, stdout }: Known): void {
  if (exitCode === NIM_EXIT.noMemoryFolder) throw noMemoryFolder(host);
  if (exitCode === NIM_EXIT.loginRefused) throw loginRefused(image, host, sectionsOf(stdout).get('login') ?? '');
}

/** In quotes it would be one word, and docker would take one that begins with a dash for an option. */
function assertContainer({ container }: Pick<NimOrder, 'container'>): void {
  assertWord(container, 'name of the container');
}

function assertImage(image: string): string {
  if (isImageReference(image)) return image;
  throw new SparkError('UNSAFE_ARGUMENT', 'What is asked for is no image ([registry/]name[:tag][@digest]).');
}

const rejected = (host: Host, message: string): SparkError => new SparkError('RUNTIME_REJECTED', message, { details: { host: host.key } });
