import { describeScheduleStore } from '../contracts/schedule-store.contract.ts';
import { MemorySchedules } from './memory-schedules.ts';

describeScheduleStore('the schedules of the tests', async () => {
  const schedules = new MemorySchedules();
  return { schedules, audit: schedules.audit, dispose: async () => {} };
});
