import { type Occurrence, type ScheduleDesk, SparkError } from '@spark-control/core';
import { aSchedule, HOUR_MS, hours } from '../../../core/test/support/schedule-samples.ts';

/** A desk that takes whatever the edge lets through, on cluster `default`; `swp_1` is registered. */
export function aSmallScheduleDesk(): ScheduleDesk {
  const known = aSchedule('swp_1', { windows: [hours(0, 1)], expiresAfterMs: HOUR_MS });
  const conflict = { kind: 'lock', with: 'ada', detail: 'ada holds the lock', overlap: hours(0, 1) } as const;
  const occurrence: Occurrence = { schedule: known, span: hours(0, 1), isStale: true, conflicts: [conflict] };
  return {
    async register(asked) {
      if (asked.cluster !== null && asked.cluster !== 'default') throw new SparkError('CLUSTER_NOT_FOUND', 'There is none of that name.');
      const isNew = asked.id !== known.id;
      if (!isNew && asked.owner.length % 2 === 0) throw new SparkError('READ_ONLY', 'It is another owner’s.');
      return { schedule: { ...asked, registeredAt: known.registeredAt, createdAt: known.createdAt }, isNew, warnings: ['odd'] };
    },
    async remove(id) {
      if (id !== known.id) throw new SparkError('SCHEDULE_NOT_FOUND', 'There is none of that name.');
    },
    registrations: async () => [known],
    calendar: async ({ start }) => ({ occurrences: [occurrence], cutAt: start + HOUR_MS }),
    isStale: () => true,
  };
}
