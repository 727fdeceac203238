import { expect } from 'chai';
import { type EndedLeases, endOf, remember } from '../../src/lock/ended-leases.ts';
import { LockWorld } from './lock-world.ts';

const DAY = 86_400_000;

function chain(count: number, at: (index: number) => number, first: EndedLeases = null): EndedLeases {
  let ended = first;
  for (let index = 1; index <= count; index += 1) {
    ended = remember(ended, `digest ${index}`, { how: 'released', at: at(index), by: null, note: null });
  }
  return ended;
}

describe('what the lock remembers', () => {
  it('is told to the last ten thousand, however fast a loop takes the lock and lets it go', () => {
    const ended = chain(25_000, () => 0);
    expect(ended?.count).to.be.within(10_000, 20_000);
    expect(endOf(ended, 'digest 15001')).to.include({ how: 'released' });
    expect(endOf(ended, 'digest 1')).to.equal(null);
  });

  it('is forgotten after a week, except the last two hundred', () => {
    const ended = chain(20_001, (index) => (index <= 19_900 ? 0 : 8 * DAY));
    expect(endOf(ended, 'digest 19899')).to.include({ at: 0 });
    expect(endOf(ended, 'digest 19700')).to.equal(null);
  });

  it('is as short after a restart', () => {
    const world = new LockWorld();
    for (let count = 1; count <= 3; count += 1) {
      world.ask({ type: 'acquire', holder: 'loop', reason: null, ttlMs: 5_000, lockDigest: `lck_${count}`, ticket: null, place: null });
      world.ask({ type: 'release', lockDigest: `lck_${count}` });
    }
    world.restart(false);
    expect(world.book.ended?.count).to.equal(3);
    expect(world.ask({ type: 'release', lockDigest: 'lck_1' }).kind).to.equal('not_found');
  });
});
