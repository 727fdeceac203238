import {
  type Claim,
  type Clock,
  type Cluster,
  type Host,
  type HostCondition,
  type HostKey,
  type HostMaintenance,
  isSparkError,
  noRootRights,
  SparkError,
  type UpdateOrder,
  type UpdateSurvey,
} from '@spark-control/core';
import { EXIT, refuseGuardExit, runGuarded } from './guarded-script.ts';
import { HostJob } from './host-job.ts';
import { parseAudit, parseSimulation, parseSizes } from './parse-apt.ts';
import { parseFirmware } from './parse-firmware.ts';
import { parseBusy, parseCondition, parseFree, parseOs, parseSystem } from './parse-system.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';
import { conditionScript, surveyScript } from './survey-script.ts';
import { explainFailure } from './update-failure.ts';
import { rebootScript, UPDATE_LIMIT_SECONDS, updateJobScript } from './update-job-script.ts';

/** Of so many last lines the reason of a failure is read. */
const KEPT_LINES = 200;
/** A job whose begin got lost is begun again this often. */
const BEGIN_TRIES = 3;

export type SshHostMaintenanceOptions = Readonly<{
  clusters: readonly Cluster[];
  /** Shells of the hosts, for example those of a `ShellPool`. */
  pool: Readonly<{ shell: (host: Host) => RemoteShell; forgetRefusals?: () => void }>;
  clock: Clock;
  /** Put before the paths of the system that are read. Default: none. */
  systemRoot?: string;
}>;

/** {@link HostMaintenance} with the package tools of Debian and Ubuntu, fwupd and systemd. */
export class SshHostMaintenance implements HostMaintenance {
  readonly #options: SshHostMaintenanceOptions;
  readonly #root: string;

  constructor(options: SshHostMaintenanceOptions) {
    this.#options = options;
    this.#root = options.systemRoot ?? '';
  }

  async survey(key: HostKey, signal: AbortSignal): Promise<UpdateSurvey> {
    const { host, shell } = this.#reach(key);
    const script = surveyScript(this.#root);
    const result = knownOutcome(shell, await shell.run(script, { timeoutMs: 480_000, signal }), 'asking for updates');
    const sections = sectionsOf(result.stdout);
    const text = (name: string): string => sections.get(name) ?? '';
    const simulation = parseSimulation(text('simulation'));
    if (!sections.has('end')) throw incomplete(host);
    if (simulation === null)
      throw rejected(host, `${host.name} has no apt-get: only Debian and Ubuntu, and so DGX OS, are updated from here.`);
    const at = this.#options.clock.now();
    const [listsAt, now] = [secondsOf(text('lists')), secondsOf(text('now'))];
    const refused =
      simulation.exitCode === 0 ? [] : [`apt-get cannot work out an update (${simulation.errors.join(' ') || 'no reason given'}).`];
    return {
      ...parseSystem(sections),
      ...parseSizes(text('sizes')),
      host: key,
      at,
      os: parseOs(text('os')),
      // By the host's own clock, which may be wrong: only the difference counts.
      listsAt: listsAt === null || now === null ? null : at - Math.max(0, now - listsAt) * 1_000,
      packages: simulation.packages,
      held: text('held')
        .split('\n')
        .filter((name) => name !== ''),
      broken: [...parseAudit(text('audit')), ...refused],
      firmware: parseFirmware(text('firmware')),
      free: parseFree(text('free')),
      busyWith: parseBusy(text('busy')),
    };
  }

  async hasBegun(key: HostKey, job: string, signal: AbortSignal): Promise<boolean> {
    const state = await this.#job(this.#reach(key).shell, job, () => undefined).poll(signal);
    return state.kind !== 'missing';
  }

  async update(key: HostKey, order: UpdateOrder, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const { host, shell } = this.#reach(key);
    const lines: string[] = [];
    const job = this.#job(shell, order.job, (line) => {
      if (lines.push(line) > KEPT_LINES) lines.shift();
      onLine(line);
    });
    const content = { script: updateJobScript(order), files: {}, limitSeconds: UPDATE_LIMIT_SECONDS };
    for (let tries = 1; tries <= BEGIN_TRIES; tries += 1) {
      await job.start(content, signal);
      const end = await job.finished(signal);
      if (end.kind === 'missing') continue;
      if (end.kind !== 'ended') throw lost(host);
      return refuseExit(host, shell, order.claim, end.exitCode, lines);
    }
    throw rejected(host, `The update of ${host.name} could not be begun there.`);
  }

  async reboot(key: HostKey, bootId: string, claim: Claim, signal: AbortSignal): Promise<void> {
    const { host, shell } = this.#reach(key);
    const options = { timeoutMs: 90_000, wait: true, signal };
    const { stdout } = await runGuarded(shell, claim, rebootScript(bootId, this.#root), 'ordering a reboot', options);
    const [, outcome = '', words = ''] = /^outcome (\w+) ?(.*)$/m.exec(stdout) ?? [];
    if (outcome === 'done' || outcome === 'ordered') return;
    const why = /password is required|not allowed/.test(words) ? noRootRights(host.user) : words || 'systemctl gave no reason.';
    throw rejected(host, `${host.name} refused to reboot: ${why}`);
  }

  async condition(key: HostKey, signal: AbortSignal): Promise<HostCondition> {
    const { host, shell } = this.#reach(key);
    try {
      const result = await shell.run(conditionScript(this.#root), { timeoutMs: 120_000, signal });
      const condition = parseCondition(sectionsOf(knownOutcome(shell, result, 'looking at the host').stdout));
      if (condition === null) throw incomplete(host);
      return condition;
    } catch (error) {
      // A host that boots refuses logins for a while (pam_nologin): that refusal says nothing about the next attempt.
      if (isSparkError(error) && error.code === 'HOST_AUTH_FAILED') this.#options.pool.forgetRefusals?.();
      throw error;
    }
  }

  #job(shell: RemoteShell, name: string, onLine: (line: string) => void): HostJob {
    return new HostJob(shell, name, this.#options.clock, onLine);
  }

  #reach(key: HostKey): Readonly<{ host: Host; shell: RemoteShell }> {
    const host = this.#options.clusters.flatMap(({ hosts }) => hosts).find((candidate) => candidate.key === key);
    if (host === undefined) throw new SparkError('HOST_NOT_FOUND', `There is no host "${key.slice(0, 100)}". GET /api/hosts lists them.`);
    return { host, shell: this.#options.pool.shell(host) };
  }
}

function refuseExit(host: Host, shell: RemoteShell, claim: Claim | null, exitCode: number, lines: readonly string[]): void {
  if (exitCode === 0) return;
  if (claim !== null && exitCode !== EXIT.busy) refuseGuardExit(shell.host, exitCode, claim);
  if (claim !== null && exitCode === EXIT.busy) {
    // The job is over, so that asking again would only hear the same.
    throw rejected(host, `A step of a swap still held the lock of cluster ${claim.cluster} on ${host.name}; nothing was changed there.`);
  }
  const { message, hint } = explainFailure(lines, exitCode);
  throw rejected(host, `The update of ${host.name} failed: ${message}.`, hint);
}

const lost = (host: Host): SparkError =>
  rejected(
    host,
    `The update of ${host.name} was broken off: the host went down, or the job was killed.`,
    'Look on the host: sudo dpkg --audit. If something is half done: sudo dpkg --configure -a, then sudo apt-get --fix-broken install.',
  );

const rejected = (host: Host, message: string, hint?: string): SparkError =>
  new SparkError('RUNTIME_REJECTED', message, { details: { host: host.key, ...(hint === undefined ? {} : { hint }) } });

const incomplete = (host: Host): SparkError => rejected(host, `${host.name} gave no complete answer about its packages and its system.`);

const secondsOf = (text: string): number | null => (/^\d+$/m.test(text) ? Number.parseInt(text, 10) : null);
