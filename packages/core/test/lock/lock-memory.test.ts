import { expect } from 'chai';
import { LockWorld } from './lock-world.ts';

describe('what the lock remembers', () => {
  it('is told to the last ten thousand, however fast a loop takes the lock and lets it go', function () {
    this.timeout(20_000);
    const world = new LockWorld();
    for (let count = 1; count <= 10_010; count += 1) {
      world.ask({ type: 'acquire', holder: 'loop', reason: null, ttlMs: 5_000, lockDigest: `lck_${count}`, ticket: null, place: null });
      expect(world.ask({ type: 'release', lockDigest: `lck_${count}` }).kind).to.equal('released');
    }
    expect(world.book.ended.length).to.be.at.most(10_001);
    expect(world.ask({ type: 'release', lockDigest: 'lck_20' }).kind).to.equal('not_found');
    expect(world.ask({ type: 'release', lockDigest: 'lck_1' }).kind, 'as an id that nobody knows').to.equal('fenced_off');
    world.restart(false);
    expect(world.book.ended.length).to.be.at.most(10_001);
  });
});
