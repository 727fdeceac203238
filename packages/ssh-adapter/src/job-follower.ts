import { type Clock, LineSplitter, SparkError } from '@spark-control/core';
import { EXIT } from './guarded-script.ts';
import { type JobPlace, pollJobScript } from './job-script.ts';
import { knownOutcome, type RemoteShell, type ShellResult } from './remote-shell.ts';
import { sectionsOf } from './script-text.ts';

const CHUNK_BYTES = 65_536;

/** How a job stands. `missing`: not begun; `lost`: begun, and ended without a word (power cut, killed). */
export type JobState = Readonly<{ kind: 'missing' | 'running' | 'lost' } | { kind: 'ended'; exitCode: number }>;
export type JobEnd = Exclude<JobState, { kind: 'running' }>;

/** Reads the state and the output of a job on a host. Each line is told once, however often the link is lost. */
export class JobFollower {
  readonly #shell: RemoteShell;
  readonly #place: JobPlace;
  readonly #clock: Clock;
  readonly #onLine: (line: string) => void;
  readonly #lines = new LineSplitter();
  #offset = 0;

  constructor(shell: RemoteShell, place: JobPlace, clock: Clock, onLine: (line: string) => void) {
    this.#shell = shell;
    this.#place = place;
    this.#clock = clock;
    this.#onLine = onLine;
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

  /** Follows the job to its end. */
  async finished(signal: AbortSignal): Promise<JobEnd> {
    for (;;) {
      const state = await this.poll(signal);
      if (state.kind === 'ended') return state;
      if (state.kind !== 'running') return { kind: state.kind };
      // A host that answers at once, against the script's own waiting, must not be asked without a pause.
      await this.#clock.sleep(50, signal);
    }
  }

  async #pollOnce(signal: AbortSignal): Promise<Readonly<{ state: JobState; isDrained: boolean }>> {
    const script = pollJobScript(this.#place, this.#offset, CHUNK_BYTES);
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

/** Returns when a script that begins a job ended well. Rejects RUNTIME_REJECTED. */
export function assertBegun(shell: RemoteShell, { exitCode }: Pick<ShellResult, 'exitCode'>): void {
  if (exitCode === 0) return;
  const why =
    exitCode === EXIT.noRunner
      ? `${shell.host} lacks the commands setsid (util-linux) and mkfifo (coreutils).`
      : `A job could not be begun on ${shell.host} (exit code ${exitCode}).`;
  throw new SparkError('RUNTIME_REJECTED', why, { details: { host: shell.host } });
}

function stateOf(kind: string, exitCode: string): JobState {
  if (kind === 'ended') return /^\d+$/.test(exitCode) ? { kind, exitCode: Number(exitCode) } : { kind: 'lost' };
  if (kind === 'missing' || kind === 'running' || kind === 'lost') return { kind };
  throw new SparkError('HOST_UNREACHABLE', 'The host gave no complete answer about a job.');
}
