import { type Claim, type Clock, LineSplitter, SparkError } from '@spark-control/core';
import { EXIT, refuseGuardExit, runGuarded } from './guarded-script.ts';
import { type JobContent, leaveIfBegun, pollJobScript, startJobScript } from './job-script.ts';
import { knownOutcome, type RemoteShell } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';

const CHUNK_BYTES = 65_536;

/** How a job stands. `missing`: not begun; `lost`: begun, and ended without a word (power cut, killed). */
export type JobState = Readonly<{ kind: 'missing' | 'running' | 'lost' } | { kind: 'ended'; exitCode: number }>;

/**
 * A named job on a host that goes on when the connection is lost, and is begun at most once per claim however often it is
 * asked for. Its state and output are files in `~/.spark-control/<cluster>/jobs/<swap>-<fence>`.
 */
export class DetachedJob {
  readonly #shell: RemoteShell;
  readonly #claim: Claim;
  readonly #clock: Clock;
  readonly #onLine: (line: string) => void;
  readonly #lines = new LineSplitter();
  #offset = 0;

  constructor(shell: RemoteShell, claim: Claim, clock: Clock, onLine: (line: string) => void) {
    this.#shell = shell;
    this.#claim = claim;
    this.#clock = clock;
    this.#onLine = onLine;
  }

  /** Begins the job if it was never begun. Rejects FENCED_OFF, RUNTIME_REJECTED, HOST_UNREACHABLE. */
  async start(content: JobContent, signal: AbortSignal): Promise<void> {
    const options = { timeoutMs: 30_000, wait: true, signal, meanwhile: leaveIfBegun(this.#claim) };
    const { exitCode } = await runGuarded(this.#shell, this.#claim, startJobScript(this.#claim, content), 'beginning a job', options);
    if (exitCode === EXIT.noRunner) {
      throw new SparkError('RUNTIME_REJECTED', `${this.#shell.host} lacks the commands setsid (util-linux) and mkfifo (coreutils).`);
    }
    if (exitCode !== 0)
      throw new SparkError('RUNTIME_REJECTED', `A job could not be begun on ${this.#shell.host} (exit code ${exitCode}).`);
  }

  /** The state now, after at most two seconds of waiting for something new; new lines were reported before it resolves. */
  async poll(signal: AbortSignal): Promise<JobState> {
    for (;;) {
      const { state, isDrained } = await this.#pollOnce(signal);
      if (state.kind === 'running' || isDrained) {
        if (state.kind !== 'running') this.#lines.flush().forEach(this.#onLine);
        return state;
      }
    }
  }

  /** Follows a begun job to its end. Rejects FENCED_OFF or HOST_UNREACHABLE when the guard kept it from beginning. */
  async finished(signal: AbortSignal): Promise<Exclude<JobState, { kind: 'running' }>> {
    for (;;) {
      const state = await this.poll(signal);
      if (state.kind === 'running') {
        // A host that answers at once, against the script's own waiting, must not be asked without a pause.
        await this.#clock.sleep(50, signal);
        continue;
      }
      if (state.kind === 'ended') refuseGuardExit(this.#shell.host, state.exitCode, this.#claim);
      return state.kind === 'ended' ? state : { kind: state.kind };
    }
  }

  async #pollOnce(signal: AbortSignal): Promise<Readonly<{ state: JobState; isDrained: boolean }>> {
    const script = pollJobScript(this.#claim, this.#offset, CHUNK_BYTES);
    const result = knownOutcome(this.#shell, await this.#shell.run(script, { timeoutMs: 15_000, wait: true, signal }), 'following a job');
    const sections = sectionsOf(result.stdout);
    const [kind = '', exitCode = '-', size = '0'] = (sections.get('state') ?? '').trim().split(' ');
    // Counted by the host: a character cut in two at the end of a chunk has another length here.
    const taken = Math.max(0, Math.min(Number(size) - this.#offset, CHUNK_BYTES));
    this.#offset += taken;
    this.#lines.push(sections.get('out') ?? '').forEach(this.#onLine);
    return { state: stateOf(kind, exitCode), isDrained: this.#offset >= Number(size) };
  }
}

function stateOf(kind: string, exitCode: string): JobState {
  if (kind === 'ended') return /^\d+$/.test(exitCode) ? { kind, exitCode: Number(exitCode) } : { kind: 'lost' };
  if (kind === 'missing' || kind === 'running' || kind === 'lost') return { kind };
  throw new SparkError('HOST_UNREACHABLE', 'The host gave no complete answer about a job.');
}
