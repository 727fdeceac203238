import { expect } from 'chai';
import {
  type AuditEntry,
  type Automation,
  type AutomationRun,
  type AutomationStore,
  automationId,
  CONTROL_PLANE,
  type Notice,
  runId,
  swapId,
} from '../../src/index.ts';

export type AutomationsSubject = Readonly<{ automations: AutomationStore; dispose: () => Promise<void> }>;

export const anAutomation = (id: string, over: Partial<Automation> = {}): Automation => ({
  id: automationId(id),
  name: `sweep ${id}`,
  cron: '0 3 * * *',
  timezone: 'UTC',
  enabled: true,
  missed: 'skip',
  lockWaitMs: 600_000,
  action: { type: 'health_sweep' },
  createdAt: 1_000,
  updatedAt: 1_000,
  ...over,
});

export const aRun = (id: string, over: Partial<AutomationRun> = {}): AutomationRun => ({
  id: runId(id),
  automation: automationId('aut_1'),
  scheduledFor: null,
  startedAt: 2_000,
  settledAt: null,
  outcome: null,
  detail: null,
  swap: null,
  startedBy: 'cron',
  ...over,
});

const audit: AuditEntry = {
  at: 1,
  actor: CONTROL_PLANE,
  action: 'automation_changed',
  cluster: null,
  target: 'x',
  fence: null,
  note: null,
};
const numbered = (index: number): string => `run_${String(index).padStart(6, '0')}`;

/** The contract of {@link AutomationStore}, for every implementation. */
export function describeAutomationStore(name: string, make: () => Promise<AutomationsSubject>): void {
  describe(`${name} keeps the contract of the automation store`, () => {
    let subject: AutomationsSubject;
    let store: AutomationStore;
    const one = anAutomation('aut_1');
    beforeEach(async () => {
      subject = await make();
      store = subject.automations;
      await store.save(one, audit);
    });
    afterEach(() => subject.dispose());

    it('lists automations, oldest first, as they were last saved', async () => {
      await store.save(anAutomation('aut_2', { createdAt: 500 }), audit);
      const changed = { ...one, name: 'another', enabled: false };
      await store.save(changed, audit);
      expect(await store.list()).to.deep.equal([anAutomation('aut_2', { createdAt: 500 }), changed]);
    });

    it('lets a moment have one run, and another automation its own', async () => {
      expect(await store.begin(aRun('run_1', { scheduledFor: 5_000 }))).to.equal(true);
      expect(await store.begin(aRun('run_2', { scheduledFor: 5_000 }))).to.equal(false);
      expect(await store.begin(aRun('run_3', { scheduledFor: 5_000, automation: automationId('aut_2') }))).to.equal(true);
      expect((await store.runs({ automation: one.id, limit: 10 })).map(({ id }) => id)).to.deep.equal(['run_1']);
    });

    it('lets exactly one of many equal moments begin at once', async () => {
      const begun = await Promise.all(Array.from({ length: 10 }, (_, at) => store.begin(aRun(numbered(at), { scheduledFor: 7_000 }))));
      expect(begun.filter(Boolean)).to.have.length(1);
    });

    it('lets runs by hand be as many as people like', async () => {
      expect(await store.begin(aRun('run_1'))).to.equal(true);
      expect(await store.begin(aRun('run_2'), audit)).to.equal(true);
    });

    it('keeps the swap of a run that goes on, and how it ended', async () => {
      await store.begin(aRun('run_1'));
      await store.attach(aRun('run_1', { swap: swapId('swp_1') }));
      expect(await store.unsettled()).to.deep.equal([aRun('run_1', { swap: swapId('swp_1') })]);
      const settled = aRun('run_1', { swap: swapId('swp_1'), settledAt: 9_000, outcome: 'succeeded', detail: 'It serves.' });
      await store.finish(settled, null);
      expect(await store.unsettled()).to.deep.equal([]);
      expect(await store.runs({ automation: one.id, limit: 1 })).to.deep.equal([settled]);
    });

    it('stores a run that is settled from its beginning as settled', async () => {
      await store.begin(aRun('run_1', { scheduledFor: 1, settledAt: 2_000, outcome: 'skipped', detail: 'missed' }));
      expect(await store.unsettled()).to.deep.equal([]);
      expect((await store.runs({ automation: one.id, limit: 1 }))[0]).to.include({ outcome: 'skipped', detail: 'missed' });
    });

    it('pages through runs, newest first', async () => {
      for (let index = 0; index < 5; index += 1) await store.begin(aRun(numbered(index)));
      const first = await store.runs({ automation: one.id, limit: 2 });
      expect(first.map(({ id }) => id)).to.deep.equal([numbered(4), numbered(3)]);
      const second = await store.runs({ automation: one.id, limit: 9, before: runId(numbered(3)) });
      expect(second.map(({ id }) => id)).to.deep.equal([numbered(2), numbered(1), numbered(0)]);
    });

    it('keeps the last 1,000 runs of each, and those that have not settled', async function () {
      this.timeout(30_000);
      const other = automationId('aut_2');
      await store.begin(aRun('run_0', { automation: other, settledAt: 1 }));
      await store.begin(aRun(numbered(0)));
      for (let index = 1; index <= 1_003; index += 1) await store.begin(aRun(numbered(index), { settledAt: 1, outcome: 'skipped' }));
      const kept = await store.runs({ automation: one.id, limit: 2_000 });
      expect(kept.length).to.be.within(1_001, 1_003);
      expect(kept.at(-1)?.id).to.equal(numbered(0));
      expect(kept.at(-2)?.id).to.equal(numbered(4));
      expect(await store.runs({ automation: other, limit: 1 })).to.have.length(1);
    });

    it('remembers until when an automation was looked at, over changes', async () => {
      expect(await store.evaluatedUntil(one.id)).to.equal(null);
      await store.setEvaluatedUntil(one.id, 8_000);
      await store.save({ ...one, name: 'another' }, audit);
      expect(await store.evaluatedUntil(one.id)).to.equal(8_000);
      await store.setEvaluatedUntil(one.id, 3_000);
      expect(await store.evaluatedUntil(one.id)).to.equal(3_000);
    });

    it('forgets an automation with its runs, and bears it when one of them ends later', async () => {
      await store.begin(aRun('run_1'));
      await store.remove(one.id, audit);
      const notice: Notice = { at: 1, type: 'automation_failed', cluster: null, automation: one, run: aRun('run_1') };
      await store.finish(aRun('run_1', { settledAt: 9_000, outcome: 'failed' }), notice);
      expect(await store.list()).to.deep.equal([]);
      expect(await store.runs({ automation: one.id, limit: 10 })).to.deep.equal([]);
      expect(await store.unsettled()).to.deep.equal([]);
    });
  });
}
