import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireProblem, WireSwap } from '@spark-control/schema';
import { expect } from 'chai';
import { type CronJob, Crontab, isAlive, type Started, until } from './support/crontab.ts';
import { fewModels } from './support/few-models.ts';
import { freePort, KillableServer } from './support/killable-server.ts';
import { LockCalls, type Reply } from './support/lock-calls.ts';

describe('sparkctl with-lock in a crontab', function () {
  this.timeout(60_000);
  let models: string;
  let server: KillableServer;
  let calls: LockCalls;
  let cron: Crontab;

  before(async () => {
    models = await fewModels();
    server = await KillableServer.start({ SPARK_SIMULATION_SPEED: '8', SPARK_CONTROL_CONFIG: models });
    calls = new LockCalls(server.url);
  });
  after(async () => {
    await server?.close();
    await rm(models, { recursive: true, force: true });
  });
  beforeEach(async () => {
    cron = await Crontab.create({ SPARK_BASE_URL: server.url });
  });
  afterEach(async () => {
    await cron.close();
    // So that one test that fails makes no others fail.
    await until('a free lock', async () => {
      if ((await calls.show()).state === 'free') return true;
      await calls.breakIt();
      return false;
    });
  });

  /** At once when the line has ended: whoever comes next must find the lock free. */
  const expectFree = async () => expect(await calls.show()).to.include({ state: 'free', held: false, lock: null });
  const expectGone = ({ pid, helper, parent }: Started) =>
    until(`the end of ${pid}, ${helper} and ${parent}`, () => [pid, helper, parent].every((one) => !isAlive(one)));
  const serving = async () =>
    ((await calls.call('GET', '/api/status')).body as { clusters: { serving: string | null }[] }).clusters[0]?.serving;
  const swaps = () => calls.swaps();
  const swapNow = async (body: object): Promise<WireSwap> => {
    const begun = (await calls.call('POST', '/api/swap', body)).body as WireSwap;
    return until('the swap', async () => {
      const swap = (await calls.call('GET', `/api/swap/${begun.id}?wait_seconds=20`)).body as WireSwap;
      return swap.settled ? swap : null;
    });
  };

  describe('ends as its command does, and gives the lock back', () => {
    it('when all goes well, and then says nothing that cron would send by mail', async () => {
      const line = `sparkctl with-lock --holder nightly --ttl 1m --reason "night's run; don't touch" -- "$HOME/work" plain`;
      const job = cron.start(line);
      const given = await job.started();
      const { lock } = await calls.show();
      expect(lock).to.include({ holder: 'nightly', reason: "night's run; don't touch", implicit: false });
      expect(given).to.include({ baseUrl: server.url, cluster: 'default', modelId: 'none', folder: '/' });
      expect(await calls.renew(given.lockId), 'the id that the job was given').to.deep.include({ status: 200 });
      expect((await calls.show()).lock?.fence).to.equal(lock?.fence);
      await cron.go();
      expect(await job.ended).to.equal(0);
      expect(job.output).to.equal('');
      await expectFree();
      await expectGone(given);
    });

    it('through setsid, with the URL in ~/.config/sparkctl.json', async function () {
      if (!existsSync('/usr/bin/setsid')) this.skip();
      const bare = await Crontab.create();
      try {
        await mkdir(join(bare.home, '.config'));
        await writeFile(join(bare.home, '.config', 'sparkctl.json'), JSON.stringify({ url: server.url }));
        const job = bare.start('setsid --wait sparkctl with-lock --ttl 1m -- "$HOME/work" plain 3');
        const given = await job.started();
        expect(given.baseUrl).to.equal(server.url);
        expect((await calls.show()).lock?.holder).to.match(/^.+@.+$/);
        await bare.go();
        expect(await job.ended).to.equal(3);
        await expectFree();
      } finally {
        await bare.close();
      }
    });

    const ends: readonly (readonly [what: string, command: string, code: number])[] = [
      ['with a code of its own', 'sh -c "exit 42"', 42],
      ['with a code that looks like one of ours', 'sh -c "exit 103"', 103],
      ['by a signal of its own', "sh -c 'kill -KILL $$'", 137],
    ];
    for (const [what, command, code] of ends) {
      it(`when it ends ${what}`, async () => {
        const before = (await calls.show()).last_fence;
        expect(await cron.run(`sparkctl with-lock --ttl 1m -- ${command}`)).to.deep.equal({ code, output: '' });
        expect((await calls.show()).last_fence).to.equal(before + 1);
        await expectFree();
      });
    }

    const mistakes: readonly (readonly [line: string, code: number, says: string])[] = [
      ['sparkctl with-lock -- no-such-program', 127, 'no-such-program: command not found'],
      ['sparkctl with-lock -- "$HOME/notes.txt"', 126, 'notes.txt cannot be run'],
      ['sparkctl with-lock --ttl 1m', 102, 'with-lock needs a command after --'],
      ['sparkctl with-lock --ttl 3s -- true', 102, '--ttl has to be between 5s and 1d'],
      ['sparkctl with-lock --cluster nowhere -- true', 111, 'nowhere'],
    ];
    for (const [line, code, says] of mistakes) {
      it(`or takes none and ends with ${code}: ${line}`, async () => {
        const before = (await calls.show()).last_fence;
        const ended = await cron.run(line);
        expect(ended.code).to.equal(code);
        expect(ended.output).to.contain(says);
        expect((await calls.show()).last_fence).to.equal(before);
      });
    }
  });

  it('ends with 107 when the server is not there', async () => {
    const ended = await cron.run(`sparkctl with-lock --url http://127.0.0.1:${await freePort()} -- touch "$HOME/ran"`);
    expect(ended.code).to.equal(107);
    expect(ended.output).to.contain('connection refused');
    expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
  });

  describe('hands signals on', () => {
    const terminate = (job: CronJob) => process.kill(-job.pid, 'SIGTERM');
    const start = async (how: string, prefix = 'exec') => {
      const job = cron.start(`${prefix} sparkctl with-lock --ttl 1m -- "$HOME/work" ${how}`);
      return { job, given: await job.started() };
    };

    it('SIGTERM ends a command that does not mind with 143, and all that it has started', async () => {
      const { job, given } = await start('plain');
      terminate(job);
      expect(await job.ended).to.equal(143);
      await expectFree();
      await expectGone(given);
    });

    it('a command that cleans up ends with the code that it chooses, and holds the lock until then', async () => {
      const { job, given } = await start('careful');
      terminate(job);
      expect(await job.ended).to.equal(7);
      expect(job.output).to.contain('cleaned up');
      await expectFree();
      await expectGone(given);
    });

    it('a second SIGTERM kills a command that does not listen to the first', async () => {
      const { job, given } = await start('stubborn');
      terminate(job);
      await until('the first signal', () => job.hasHeard);
      expect((await calls.show()).state).to.equal('held');
      expect(isAlive(given.pid)).to.equal(true);
      terminate(job);
      expect(await job.ended).to.equal(137);
      await expectFree();
      await expectGone(given);
    });

    it('through setsid too, to the process that the job sees as its parent', async function () {
      if (!existsSync('/usr/bin/setsid')) this.skip();
      const { job, given } = await start('plain', 'setsid --wait');
      process.kill(given.parent, 'SIGTERM');
      expect(await job.ended).to.equal(143);
      await expectFree();
      await expectGone(given);
    });
  });

  describe('loads a model first', () => {
    const withModel = (model: string, command = '"$HOME/work" plain') => `exec sparkctl with-lock --ttl 1m --model ${model} -- ${command}`;

    it('and tells the command under which name it is served', async () => {
      const job = cron.start(withModel('alpha'));
      const given = await job.started();
      expect(given.modelId).to.equal('alpha-served');
      expect(await serving()).to.equal('alpha');
      expect((await swaps())[0]).to.include({ model: 'alpha', outcome: 'ready', requested_by: (await calls.show()).lock?.holder });
      await cron.go();
      expect(await job.ended).to.equal(0);
      await expectFree();
    });

    it('and tells of what serves anyway when no model is asked for', async () => {
      const job = cron.start('sparkctl with-lock -- "$HOME/work" plain');
      expect((await job.started()).modelId).to.equal('alpha-served');
      await cron.go();
      expect(await job.ended).to.equal(0);
    });

    it('and lets the command swap under its lock, whose swap it sees to its end before it gives the lock back', async () => {
      const script = "sh -c 'sparkctl swap beta --wait > /dev/null 2>&1 && sparkctl swap alpha > /dev/null && exit 5'";
      expect(await cron.run(`sparkctl with-lock --ttl 1m -- ${script}`)).to.deep.equal({ code: 5, output: '' });
      await expectFree();
      expect((await swaps()).slice(0, 2).map(({ model, outcome }) => [model, outcome])).to.deep.equal([
        ['alpha', 'ready'],
        ['beta', 'ready'],
      ]);
    });

    const refusals: readonly (readonly [model: string, code: number, says: string])[] = [
      ['broken', 106, 'the swap to broken on default was rolled back'],
      ['huge', 112, 'DOES_NOT_FIT'],
      ['alpa', 111, 'Did you mean alpha?'],
    ];
    for (const [model, code, says] of refusals) {
      it(`and ends with ${code}, without the command, when that is ${model}`, async () => {
        const ended = await cron.run(withModel(model, 'touch "$HOME/ran"'));
        expect(ended.code).to.equal(code);
        expect(ended.output).to.contain(says);
        expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
        expect(await serving()).to.equal('alpha');
        await expectFree();
      });
    }

    it('and ends with 101 when it does not load and there is nothing to go back to', async () => {
      expect(await swapNow({ model: null })).to.include({ outcome: 'ready' });
      const ended = await cron.run(withModel('broken', 'touch "$HOME/ran"'));
      expect(ended.code).to.equal(101);
      expect(ended.output).to.contain('MODEL_CRASHED');
      expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
      await expectFree();
    });

    const loading = async () => {
      const job = cron.start(withModel('slow', 'touch "$HOME/ran"'));
      const swap = await until('the swap', async () => (await swaps()).find(({ model, phase }) => model === 'slow' && phase === 'loading'));
      return { job, swap };
    };

    it('and ends with 110 when somebody cancels the swap', async () => {
      const { job, swap } = await loading();
      expect(await calls.call('POST', `/api/swap/${swap.id}/cancel`)).to.include({ status: 202 });
      expect(await job.ended).to.equal(110);
      expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
      await expectFree();
    });

    it('and cancels the swap when SIGTERM comes in the middle of it', async () => {
      const { job, swap } = await loading();
      process.kill(-job.pid, 'SIGTERM');
      expect(await job.ended).to.equal(143);
      expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
      expect((await calls.call('GET', `/api/swap/${swap.id}`)).body).to.include({ outcome: 'cancelled', serving: null });
      await expectFree();
    });
  });

  describe('finds the lock held by another', () => {
    const REASON = 'evaluation "of the week"';
    let lockId: string;
    let expiresAt: string;
    beforeEach(async () => {
      const grant = await calls.acquire('team-a', REASON);
      lockId = grant.lock_id;
      expiresAt = grant.expires_at;
      expect(await swapNow({ model: 'alpha', lock_id: lockId })).to.include({ serving: 'alpha' });
    });
    afterEach(() => calls.release(lockId));

    const expectLocked = ({ status, body }: Reply) => {
      expect(status).to.equal(423);
      const { code, lock, retry_after_seconds } = body as WireProblem;
      expect({ code, lock }).to.deep.equal({ code: 'LOCKED', lock: { holder: 'team-a', reason: REASON, expires_at: expiresAt } });
      expect(retry_after_seconds).to.be.within(1, 600);
    };

    for (const [what, model] of [
      ['swap beta', 'beta'],
      ['unload', null],
    ] as const) {
      it(`${what}: 423 and 3, with holder, reason and end, over REST and from sparkctl`, async () => {
        const count = (await swaps()).length;
        expectLocked(await calls.call('POST', '/api/swap', { model }));
        const told = await cron.run(`sparkctl ${what}`);
        expect(told.code).to.equal(3);
        const seconds = `${expiresAt.slice(0, 19)}Z`;
        expect(told.output)
          .to.match(/^sparkctl: locked by team-a \(evaluation "of the week"\) until /)
          .and.to.contain(seconds);
        const json = await cron.run(`sparkctl ${what} --json 2> /dev/null`);
        expect(json.code).to.equal(3);
        const { error } = JSON.parse(json.output) as { error: { exit_code: number; problem: WireProblem } };
        expect(error.exit_code).to.equal(3);
        expectLocked({ status: error.problem.status, body: error.problem });
        expect((await swaps()).length).to.equal(count);
      });
    }

    it('lets the swap of its holder pass', async () => {
      const told = await cron.run(`SPARK_LOCK_ID=${lockId} sparkctl swap beta --wait --quiet`);
      expect(told.code).to.equal(0);
      expect(told.output).to.match(/^beta serves on default after \d+s\n$/);
    });

    it('lock acquire and with-lock say the same and end with 3 and 103', async () => {
      for (const [line, code] of [
        ['lock acquire', 3],
        ['with-lock -- touch "$HOME/ran"', 103],
      ] as const) {
        const told = await cron.run(`sparkctl ${line}`);
        expect(told.code).to.equal(code);
        expect(told.output).to.match(/^sparkctl: locked by team-a \(evaluation "of the week"\) until /);
      }
      expect(existsSync(join(cron.home, 'ran'))).to.equal(false);
      expect((await calls.show()).lock).to.include({ holder: 'team-a', expires_at: expiresAt });
    });
  });
});
