import { expect } from 'chai';
import { type AuditLog, type ScheduleStore, scheduleKey } from '../../src/index.ts';
import { auditOf } from '../support/lock-samples.ts';
import { aSchedule, hours } from '../support/schedule-samples.ts';

export type SchedulesSubject = Readonly<{ schedules: ScheduleStore; audit: AuditLog; dispose: () => Promise<void> }>;

/** The contract of {@link ScheduleStore}, for every implementation. */
export function describeScheduleStore(name: string, make: () => Promise<SchedulesSubject>): void {
  describe(`${name} keeps the contract of the schedule store`, () => {
    let subject: SchedulesSubject;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(() => subject.dispose());

    const entry = (target: string) => auditOf(target, { action: 'schedule_registered', fence: null });
    const audited = async (): Promise<readonly string[]> => (await subject.audit.list({ limit: 50 })).map(({ target }) => target);
    const full = aSchedule('nightly', {
      title: 'Nächtlich "groß"',
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      windows: [hours(1, 2), hours(5, 9)],
      durationMs: 90_000,
      url: 'https://jobs.lan/nightly',
      expiresAfterMs: 86_400_000,
    });

    it('gives back what was saved, in order of the ids', async () => {
      expect(await subject.schedules.list()).to.deep.equal([]);
      await subject.schedules.save(full, entry('nightly'));
      await subject.schedules.save(aSchedule('a.backup', { cluster: null }), entry('a.backup'));
      expect(await subject.schedules.get(full.id)).to.deep.equal(full);
      expect((await subject.schedules.list()).map(({ id }) => id)).to.deep.equal(['a.backup', 'nightly']);
      expect(await audited()).to.deep.equal(['a.backup', 'nightly']);
    });

    it('replaces what has the same id, and audits it only when told to', async () => {
      await subject.schedules.save(full, entry('first'));
      await subject.schedules.save({ ...full, registeredAt: full.registeredAt + 5 }, null);
      expect(await subject.schedules.list()).to.deep.equal([{ ...full, registeredAt: full.registeredAt + 5 }]);
      await subject.schedules.save({ ...full, cron: null }, entry('second'));
      expect((await subject.schedules.get(full.id))?.cron).to.equal(null);
      expect(await audited()).to.deep.equal(['second', 'first']);
    });

    it('removes one and keeps the others, also when it is gone already', async () => {
      await subject.schedules.save(full, null);
      await subject.schedules.save(aSchedule('other'), null);
      await subject.schedules.remove(full.id, entry('removed'));
      await subject.schedules.remove(full.id, entry('again'));
      expect((await subject.schedules.list()).map(({ id }) => id)).to.deep.equal(['other']);
      expect(await subject.schedules.get(full.id)).to.equal(null);
      expect(await subject.schedules.get(scheduleKey("'; drop table schedules; --"))).to.equal(null);
      expect(await audited()).to.deep.equal(['again', 'removed']);
      expect(await subject.audit.verify()).to.deep.equal({ entries: 2, firstBroken: null });
    });
  });
}
