import { expect } from 'chai';
import { Store } from '../src/store.ts';

describe('Store', () => {
  const make = () => new Store<{ a: number; b: readonly string[] }>({ a: 1, b: ['x'] });

  it('tells a watcher the present value at once and then each change', () => {
    const store = make();
    const seen: number[] = [];
    store.select(
      ({ a }) => a,
      (a) => seen.push(a),
    );
    store.set({ a: 2 });
    store.update(({ a }) => ({ a: a + 1 }));
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  it('leaves a watcher alone when something else changed', () => {
    const store = make();
    let calls = 0;
    store.select(
      ({ b }) => b,
      () => calls++,
    );
    store.set({ a: 5 });
    store.set({ b: store.get().b });
    expect(calls).to.equal(1);
  });

  it('compares by Object.is, so that NaN is no news and a new array is', () => {
    const store = make();
    const seen: unknown[] = [];
    store.set({ a: Number.NaN });
    store.select(
      (state) => state,
      (state) => seen.push(state),
    );
    store.set({ a: Number.NaN });
    store.set({ b: ['x'] });
    expect(seen).to.have.length(2);
  });

  it('does not call a watcher that has left, even if it leaves during a change', () => {
    const store = make();
    const seen: string[] = [];
    const leaveFirst = store.select(
      ({ a }) => a,
      () => {
        seen.push('first');
        if (store.get().a === 2) leaveFirst();
      },
    );
    store.select(
      ({ a }) => a,
      () => seen.push('second'),
    );
    store.set({ a: 2 });
    store.set({ a: 3 });
    expect(seen).to.deep.equal(['first', 'second', 'first', 'second', 'second']);
  });
});
