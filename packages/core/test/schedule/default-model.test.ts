import { expect } from 'chai';
import fc from 'fast-check';
import { clusterKey, modelKey, type Serving } from '../../src/index.ts';
import {
  afterHappening,
  afterLook,
  type DefaultModelRule,
  type DefaultModelState,
  GRACE_MS,
  type Happening,
  INITIAL_STATE,
  RETRY_PAUSES_MS,
  type Scene,
} from '../../src/schedule/default-model.ts';

const IDLE_MS = 600_000;
const NOTHING: Serving = { kind: 'nothing' };
const UNKNOWN: Serving = { kind: 'unknown' };
const serves = (key: string): Serving => ({ kind: 'model', model: modelKey(key) });

const aRule = (over: Partial<DefaultModelRule> = {}): DefaultModelRule => ({
  ...{ cluster: clusterKey('default'), model: modelKey('home'), afterLockRelease: true, afterIdleMs: IDLE_MS, afterReboot: true },
  ...over,
});
const aScene = (at: number, over: Partial<Scene> = {}): Scene => ({
  ...{ at, serving: serves('other'), isLocked: false, isSwapping: false, uptimes: {}, activity: 'not_asked' },
  ...over,
});
const UNUSED = { inFlight: 0, finished: 5 } as const;

/** Plays looks and happenings one after the other; the looks at which the model is to be brought back. */
function play(rule: DefaultModelRule, steps: readonly (Scene | readonly [number, Happening])[]) {
  let state: DefaultModelState = INITIAL_STATE;
  const brought: number[] = [];
  for (const step of steps) {
    if ('serving' in step) {
      const next = afterLook(rule, state, step);
      state = next.state;
      if (next.bringBack) brought.push(step.at);
    } else {
      state = afterHappening(rule, state, step[1], step[0]);
    }
  }
  return { state, brought };
}

const lockEnds = (at: number) => [at, { kind: 'lock_ended' }] as const;
const decides = (at: number) => [at, { kind: 'decided' }] as const;
const tried = (at: number, result: 'ready' | 'failed' | 'given_up') => [at, { kind: 'tried', result }] as const;
const GRACE = GRACE_MS.lock_release;
const REBOOT_GRACE = GRACE_MS.reboot;

describe('the default model', () => {
  const cases: readonly Readonly<{
    name: string;
    rule?: Partial<DefaultModelRule>;
    steps: Parameters<typeof play>[1];
    brought: readonly number[];
  }>[] = [
    { name: 'is left alone while nothing happens', steps: [aScene(0), aScene(GRACE), aScene(10 * GRACE)], brought: [] },
    {
      name: 'comes back when a lock has ended, after a grace',
      steps: [lockEnds(0), aScene(1), aScene(GRACE - 1), aScene(GRACE)],
      brought: [GRACE],
    },
    { name: 'comes back to an empty cluster, too', steps: [lockEnds(0), aScene(GRACE, { serving: NOTHING })], brought: [GRACE] },
    {
      name: 'has nothing to do when it serves',
      steps: [lockEnds(0), aScene(GRACE, { serving: serves('home') }), aScene(2 * GRACE)],
      brought: [],
    },
    {
      name: 'never replaces what is not ours',
      steps: [lockEnds(0), aScene(1, { serving: { kind: 'unmanaged' } }), aScene(2 * GRACE)],
      brought: [],
    },
    { name: 'does not come where the rule says no', rule: { afterLockRelease: false }, steps: [lockEnds(0), aScene(GRACE)], brought: [] },
    {
      name: 'waits for whoever took the lock in the meantime, and gives them the grace anew',
      steps: [lockEnds(0), aScene(1, { isLocked: true }), aScene(100_000, { isLocked: true }), aScene(100_001), aScene(100_000 + GRACE)],
      brought: [100_000 + GRACE],
    },
    {
      name: 'waits for a swap and for hosts that cannot be asked',
      steps: [lockEnds(0), aScene(GRACE, { isSwapping: true }), aScene(3 * GRACE, { serving: UNKNOWN }), aScene(4 * GRACE)],
      brought: [4 * GRACE],
    },
    { name: 'yields to whoever asked for a swap', steps: [lockEnds(0), decides(1), aScene(GRACE), aScene(9 * GRACE)], brought: [] },
    {
      name: 'comes back when a host has booted and nothing serves, after a longer grace',
      steps: [
        aScene(0, { uptimes: { a: 500 } }),
        aScene(1_000, { uptimes: { a: 2 }, serving: NOTHING }),
        aScene(1_000 + REBOOT_GRACE, { serving: NOTHING }),
      ],
      brought: [1_000 + REBOOT_GRACE],
    },
    {
      name: 'comes back when a cluster was away and came back empty',
      steps: [aScene(0), aScene(1, { serving: UNKNOWN }), aScene(2, { serving: NOTHING }), aScene(2 + REBOOT_GRACE, { serving: NOTHING })],
      brought: [2 + REBOOT_GRACE],
    },
    {
      name: 'leaves a cluster empty that was empty before it was away',
      rule: { afterIdleMs: null },
      steps: [
        aScene(0, { serving: NOTHING }),
        aScene(1, { serving: UNKNOWN }),
        aScene(2, { serving: NOTHING }),
        aScene(99_999, { serving: NOTHING }),
      ],
      brought: [],
    },
    {
      name: 'leaves a cluster empty that a person has emptied, whatever was seen on the way',
      rule: { afterIdleMs: null },
      steps: [
        aScene(0),
        decides(1),
        aScene(2, { isSwapping: true, serving: UNKNOWN }),
        aScene(3, { serving: NOTHING }),
        aScene(99_999, { serving: NOTHING }),
      ],
      brought: [],
    },
    {
      name: 'does not take a model for lost that serves after a reboot',
      steps: [aScene(0, { uptimes: { a: 500 } }), aScene(1, { uptimes: { a: 2 } }), aScene(1 + REBOOT_GRACE)],
      brought: [],
    },
    {
      name: 'does not come after a reboot where the rule says no',
      rule: { afterReboot: false, afterIdleMs: null },
      steps: [aScene(0, { uptimes: { a: 500 } }), aScene(1, { uptimes: { a: 2 }, serving: NOTHING }), aScene(99_999, { serving: NOTHING })],
      brought: [],
    },
    {
      name: 'comes back when nobody has used another model for long enough',
      steps: [aScene(0, { activity: UNUSED }), aScene(IDLE_MS - 1, { activity: UNUSED }), aScene(IDLE_MS, { activity: UNUSED })],
      brought: [IDLE_MS],
    },
    {
      name: 'comes back when nothing served for long enough',
      steps: [aScene(0, { serving: NOTHING }), aScene(IDLE_MS, { serving: NOTHING })],
      brought: [IDLE_MS],
    },
    {
      name: 'counts a request that runs, one that came and went, and silence as use',
      steps: [
        aScene(0, { activity: UNUSED }),
        aScene(IDLE_MS - 1, { activity: { inFlight: 1, finished: 5 } }),
        aScene(IDLE_MS, { activity: UNUSED }),
        aScene(2 * IDLE_MS - 1, { activity: { inFlight: 0, finished: 6 } }),
        aScene(2 * IDLE_MS, { activity: { inFlight: 0, finished: 6 } }),
        aScene(3 * IDLE_MS - 1, { activity: 'no_answer' }),
        aScene(3 * IDLE_MS, { activity: { inFlight: 0, finished: 6 } }),
        aScene(4 * IDLE_MS - 1, { activity: { inFlight: 0, finished: 6 } }),
      ],
      brought: [],
    },
    {
      name: 'does not count the time of a lock as idle',
      steps: [aScene(0, { activity: UNUSED }), aScene(IDLE_MS - 1, { isLocked: true }), aScene(IDLE_MS, { activity: UNUSED })],
      brought: [],
    },
    {
      name: 'does not go by idle time where the rule says no',
      rule: { afterIdleMs: null },
      steps: [aScene(0, { activity: UNUSED }), aScene(9 * IDLE_MS, { activity: UNUSED })],
      brought: [],
    },
    {
      name: 'gives an unload by a person the whole idle time',
      steps: [
        aScene(0, { serving: NOTHING }),
        decides(IDLE_MS - 1),
        aScene(IDLE_MS, { serving: NOTHING }),
        aScene(2 * IDLE_MS - 1, { serving: NOTHING }),
      ],
      brought: [],
    },
  ];
  for (const { name, rule, steps, brought } of cases) {
    it(name, () => expect(play(aRule(rule), steps).brought).to.deep.equal(brought));
  }

  const [first = 0, second = 0] = RETRY_PAUSES_MS;

  it('is tried three times with pauses, then given up until the next occasion', () => {
    const noIdle = aRule({ afterIdleMs: null });
    const steps = [
      ...[lockEnds(0), aScene(GRACE), tried(GRACE, 'failed'), aScene(GRACE + first - 1), aScene(GRACE + first)],
      ...[tried(GRACE + first, 'failed'), aScene(GRACE + first + second - 1), aScene(GRACE + first + second)],
      ...[tried(GRACE + first + second, 'failed'), aScene(9_999_999)],
    ];
    const { brought, state } = play(noIdle, steps);
    expect(brought).to.deep.equal([GRACE, GRACE + first, GRACE + first + second]);
    expect(state.hasGivenUp).to.equal(true);
    expect(play(noIdle, [...steps, lockEnds(10_000_000), aScene(10_000_000 + GRACE)]).brought).to.have.length(4);
  });

  it('is not tried again when a person cancelled it, or asked for something else meanwhile', () => {
    for (const over of [tried(GRACE, 'given_up'), tried(GRACE, 'ready')]) {
      expect(play(aRule({ afterIdleMs: null }), [lockEnds(0), aScene(GRACE), over, aScene(9_999_999)]).brought).to.deep.equal([GRACE]);
    }
    const steps = [lockEnds(0), aScene(GRACE), decides(GRACE + 1), tried(GRACE + 2, 'failed'), aScene(9_999_999)];
    expect(play(aRule({ afterIdleMs: null }), steps).brought).to.deep.equal([GRACE]);
  });

  it('waits after failing on idle time until somebody has used the other model', () => {
    const unused = (at: number) => aScene(at, { activity: UNUSED });
    const steps = [unused(0), unused(IDLE_MS), tried(IDLE_MS, 'given_up'), unused(IDLE_MS + 1), unused(9 * IDLE_MS)];
    expect(play(aRule(), steps).brought).to.deep.equal([IDLE_MS]);
    const used = aScene(9 * IDLE_MS + 1, { activity: { inFlight: 2, finished: 9 } });
    const quiet = (at: number) => aScene(at, { activity: { inFlight: 0, finished: 9 } });
    expect(play(aRule(), [...steps, used, quiet(9 * IDLE_MS + 2), quiet(11 * IDLE_MS)]).brought).to.deep.equal([IDLE_MS, 11 * IDLE_MS]);
  });

  it('never disturbs anybody, and tries at most three times for each occasion', () => {
    const serving = fc.constantFrom(serves('home'), serves('other'), NOTHING, UNKNOWN, { kind: 'unmanaged' } as const);
    const activity = fc.constantFrom(
      UNUSED,
      { inFlight: 1, finished: 5 },
      { inFlight: 0, finished: 6 },
      'not_asked' as const,
      'no_answer' as const,
    );
    const look = fc.record({
      serving,
      activity,
      isLocked: fc.boolean(),
      isSwapping: fc.boolean(),
      uptimes: fc.record({ a: fc.integer({ min: 0, max: 3 }) }),
    });
    const calm = fc.record({ serving: fc.constant(serves('other')), activity: fc.constant(UNUSED) });
    const happening = fc.constantFrom<Happening>({ kind: 'lock_ended' }, { kind: 'decided' }, { kind: 'rebooted' });
    const gap = fc.constantFrom(1_000, 5_000, 60_000, 300_000, IDLE_MS);
    const outcome = fc.constantFrom('ready' as const, 'failed' as const, 'failed' as const, 'given_up' as const);
    const step = fc.tuple(gap, fc.oneof(look, calm, calm, happening), outcome);
    const rules = fc.record({ afterLockRelease: fc.boolean(), afterReboot: fc.boolean(), afterIdleMs: fc.constantFrom(null, IDLE_MS) });
    fc.assert(
      fc.property(rules, fc.array(step, { minLength: 10, maxLength: 80 }), (over, steps) => {
        const rule = aRule(over);
        let [state, at, tries, lastPending] = [INITIAL_STATE, 0, 0, null as DefaultModelState['pending']];
        for (const [ms, what, result] of steps) {
          at += ms;
          if ('kind' in what) {
            state = afterHappening(rule, state, what, at);
            if (what.kind === 'decided') expect(state.pending).to.equal(null);
            continue;
          }
          const scene = aScene(at, what);
          const next = afterLook(rule, state, scene);
          state = next.state;
          const { pending } = state;
          if (pending?.tries === 0 && pending !== lastPending) tries = 0;
          lastPending = pending;
          if (!next.bringBack) continue;
          expect(scene.isLocked || scene.isSwapping).to.equal(false);
          expect([serves('other'), NOTHING]).to.deep.include(scene.serving);
          expect(pending).to.not.equal(null);
          if (pending?.occasion === 'lock_release') expect(rule.afterLockRelease).to.equal(true);
          if (pending?.occasion === 'reboot') expect([rule.afterReboot, scene.serving.kind]).to.deep.equal([true, 'nothing']);
          if (pending?.occasion === 'idle') expect(rule.afterIdleMs).to.equal(IDLE_MS);
          tries += 1;
          expect(tries).to.be.at.most(RETRY_PAUSES_MS.length + 1);
          state = afterHappening(rule, state, { kind: 'tried', result }, at);
          lastPending = state.pending;
        }
      }),
      { numRuns: process.env['SPARK_PROVE'] === '1' ? 20_000 : 300 },
    );
  });
});
