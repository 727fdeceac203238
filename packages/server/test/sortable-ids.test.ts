import { expect } from 'chai';
import { SortableIds } from '../src/sortable-ids.ts';
import { SystemClock } from '../src/system-clock.ts';

describe('SortableIds', () => {
  it('gives ids that sort as they were given, even within one millisecond and when the clock is set back', () => {
    const times = [5, 5, 5, 4, 6, 6, 2];
    const ids = new SortableIds(Object.assign(new SystemClock(), { now: () => times.shift() ?? 7 }));
    const given = Array.from({ length: 40 }, () => ids.next('swp'));
    expect([...given].sort()).to.deep.equal(given);
    expect(new Set(given).size).to.equal(40);
    for (const id of given) expect(id).to.match(/^swp_[0-9A-HJKMNP-TV-Z]{26}$/);
  });
});

describe('SystemClock', () => {
  it('wakes a sleeper with the reason when its signal aborts, also when that was before', async () => {
    const controller = new AbortController();
    const sleeping = new SystemClock().sleep(60_000, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await sleeping.catch((error: unknown) => error)).to.equal(reason);
    expect(await new SystemClock().sleep(60_000, controller.signal).catch((error: unknown) => error)).to.equal(reason);
  });
});
