import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../packages/client/dist/main.js', import.meta.url));
const LOOK_MS = 20;
const LIMIT_MS = 45_000;

/**
 * The job: has a helper of its own, writes down what it was given, and works until it may end. Its first word says how it takes
 * SIGTERM, its second one what it ends with.
 */
const WORK = `#!/bin/sh
case "$1" in
  careful) trap 'echo cleaned up; exit 7' TERM ;;
  stubborn) trap 'echo no > "$HOME/heard"' TERM ;;
esac
sleep 600 &
printf '%s\\n' $$ $PPID $! "$SPARK_LOCK_ID" "$SPARK_BASE_URL" "$SPARK_CLUSTER" "\${SPARK_MODEL_ID-none}" "$(pwd)" > "$HOME/started.part"
mv "$HOME/started.part" "$HOME/started"
until [ -e "$HOME/go" ]; do sleep 0.05; done
kill -KILL $!
exit "\${2:-0}"
`;

/** What the job saw. `helper`: a process that it has started; `parent`: that of sparkctl. */
export type Started = Readonly<{
  pid: number;
  parent: number;
  helper: number;
  lockId: string;
  baseUrl: string;
  cluster: string;
  /** `none`: not set. */
  modelId: string;
  folder: string;
}>;

/** Asks until there is an answer. Each condition of these tests comes true by itself; the limit is for those that never do. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + LIMIT_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A process that has ended but was not collected yet does nothing any more. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\s*($|Z)/.test(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A line of a crontab while it runs. */
export class CronJob {
  /** The exit code of the line, or the signal that ended its shell. */
  readonly ended: Promise<number | string>;
  readonly #shell: ChildProcess;
  readonly #home: string;
  readonly #log: string;

  constructor(shell: ChildProcess, home: string, log: string) {
    this.#shell = shell;
    this.#home = home;
    this.#log = log;
    this.ended = once(shell, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  }

  get pid(): number {
    return this.#shell.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#shell.exitCode !== null || this.#shell.signalCode !== null;
  }

  /** What it has written to both outputs. */
  get output(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** A job that goes on all the same has got SIGTERM. */
  get hasHeard(): boolean {
    return existsSync(join(this.#home, 'heard'));
  }

  /** Resolves when the job of the line is at work. */
  async started(): Promise<Started> {
    const text = await until('the start of the job', () => {
      if (this.hasEnded) throw new Error(`the line ended before its job began: ${this.output}`);
      return existsSync(join(this.#home, 'started')) ? readFileSync(join(this.#home, 'started'), 'utf8') : null;
    });
    const [pid, parent, helper, lockId = '', baseUrl = '', cluster = '', modelId = '', folder = ''] = text.split('\n');
    return { pid: Number(pid), parent: Number(parent), helper: Number(helper), lockId, baseUrl, cluster, modelId, folder };
  }
}

/** Runs lines as cron does: by /bin/sh, with hardly any environment, no terminal, and both outputs in a file. */
export class Crontab {
  readonly home: string;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #jobs: CronJob[] = [];

  private constructor(home: string, variables: Readonly<Record<string, string>>) {
    this.home = home;
    this.#variables = variables;
  }

  /** `variables`: those that stand above the lines of the crontab. */
  static async create(variables: Readonly<Record<string, string>> = {}): Promise<Crontab> {
    const home = await mkdtemp(join(tmpdir(), 'spark-control-cron-'));
    await mkdir(join(home, 'bin'));
    await writeFile(join(home, 'bin', 'sparkctl'), `#!/bin/sh\nexec node '${MAIN}' "$@"\n`, { mode: 0o755 });
    await writeFile(join(home, 'work'), WORK, { mode: 0o755 });
    await writeFile(join(home, 'notes.txt'), 'no program\n', { mode: 0o644 });
    return new Crontab(home, variables);
  }

  /** Starts a line. `$HOME/work` is the job. */
  start(line: string): CronJob {
    const path = [join(this.home, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
    const variables = { SHELL: '/bin/sh', LOGNAME: 'operator', HOME: this.home, PATH: path, ...this.#variables };
    const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const log = join(this.home, `log-${this.#jobs.length}`);
    const file = openSync(log, 'a');
    // In a session of its own, as the jobs of cron are.
    const shell = spawn('/usr/bin/env', ['-i', ...words, '/bin/sh', '-c', line], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    const job = new CronJob(shell, this.home, log);
    this.#jobs.push(job);
    return job;
  }

  /** Runs a line to its end. */
  async run(line: string): Promise<Readonly<{ code: number | string; output: string }>> {
    const job = this.start(line);
    const code = await job.ended;
    return { code, output: job.output };
  }

  /** Lets the job end. */
  go(): Promise<void> {
    return writeFile(join(this.home, 'go'), '');
  }

  /** Ends what a failed test has left, and removes the folder. */
  async close(): Promise<void> {
    for (const job of this.#jobs.filter(({ hasEnded }) => !hasEnded)) killIfAlive(-job.pid);
    const started = join(this.home, 'started');
    // sparkctl, the job and its helper may be in sessions of their own.
    const pids = existsSync(started) ? readFileSync(started, 'utf8').split('\n').slice(0, 3).map(Number) : [];
    for (const pid of pids) killIfAlive(pid);
    await rm(this.home, { recursive: true, force: true });
  }
}
