import { expect } from 'chai';
import { MOST_AUTOMATIONS } from '../../src/application/automation-desk.ts';
import { automationId, type ErrorCode, isSparkError, modelKey, type NewAutomation } from '../../src/index.ts';
import { AutomationBench, MIDNIGHT, SOMEBODY, toSwap } from '../support/automation-bench.ts';
import { aModel } from '../support/builders.ts';

const HOUR = 3_600_000;

/** Code of a refusal, and the paths that it names. */
async function refusal(promise: Promise<unknown>): Promise<readonly [ErrorCode | 'none', ...string[]]> {
  try {
    await promise;
    return ['none'];
  } catch (error) {
    if (!isSparkError(error)) throw error;
    return [error.code, ...(error.details.issues ?? []).map(({ path }) => path)];
  }
}

describe('the desk of automations', () => {
  let bench: AutomationBench;
  beforeEach(async () => {
    bench = new AutomationBench();
    await bench.start();
  });
  afterEach(() => bench.desk.close());

  it('keeps an audit trail of who made, changed, ran and removed what', async () => {
    const { id } = await bench.create();
    await bench.desk.change(id, { enabled: false, missed: 'run_once' }, SOMEBODY);
    await bench.desk.run(id, SOMEBODY);
    await bench.desk.remove(id, SOMEBODY);
    expect(bench.store.audit.map(({ action, target, cluster, actor, note }) => [action, target, cluster, actor.name, note])).to.deep.equal([
      ['automation_created', id, 'default', 'anna', 'nightly: swap'],
      ['automation_changed', id, 'default', 'anna', 'enabled, missed'],
      ['automation_run', id, 'default', 'anna', 'nightly'],
      ['automation_removed', id, 'default', 'anna', 'nightly'],
    ]);
  });

  it('answers while the store takes no writes, also right after a crash in the middle of a run', async () => {
    bench.services.restarting = () => new Promise(() => undefined);
    const { id } = await bench.create({ action: { type: 'restart_service', service: 'kokoro-tts' } });
    await bench.desk.run(id, SOMEBODY);
    await bench.clock.advance(0);
    bench.abandon();
    bench.store.isUnavailable = true;
    await bench.start();
    await bench.clock.advance(2_000);
    const change = bench.desk.change(id, { enabled: false }, SOMEBODY);
    const answered = Promise.race([refusal(change), bench.clock.advance(30_000).then(() => 'no answer')]);
    expect(await answered).to.deep.equal(['STORE_UNAVAILABLE']);
    bench.store.isUnavailable = false;
    await bench.clock.advance(10_000);
    expect((await bench.desk.runs(id, { limit: 5 })).map(({ outcome }) => outcome)).to.deep.equal(['failed']);
    expect(bench.store.notices).to.have.length(1);
  });

  it('keeps no more than two hundred', async () => {
    for (let index = 0; index < MOST_AUTOMATIONS; index += 1) await bench.create({ name: `job ${index}` });
    expect(await refusal(bench.create({ name: 'one more' }))).to.deep.equal(['INVALID_REQUEST', '']);
  });

  it('knows nothing of one that is not there', async () => {
    const id = automationId('aut_nobody');
    const calls = [
      bench.desk.get(id),
      bench.desk.change(id, {}, SOMEBODY),
      bench.desk.remove(id, SOMEBODY),
      bench.desk.run(id, SOMEBODY),
      bench.desk.runs(id, { limit: 1 }),
    ];
    for (const call of calls) expect(await refusal(call)).to.deep.equal(['AUTOMATION_NOT_FOUND']);
  });

  const faults: readonly (readonly [string, Partial<NewAutomation>, readonly [ErrorCode, ...string[]]])[] = [
    ['a cron that never fires', { cron: 'x' }, ['INVALID_REQUEST', '/cron']],
    ['an unknown zone', { timezone: 'Mars' }, ['INVALID_REQUEST', '/timezone']],
    ['an unknown service', { action: { type: 'restart_service', service: 'kokoro' } }, ['INVALID_REQUEST', '/action/service']],
    ['an unknown model', { action: { ...toSwap().action, model: modelKey('qwem') } as never }, ['MODEL_NOT_FOUND', '/action/model']],
    ['an unknown cluster', { action: { ...toSwap().action, cluster: 'there' } as never }, ['CLUSTER_NOT_FOUND', '/action/cluster']],
    [
      'two faults at once',
      { cron: 'x', action: { type: 'restart_service', service: 'y' } },
      ['INVALID_REQUEST', '/cron', '/action/service'],
    ],
  ];
  for (const [name, over, expected] of faults) {
    it(`refuses ${name}, new or as a change, and changes nothing`, async () => {
      const automation = await bench.create();
      expect(await refusal(bench.create({ name: 'second', ...over }))).to.deep.equal(expected);
      expect(await refusal(bench.desk.change(automation.id, over, SOMEBODY))).to.deep.equal(expected);
      expect(await bench.desk.list()).to.deep.equal([automation]);
    });
  }

  it('refuses a model on a cluster that it may not run on, and a name that is taken', async () => {
    bench.core.catalog = () => ({ revision: 1, models: [aModel('qwen', { clusters: ['second' as never] })], fault: null });
    expect(await refusal(bench.create())).to.deep.equal(['INVALID_REQUEST', '/action/model']);
    const { id } = await bench.create({ action: { type: 'health_sweep' } });
    expect(await refusal(bench.create({ action: { type: 'health_sweep' } }))).to.deep.equal(['INVALID_REQUEST', '/name']);
    expect(await refusal(bench.desk.change(id, { name: 'nightly' }, SOMEBODY))).to.deep.equal(['none']);
  });

  it('switches one off whose model has left the catalog, and its run says so', async () => {
    const { id } = await bench.create();
    bench.core.models = ['gemma'];
    expect(await bench.desk.change(id, { enabled: false }, SOMEBODY)).to.include({ enabled: false, nextRunAt: null });
    expect(await refusal(bench.desk.change(id, { action: toSwap().action }, SOMEBODY))).to.deep.equal(['MODEL_NOT_FOUND', '/action/model']);
  });

  it('skips a moment, and a run by hand, while a run is still going', async () => {
    const automation = await bench.create({ cron: 'every 3600 s' });
    await bench.clock.advance(2 * HOUR + 60_000);
    await bench.desk.run(automation.id, SOMEBODY);
    const [first, second, third, ...more] = await bench.runs(automation);
    expect(more).to.deep.equal([]);
    expect(first).to.include({ scheduledFor: MIDNIGHT + HOUR, outcome: null, swap: 'swp_1' });
    const why = `The run ${first?.id} was still going.`;
    expect(second).to.include({ scheduledFor: MIDNIGHT + 2 * HOUR, outcome: 'skipped', detail: why });
    expect(third).to.include({ scheduledFor: null, outcome: 'skipped', detail: why });
    bench.core.settle(bench.core.last.id);
    await bench.clock.advance(HOUR);
    expect((await bench.runs(automation)).at(-1)).to.include({ scheduledFor: MIDNIGHT + 3 * HOUR, outcome: null });
    expect(bench.core.requests).to.have.length(2);
  });

  it('fires as it was changed last, an action or a name included', async () => {
    const automation = await bench.create({ cron: 'every 3600 s' });
    await bench.clock.advance(1_000);
    await bench.desk.change(automation.id, { name: 'hourly', action: { ...toSwap().action, model: null } as never }, SOMEBODY);
    await bench.clock.advance(HOUR);
    expect(bench.core.requests[0]).to.include({ requestedBy: 'automation:hourly', model: null });
  });

  it('goes on waiting for the swap of one that was removed', async () => {
    const automation = await bench.create();
    await bench.desk.run(automation.id, SOMEBODY);
    await bench.clock.advance(0);
    await bench.desk.remove(automation.id, SOMEBODY);
    bench.core.settle(bench.core.last.id, 'failed');
    await bench.clock.advance(0);
    expect(bench.core.listeners).to.equal(0);
  });

  it('settles a run again and again until the store takes it', async () => {
    const automation = await bench.create();
    await bench.desk.run(automation.id, SOMEBODY);
    await bench.clock.advance(0);
    bench.store.isUnavailable = true;
    bench.core.settle(bench.core.last.id);
    await bench.clock.advance(60_000);
    expect((await bench.onlyRun(automation)).outcome).to.equal(null);
    bench.store.isUnavailable = false;
    await bench.clock.advance(6_000);
    expect((await bench.onlyRun(automation)).outcome).to.equal('succeeded');
  });

  it('starts nothing that the store cannot keep', async () => {
    const { id } = await bench.create();
    bench.store.isUnavailable = true;
    expect(await refusal(bench.create({ name: 'second' }))).to.deep.equal(['STORE_UNAVAILABLE']);
    expect(await refusal(bench.desk.run(id, SOMEBODY))).to.deep.equal(['STORE_UNAVAILABLE']);
    expect(bench.core.requests).to.deep.equal([]);
  });

  describe('after a restart', () => {
    it('waits again for the swap of a run that was going', async () => {
      const automation = await bench.create();
      await bench.desk.run(automation.id, SOMEBODY);
      await bench.clock.advance(0);
      await bench.restart();
      expect(await bench.onlyRun(automation)).to.include({ outcome: null, swap: 'swp_1' });
      bench.core.settle(bench.core.last.id);
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'succeeded', swap: 'swp_1' });
      expect(bench.core.requests).to.have.length(1);
    });

    it('goes on waiting for a swap while another run that was cut off cannot be stored', async () => {
      const swapping = await bench.create({ name: 'swapping' });
      await bench.desk.run(swapping.id, SOMEBODY);
      bench.services.restarting = () => new Promise(() => undefined);
      const restarting = await bench.create({ action: { type: 'restart_service', service: 'kokoro-tts' } });
      await bench.desk.run(restarting.id, SOMEBODY);
      await bench.clock.advance(0);
      bench.abandon();
      bench.store.isUnavailable = true;
      await bench.start();
      await bench.clock.advance(3_000);
      bench.store.isUnavailable = false;
      await bench.clock.advance(2_000);
      expect(await bench.onlyRun(restarting)).to.include({ outcome: 'failed' });
      expect(await bench.onlyRun(swapping)).to.include({ outcome: null });
    });

    it('learns how a swap ended meanwhile', async () => {
      const automation = await bench.create();
      await bench.desk.run(automation.id, SOMEBODY);
      await bench.clock.advance(0);
      await bench.desk.close();
      bench.core.settle(bench.core.last.id, 'rolled_back');
      await bench.restart();
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'failed' });
      expect(bench.store.notices).to.have.length(1);
    });

    it('finds the swap of a run that died before it could note it', async () => {
      const automation = await bench.create();
      bench.store.attach = () => new Promise(() => undefined);
      await bench.desk.run(automation.id, SOMEBODY);
      await bench.clock.advance(0);
      expect((await bench.onlyRun(automation)).swap).to.equal(null);
      bench.abandon();
      await bench.start();
      bench.core.settle(bench.core.last.id);
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'succeeded', swap: 'swp_1' });
    });

    it('has failed what it cannot take up, once, and tells webhooks', async () => {
      const automation = await bench.create({ action: { type: 'restart_service', service: 'kokoro-tts' } });
      bench.services.restarting = () => new Promise(() => undefined);
      await bench.desk.run(automation.id, SOMEBODY);
      await bench.clock.advance(0);
      bench.abandon();
      await bench.start();
      expect(await bench.onlyRun(automation)).to.include({ outcome: 'failed', detail: 'The control plane stopped meanwhile.' });
      await bench.restart();
      expect(bench.store.notices.map(({ type }) => type)).to.deep.equal(['automation_failed']);
    });
  });
});
