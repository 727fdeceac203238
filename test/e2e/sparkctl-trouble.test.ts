import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CronJob, Crontab, isAlive, type Started, until } from './support/crontab.ts';
import { fewModels } from './support/few-models.ts';
import { KillableServer } from './support/killable-server.ts';
import { LockCalls } from './support/lock-calls.ts';

/** The shortest: a lease that is lost is noticed, and ends, within these seconds. */
const JOB = 'exec sparkctl with-lock --holder nightly --ttl 5s';

describe('sparkctl with-lock in trouble', function () {
  this.timeout(60_000);
  let models: string;
  let server: KillableServer;
  let calls: LockCalls;
  let cron: Crontab;

  before(async () => {
    models = await fewModels();
  });
  after(() => rm(models, { recursive: true, force: true }));
  beforeEach(async () => {
    server = await KillableServer.start({ SPARK_SIMULATION_SPEED: '8', SPARK_CONTROL_CONFIG: models });
    calls = new LockCalls(server.url);
    cron = await Crontab.create({ SPARK_BASE_URL: server.url });
  });
  afterEach(async () => {
    await cron.close();
    await server.close();
  });

  const start = async (line: string): Promise<Readonly<{ job: CronJob; given: Started }>> => {
    const job = cron.start(line);
    return { job, given: await job.started() };
  };
  const expectGone = ({ pid, helper, parent }: Started) =>
    until(`the end of ${pid}, ${helper} and ${parent}`, () => [pid, helper, parent].every((one) => !isAlive(one)));
  const isFree = async () => (await calls.show()).state === 'free';
  const fence = async () => (await calls.show()).lock?.fence;

  it('stops the command when the lock is broken by force, ends with 109, and leaves the next holder alone', async () => {
    const { job, given } = await start(`${JOB} -- "$HOME/work" careful`);
    expect(await calls.breakIt()).to.equal(200);
    const next = await calls.acquire('thief', 'mine now');
    // The command wanted to end with 7; what counts is that its work was cut off.
    expect(await job.ended).to.equal(109);
    expect(job.output).to.contain('The lease is lost').and.to.contain('stopping the command').and.to.contain('cleaned up');
    await expectGone(given);
    expect(await fence()).to.equal(next.fence);
    expect(await calls.release(next.lock_id)).to.equal(204);
  });

  it('lets it go on with --keep-on-lost, says so, and ends with its code', async () => {
    const { job, given } = await start(`${JOB} --keep-on-lost -- "$HOME/work" plain 4`);
    expect(await calls.breakIt()).to.equal(200);
    await until('the notice', () => job.output.includes('the command goes on'));
    expect(isAlive(given.pid)).to.equal(true);
    const next = await calls.acquire('thief', 'mine now');
    await cron.go();
    expect(await job.ended).to.equal(4);
    expect(await fence()).to.equal(next.fence);
  });

  it('stops waiting for its swap when the lock is broken, ends with 109 and does not run the command', async () => {
    const slowly = await KillableServer.start({ SPARK_SIMULATION_SPEED: '2', SPARK_CONTROL_CONFIG: models });
    try {
      calls = new LockCalls(slowly.url);
      const job = cron.start(`${JOB} --url ${slowly.url} --model slow -- touch "$HOME/ran"`);
      await until('the swap', async () => (await calls.newestSwap())?.phase === 'loading');
      expect(await calls.breakIt()).to.equal(200);
      expect(await job.ended).to.equal(109);
      expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
      // Nothing is stopped half-way: the swap goes on, and the lock is free when it has ended.
      await until('a free lock', isFree);
      expect(await calls.newestSwap()).to.include({ model: 'slow', outcome: 'ready' });
    } finally {
      await slowly.close();
    }
  });

  it('gets over a server that was killed and started again: same fence, renewed, released', async () => {
    const { job, given } = await start(`${JOB.replace('5s', '12s')} -- "$HOME/work" plain 6`);
    const before = await fence();
    await server.kill();
    await server.up();
    const { lock } = await calls.show();
    expect(lock).to.include({ holder: 'nightly', fence: before });
    await until('a renewal', async () => Date.parse((await calls.show()).lock?.expires_at ?? '') > Date.parse(lock?.expires_at ?? ''));
    expect(isAlive(given.pid)).to.equal(true);
    await cron.go();
    expect(await job.ended).to.equal(6);
    expect(await isFree()).to.equal(true);
    expect((await calls.show()).last_fence).to.equal(before);
  });

  it('stops the command at the end of the lease when the server is gone for good, and ends with 109', async () => {
    const { job, given } = await start(`${JOB} -- "$HOME/work" plain`);
    await server.kill();
    expect(await job.ended).to.equal(109);
    expect(job.output).to.match(/cannot be renewed .* its time ran out while the server could not be asked/s);
    await expectGone(given);
    await server.up();
    await until('a free lock', isFree);
  });

  it('stops it likewise when the server hangs', async () => {
    const { job, given } = await start(`${JOB} -- "$HOME/work" plain`);
    process.kill(server.pid, 'SIGSTOP');
    try {
      expect(await job.ended).to.equal(109);
      await expectGone(given);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await until('a free lock', isFree);
  });

  it('ends with the code of the command when only the release fails, and says that the lock ends by itself', async () => {
    const { job } = await start(`${JOB} -- "$HOME/work" plain 5`);
    await server.kill();
    await cron.go();
    expect(await job.ended).to.equal(5);
    expect(job.output).to.contain('the lock was not released, and ends by itself');
    await server.up();
    await until('a free lock', isFree);
  });

  it('waits in line with --wait, gets the lock after those before it, and runs then', async () => {
    const { lock_id } = await calls.acquire('team-a', 'first');
    const line = (holder: string) => `sparkctl with-lock --holder ${holder} --wait 1m -- sh -c 'echo ${holder} >> "$HOME/order"; exit 2'`;
    const second = cron.start(line('second'));
    await until('the second in line', async () => (await calls.show()).queue.length === 1);
    const third = cron.start(line('third'));
    await until('both in line', async () => (await calls.show()).queue.length === 2);
    expect((await calls.show()).queue.map(({ holder }) => holder)).to.deep.equal(['second', 'third']);
    expect(await calls.release(lock_id)).to.equal(204);
    expect(await Promise.all([second.ended, third.ended])).to.deep.equal([2, 2]);
    expect(await readFile(join(cron.home, 'order'), 'utf8')).to.equal('second\nthird\n');
    expect(await isFree()).to.equal(true);
  });

  it('waits for a server that is not there yet', async () => {
    await server.kill();
    const job = cron.start('sparkctl with-lock --wait 1m --verbose -- sh -c "exit 9"');
    await until('a try in vain', () => job.output.includes('trying again'));
    await server.up();
    expect(await job.ended).to.equal(9);
    expect(await isFree()).to.equal(true);
  });

  it('ends with 105 when the wait was too short, and with 143 when SIGTERM ends it; neither gets the lock later', async () => {
    const { lock_id } = await calls.acquire('team-a', 'first');
    const short = await cron.run('sparkctl with-lock --holder short --wait 1s -- touch "$HOME/ran"');
    expect(short.code).to.equal(105);
    expect(short.output).to.contain('the wait is over: locked by team-a (first) until ');
    const job = cron.start('exec sparkctl with-lock --holder stopped --wait 1m -- touch "$HOME/ran"');
    const inLine = async (): Promise<readonly string[]> => (await calls.show()).queue.map(({ holder }) => holder);
    await until('the second in line, and the first no more', async () => (await inLine()).join() === 'stopped');
    process.kill(-job.pid, 'SIGTERM');
    expect(await job.ended).to.equal(143);
    expect(await calls.release(lock_id)).to.equal(204);
    await until('a free lock', isFree);
    expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
  });
});
