import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { HOSTILE } from '../../core/test/support/hostile-words.ts';
import { HostJob, ShellPool } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const LIMIT = { files: {}, limitSeconds: 60 };
const GATED = `echo begun >>"$HOME/begun"; echo working; while [ ! -e "$HOME/gate" ]; do sleep 0.02; done; echo done; exit 5`;

describe('a job without a claim on a host with real sshd', function () {
  this.timeout(30_000);
  const hosts = useSshd(1);
  let pool: ShellPool;
  let lines: string[];
  beforeEach(() => {
    pool = new ShellPool({ clock: systemClock });
    lines = [];
  });
  afterEach(() => pool.close());

  const home = (): string => hosts()[0]!.home;
  const jobOf = (name = 'op_1.spark1'): HostJob => new HostJob(pool.shell(hosts()[0]!.host), name, systemClock, (line) => lines.push(line));
  const folder = (name = 'op_1.spark1'): string => join(home(), '.spark-control', 'jobs', name);
  const pidOf = (): number => Number(readFileSync(join(folder(), 'pid'), 'utf8'));

  it('runs to its end, with its lines and exit code', async () => {
    const job = jobOf();
    await job.start({ ...LIMIT, script: 'echo one; echo two >&2; printf three; exit 7' }, NEVER);
    expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 7 });
    expect(lines).to.deep.equal(['one', 'two', 'three']);
  });

  it('is missing until it is begun', async () => {
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'missing' });
    expect(existsSync(folder())).to.equal(false);
  });

  it('is begun once, goes on when every connection is killed, and tells its output from the beginning to whoever finds it', async () => {
    await Promise.all([1, 2, 3].map(() => jobOf().start({ ...LIMIT, script: GATED }, NEVER)));
    await eventually(() => existsSync(join(home(), 'begun')));
    await hosts()[0]!.killSessions();
    writeFileSync(join(home(), 'gate'), '');
    await eventually(() => existsSync(join(folder(), 'exit')));
    await jobOf().start({ ...LIMIT, script: GATED }, NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 5 });
    expect(lines).to.deep.equal(['working', 'done']);
    expect(readFileSync(join(home(), 'begun'), 'utf8')).to.equal('begun\n');
  });

  it('reads secrets on its standard input, from a file that is gone by then, and hands files over byte for byte', async () => {
    const text = [...HOSTILE, '\n\n', "EOF\n'"].join('|');
    const script = `ls -A "$spark_job" | grep -c stdin; cat >"$HOME/secret"; stat -c %a "$spark_job" "$spark_job/data"; cp "$spark_job/data" "$HOME/copy"`;
    await jobOf().start({ script, files: { data: text }, limitSeconds: 60, stdinSecrets: `${text}2` }, NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 0 });
    expect(lines).to.deep.equal(['0', '700', '600']);
    expect(readFileSync(join(home(), 'secret'), 'utf8')).to.equal(`${text}2`);
    expect(readFileSync(join(home(), 'copy'), 'utf8')).to.equal(text);
    expect(readdirSync(folder())).to.have.members(['exit', 'out', 'pid', 'run.lock', 'runner', 'started']);
    expect(statSync(join(folder(), 'out')).mode & 0o777).to.equal(0o600);
  });

  it('ends with all it began when it is cancelled', async () => {
    await jobOf().start({ ...LIMIT, script: 'sh -c "sleep 63.5; echo never" & echo $!; wait' }, NEVER);
    await eventually(async () => (await jobOf().poll(NEVER)).kind === 'running' && lines.length > 0);
    await jobOf().cancel(NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
    await eventually(() => !existsSync(`/proc/${lines[0]}`));
  });

  it('is over after a cancel in the very moment of its beginning, before it or after its end', async () => {
    await jobOf('early').cancel(NEVER);
    await jobOf().start({ ...LIMIT, script: 'sleep 64.5' }, NEVER);
    await jobOf().cancel(NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
    await jobOf().cancel(NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
  });

  // It takes the five seconds that the job is given to listen.
  const inProof = process.env['SPARK_PROVE'] === '1' ? it : () => undefined;
  inProof('is killed when it does not listen to the cancel, and leaves no secret behind', async () => {
    const script = `trap '' TERM; echo begun >"$HOME/begun"; while :; do sleep 0.2; done`;
    await jobOf().start({ script, files: { token: 'hf_secret' }, limitSeconds: 60 }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    await jobOf().cancel(NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'lost' });
    expect(readdirSync(folder())).to.not.include.members(['token']);
  });

  it('does not end another process that got the number of its runner', async () => {
    await jobOf().start({ ...LIMIT, script: 'exit 0' }, NEVER);
    await jobOf().finished(NEVER);
    // As after a power cut: begun, no word of its end, and by now the number is somebody else's.
    await jobOf('stranger').start({ ...LIMIT, script: GATED }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    const stranger = readFileSync(join(folder('stranger'), 'pid'), 'utf8');
    writeFileSync(join(folder(), 'pid'), stranger);
    utimesSync(join(folder(), 'pid'), 1, 1);
    rmSync(join(folder(), 'exit'));
    await jobOf().cancel(NEVER);
    writeFileSync(join(home(), 'gate'), '');
    expect(await jobOf('stranger').finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 5 });
  });

  it('is lost, without its secrets, when its runner was killed', async () => {
    await jobOf().start({ script: GATED, files: { token: 'hf_secret' }, limitSeconds: 60 }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    process.kill(-pidOf(), 'SIGKILL');
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'lost' });
    expect(readdirSync(folder())).to.not.include.members(['token']).and.to.not.include.members(['script']);
    await jobOf().start({ ...LIMIT, script: GATED }, NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'lost' });
  });

  it('is ended at its limit', async () => {
    await jobOf().start({ script: 'sleep 62.5', files: {}, limitSeconds: 0.1 }, NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
  });

  // It takes the five seconds that the job is given to listen.
  inProof('is killed at its limit when it does not listen, and leaves no secret behind', async () => {
    const script = `trap '' TERM; echo begun >"$HOME/begun"; while :; do sleep 0.2; done`;
    await jobOf().start({ script, files: { token: 'hf_secret' }, limitSeconds: 0.5 }, NEVER);
    expect(await jobOf().finished(NEVER)).to.deep.equal({ kind: 'lost' });
    expect(readdirSync(folder())).to.not.include.members(['token']).and.to.not.include.members(['script']);
  });

  it('clears old jobs away, but not the folder of a cluster that is called "jobs"', async () => {
    const jobs = join(home(), '.spark-control', 'jobs');
    for (const [name, days] of Object.entries({ old: 8.5, new: 6, jobs: 30 })) {
      mkdirSync(join(jobs, name), { recursive: true });
      utimesSync(join(jobs, name), Date.now() / 1000 - days * 86_400, Date.now() / 1000 - days * 86_400);
    }
    await jobOf().start({ ...LIMIT, script: 'exit 0' }, NEVER);
    expect(readdirSync(jobs)).to.have.members(['new', 'jobs', 'op_1.spark1']);
  });

  it('refuses a name that is no word', async () => {
    for (const name of ['', '../up', 'a b', 'a;b', '-rf'])
      expect(() => jobOf(name))
        .to.throw()
        .with.property('code', 'UNSAFE_ARGUMENT');
  });
});
