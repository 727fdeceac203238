import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Claim, clusterKey, type SwapId, swapId } from '@spark-control/core';
import { expect } from 'chai';
import { HOSTILE } from '../../core/test/support/hostile-words.ts';
import { DetachedJob } from '../src/detached-job.ts';
import { ShellPool, SshHostFence } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { rejection } from './support/rejection.ts';
import { useSshd } from './support/sshd.ts';
import { systemClock } from './support/system-clock.ts';

const NEVER = new AbortController().signal;
const SWAP = swapId('swp_job');
const LIMIT = { files: {}, limitSeconds: 60 };

describe('a detached job on a host with real sshd', function () {
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
  const claimOf = (controllerId: string, swap: SwapId = SWAP, minimum = 1): Promise<Claim> => {
    const shells = [pool.shell(hosts()[0]!.host)];
    return new SshHostFence({ cluster: clusterKey('pair'), controllerId, shells, pause: async () => {} }).claim(swap, minimum, NEVER);
  };
  const jobOf = (claim: Claim): DetachedJob =>
    new DetachedJob(pool.shell(hosts()[0]!.host), claim, systemClock, (line) => lines.push(line));
  const folder = (claim: Claim): string => join(home(), '.spark-control', 'pair', 'jobs', `${claim.swap}-${claim.fence}`);
  const read = (name: string): string => readFileSync(join(home(), name), 'utf8');
  /** A script that says so in a file when it began, and goes on when another file appears. */
  const GATED = `echo begun >>"$HOME/begun"; echo "working"; while [ ! -e "$HOME/gate" ]; do sleep 0.02; done; echo "done"; exit 5`;

  it('runs to its end, with its lines and exit code', async () => {
    const claim = await claimOf('c1');
    const job = jobOf(claim);
    await job.start({ ...LIMIT, script: 'echo one; echo two >&2; printf three; exit 7' }, NEVER);
    expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 7 });
    expect(lines).to.deep.equal(['one', 'two', 'three']);
  });

  it('is begun once however often and from however many places it is started', async () => {
    const claim = await claimOf('c1');
    const jobs = [jobOf(claim), jobOf(claim), jobOf(claim)];
    await Promise.all(jobs.map((job) => job.start({ ...LIMIT, script: GATED }, NEVER)));
    await eventually(() => existsSync(join(home(), 'begun')));
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    writeFileSync(join(home(), 'gate'), '');
    for (const job of jobs) expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 5 });
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 5 });
    expect(read('begun')).to.equal('begun\n');
  });

  it('goes on when every connection is killed, and is found again', async () => {
    const claim = await claimOf('c1');
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    await hosts()[0]!.killSessions();
    writeFileSync(join(home(), 'gate'), '');
    await eventually(() => existsSync(join(folder(claim), 'exit')));
    expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 5 });
    expect(lines).to.deep.equal(['working', 'done']);
  });

  it('keeps other claims out until it is over', async () => {
    const claim = await claimOf('c1');
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    let isClaimed = false;
    const other = claimOf('c2').then((granted) => {
      isClaimed = true;
      return granted;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isClaimed).to.equal(false);
    writeFileSync(join(home(), 'gate'), '');
    expect((await other).fence).to.be.greaterThan(claim.fence);
    expect(existsSync(join(folder(claim), 'exit'))).to.equal(true);
  });

  it('is not begun under a claim that was overtaken', async () => {
    const claim = await claimOf('c1');
    await claimOf('c2');
    expect(await rejection(jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER))).to.include({ code: 'FENCED_OFF' });
    expect(existsSync(join(home(), 'begun'))).to.equal(false);
  });

  for (const [what, next] of [
    ['its own swap', SWAP],
    ['the next swap', swapId('swp_next')],
  ] as const) {
    it(`is ended by a newer claim of its control plane for ${what}, which it would keep waiting otherwise`, async () => {
      const claim = await claimOf('c1');
      await jobOf(claim).start({ ...LIMIT, script: 'echo begun >"$HOME/begun"; sleep 61.5' }, NEVER);
      await eventually(() => existsSync(join(home(), 'begun')));
      const newer = await claimOf('c1', next, claim.fence + 1);
      expect(newer.fence).to.equal(claim.fence + 1);
      expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
    });
  }

  it('is lost, and not begun a second time, when its runner was killed', async () => {
    const claim = await claimOf('c1');
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    await eventually(() => existsSync(join(home(), 'begun')));
    process.kill(-Number(readFileSync(join(folder(claim), 'pid'), 'utf8')), 'SIGKILL');
    expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'lost' });
    await jobOf(claim).start({ ...LIMIT, script: GATED }, NEVER);
    expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'lost' });
    expect(read('begun')).to.equal('begun\n');
  });

  it('is begun after all when the first try ended between the preparations and the work', async () => {
    const claim = await claimOf('c1');
    mkdirSync(folder(claim), { recursive: true });
    for (const name of ['script', 'run.lock', 'pid']) writeFileSync(join(folder(claim), name), '');
    expect(await jobOf(claim).poll(NEVER)).to.deep.equal({ kind: 'missing' });
    await jobOf(claim).start({ ...LIMIT, script: 'exit 4' }, NEVER);
    expect(await jobOf(claim).finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 4 });
  });

  it('is ended when it takes longer than its limit', async () => {
    const claim = await claimOf('c1');
    const job = jobOf(claim);
    await job.start({ script: 'sleep 62.5', files: {}, limitSeconds: 0.1 }, NEVER);
    expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 143 });
  });

  it('is over when its script is, whatever that left running with the output open', async () => {
    const claim = await claimOf('c1');
    const job = jobOf(claim);
    await job.start({ ...LIMIT, script: 'setsid sleep 20 & echo "pid $!"; exit 0' }, NEVER);
    expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 0 });
    process.kill(Number(lines[0]!.slice('pid '.length)));
  });

  it('gets its files byte for byte, readable by its user only, and leaves none of them behind', async () => {
    const claim = await claimOf('c1');
    const text = [...HOSTILE, '\n\n', "EOF\n'"].join('|');
    const job = jobOf(claim);
    const script = `stat -c %a "$spark_job" "$spark_job/data"; cp "$spark_job/data" "$HOME/copy"`;
    await job.start({ script, files: { data: text }, limitSeconds: 60 }, NEVER);
    await job.finished(NEVER);
    expect(lines).to.deep.equal(['700', '600']);
    expect(read('copy')).to.equal(text);
    expect(readdirSync(folder(claim)))
      .to.not.include.members(['data'])
      .and.to.not.include.members(['script']);
  });

  it('does not fill the disk of the host with its output', async () => {
    const claim = await claimOf('c1');
    const job = jobOf(claim);
    await job.start({ ...LIMIT, script: 'yes "$(printf %01000d 7)" | head -c 3000000; exit 0' }, NEVER);
    expect(await job.finished(NEVER)).to.deep.equal({ kind: 'ended', exitCode: 0 });
    expect(statSync(join(folder(claim), 'out')).size).to.be.within(1_000_000, 1_048_576);
    expect(lines.length).to.be.within(1000, 1048);
  });

  it('clears away folders of jobs that are older than a week', async () => {
    const claim = await claimOf('c1');
    const jobs = join(folder(claim), '..');
    for (const [name, days] of [
      ['swp_old-1', 8.5],
      ['swp_new-2', 6],
    ] as const) {
      mkdirSync(join(jobs, name), { recursive: true });
      const at = Date.now() / 1000 - days * 86_400;
      utimesSync(join(jobs, name), at, at);
    }
    await jobOf(claim).start({ ...LIMIT, script: 'exit 0' }, NEVER);
    expect(readdirSync(jobs)).to.have.members(['swp_new-2', `${claim.swap}-${claim.fence}`]);
  });
});
