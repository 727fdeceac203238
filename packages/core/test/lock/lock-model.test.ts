import { expect } from 'chai';
import fc from 'fast-check';
import type { Ticket } from '../../src/index.ts';
import type { LockOutcome } from '../../src/lock/decide.ts';
import { LockWorld } from './lock-world.ts';

const RUNS = process.env['SPARK_PROVE'] === '1' ? 100_000 : 1_500;
const KEPT_MS = 30_000;

/** What the lock is supposed to be, in as few words as possible. Times are true time. */
type Model = {
  live: { id: string; holder: string; fence: number; ends: number; ttl: number } | null;
  ended: Map<string, 'released' | 'expired' | 'broken'>;
  line: { ticket: string; holder: string; ttl: number; keptUntil: number | null }[];
  /** Fence of the lock under which a swap runs; `null`: an unlocked one; `undefined`: none runs. */
  swap: number | null | undefined;
  lastFence: number;
  ids: number;
  tickets: number;
  /** The wall clock was set, and nobody has looked since. */
  isShifted: boolean;
};

type Step = fc.Command<Model, LockWorld>;

function nextId(m: Model, counter: 'ids' | 'tickets', prefix: string): string {
  m[counter] += 1;
  return `${prefix}_${m[counter]}`;
}

const isDue = (m: Readonly<Model>, w: LockWorld): boolean => m.live !== null && m.live.ends <= w.truth;

/** The tick of the server: before each request that may be granted. */
function sweep(m: Model, w: LockWorld): void {
  m.line = m.line.filter(({ keptUntil }) => keptUntil === null || keptUntil > w.truth);
  const outcome = w.ask({ type: 'sweep' });
  m.isShifted = false;
  const ends = isDue(m, w) && m.swap !== m.live?.fence;
  expect(outcome.kind).to.equal(ends ? 'expired' : 'nothing');
  if (ends && m.live !== null) {
    m.ended.set(m.live.id, 'expired');
    m.live = null;
  }
}

function granted(m: Model, w: LockWorld, outcome: LockOutcome, id: string, holder: string, ttl: number): void {
  expect(outcome.kind).to.equal('granted');
  if (outcome.kind !== 'granted') return;
  expect(outcome.lease.fence, 'fences only rise').to.be.greaterThan(m.lastFence);
  m.lastFence = outcome.lease.fence;
  m.live = { id, holder, fence: outcome.lease.fence, ends: w.truth + ttl, ttl };
}

class Acquire implements Step {
  readonly #holder: string;
  readonly #ttl: number;
  readonly #waits: boolean;
  readonly #comesBack: boolean;

  constructor(holder: string, ttl: number, waits: boolean, comesBack: boolean) {
    this.#holder = holder;
    this.#ttl = ttl;
    this.#waits = waits;
    this.#comesBack = comesBack;
  }

  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    sweep(m, w);
    const id = nextId(m, 'ids', 'lck');
    const fresh = nextId(m, 'tickets', 'tkt');
    const hasTicket = this.#comesBack ? m.line.find(({ holder }) => holder === this.#holder) : undefined;
    const isKept = this.#waits ? m.line.find(({ holder, keptUntil }) => holder === this.#holder && keptUntil !== null) : undefined;
    const mine = hasTicket ?? isKept;
    const isFree = m.live === null && m.swap === undefined && (m.line[0] === undefined || m.line[0] === mine);
    const outcome = w.ask({
      type: 'acquire',
      holder: this.#holder,
      reason: null,
      ttlMs: this.#ttl,
      lockDigest: id,
      ticket: (hasTicket?.ticket ?? null) as Ticket | null,
      place: this.#waits ? w.place(fresh) : null,
    });
    if (isFree) {
      m.line = m.line.filter((waiter) => waiter !== mine);
      granted(m, w, outcome, id, this.#holder, this.#ttl);
    } else if (mine !== undefined || this.#waits) {
      const place = mine ?? { ticket: fresh, holder: this.#holder, ttl: 0, keptUntil: null };
      if (mine === undefined) m.line.push(place);
      place.ttl = this.#ttl;
      place.keptUntil = this.#waits ? null : w.truth + KEPT_MS;
      expect(outcome).to.include({ kind: 'waiting', ticket: place.ticket, position: m.line.indexOf(place) + 1 });
    } else expect(outcome.kind).to.equal('held');
  }

  toString = (): string => `acquire(${this.#holder}, ${this.#ttl}${this.#waits ? ', waits' : ''}${this.#comesBack ? ', ticket' : ''})`;
}

/** A known id: the live one, or one that has ended. */
const pick = (m: Readonly<Model>, at: number): string => {
  const ids = [...(m.live === null ? [] : [m.live.id]), ...m.ended.keys(), 'lck_of nobody'];
  return ids[at % ids.length] ?? 'lck_of nobody';
};

class Renew implements Step {
  readonly #at: number;
  readonly #ttl: number | null;

  constructor(at: number, ttl: number | null) {
    this.#at = at;
    this.#ttl = ttl;
  }

  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    const id = pick(m, this.#at);
    const outcome = w.ask({ type: 'renew', lockDigest: id, ttlMs: this.#ttl });
    if (m.live?.id === id && !isDue(m, w)) {
      expect(outcome.kind).to.equal('renewed');
      const ends = Math.max(m.live.ends, w.truth + (this.#ttl ?? m.live.ttl));
      m.live = { ...m.live, ends, ttl: ends - w.truth };
      if (outcome.kind === 'renewed') expect(outcome.lease.fence, 'the same fence').to.equal(m.live.fence);
    } else expect(outcome.kind).to.equal(m.live?.id === id || m.ended.get(id) === 'expired' ? 'expired' : 'fenced_off');
  }

  toString = (): string => `renew(#${this.#at}, ${this.#ttl})`;
}

class Release implements Step {
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    const id = pick(m, this.#at);
    const outcome = w.ask({ type: 'release', lockDigest: id });
    if (m.live?.id === id) {
      const wanted = isDue(m, w) ? 'expired' : m.swap === m.live.fence ? 'swap_running' : 'released';
      expect(outcome.kind).to.equal(wanted);
      if (wanted !== 'released') return;
      m.ended.set(id, 'released');
      m.live = null;
      return;
    }
    const how = m.ended.get(id);
    expect(outcome.kind).to.equal(how === 'released' ? 'not_found' : how === 'expired' ? 'expired' : 'fenced_off');
  }

  toString = (): string => `release(#${this.#at})`;
}

class Break implements Step {
  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    const outcome = w.ask({ type: 'break', by: 'admin', reason: 'must have it now' });
    expect(outcome.kind).to.equal(m.live === null ? 'not_held' : 'broken');
    if (m.live === null) return;
    m.ended.set(m.live.id, 'broken');
    m.live = null;
    expect(w.book.lastFence, 'the fence rises').to.be.greaterThan(m.lastFence);
    m.lastFence = w.book.lastFence;
  }

  toString = (): string => 'break()';
}

/** The tick gives a free lock to the first in line. */
class Serve implements Step {
  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    sweep(m, w);
    const id = nextId(m, 'ids', 'lck');
    const [first] = m.line;
    const outcome = w.ask({ type: 'serve', lockDigest: id });
    if (m.live === null && m.swap === undefined && first !== undefined && first.keptUntil === null) {
      m.line.shift();
      granted(m, w, outcome, id, first.holder, first.ttl);
    } else expect(outcome.kind).to.equal('nothing');
  }

  toString = (): string => 'serve()';
}

class Detach implements Step {
  check = (m: Readonly<Model>): boolean => m.line.length > 0;

  run(m: Model, w: LockWorld): void {
    const waiter = m.line.at(-1);
    if (waiter === undefined) return;
    w.ask({ type: 'detach', ticket: waiter.ticket as Ticket });
    // One whose place was not kept long enough is gone, and does not come back to life.
    if (waiter.keptUntil !== null && waiter.keptUntil <= w.truth) m.line.pop();
    else waiter.keptUntil = w.truth + KEPT_MS;
  }

  toString = (): string => 'detach()';
}

class Swap implements Step {
  readonly #isLocked: boolean;

  constructor(isLocked: boolean) {
    this.#isLocked = isLocked;
  }

  check = (m: Readonly<Model>): boolean =>
    m.swap === undefined && (this.#isLocked ? m.live !== null : m.live === null && m.line.length === 0);

  run(m: Model, w: LockWorld): void {
    sweep(m, w);
    if (this.#isLocked && m.live === null) return; // its time was over
    m.swap = m.live?.fence ?? null;
    w.work = { active: w.claim('swp', m.swap), queued: [] };
  }

  toString = (): string => `swap(${this.#isLocked ? 'locked' : 'unlocked'})`;
}

class Settle implements Step {
  check = (m: Readonly<Model>): boolean => m.swap !== undefined;

  run(m: Model, w: LockWorld): void {
    m.swap = undefined;
    w.work = { active: null, queued: [] };
    sweep(m, w);
  }

  toString = (): string => 'settle()';
}

class Pass implements Step {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  check = (): boolean => true;

  run(_m: Model, w: LockWorld): void {
    w.truth += this.#ms;
  }

  toString = (): string => `pass(${this.#ms})`;
}

class SetClock implements Step {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    w.setWallClock(this.#ms);
    m.isShifted = true; // a running process is not moved by it
  }

  toString = (): string => `set clock by(${this.#ms})`;
}

class Restart implements Step {
  readonly #downMs: number;
  readonly #isReboot: boolean;

  constructor(downMs: number, isReboot: boolean) {
    this.#downMs = downMs;
    this.#isReboot = isReboot;
  }

  check = (): boolean => true;

  run(m: Model, w: LockWorld): void {
    const endsBefore = m.live?.ends ?? 0;
    w.truth += this.#downMs;
    w.restart(this.#isReboot);
    m.line = [];
    if (m.live !== null) m.live = { ...m.live, ends: this.#endOf(m.live, endsBefore, m.isShifted, w) };
    sweep(m, w); // as the server does first of all
  }

  #endOf(known: NonNullable<Model['live']>, endsBefore: number, isShifted: boolean, w: LockWorld): number {
    const { live } = w.book;
    expect(live?.fence, 'an acknowledged lock is still there').to.equal(known.fence);
    const left = (live?.deadline.monotonic ?? 0) - w.now().monotonic;
    const wanted = Math.max(0, endsBefore - w.truth);
    if (!this.#isReboot) expect(left, 'the same boot: exact').to.equal(wanted);
    else if (!isShifted) expect(Math.abs(left - wanted), 'another boot: the wall clock knows').to.be.at.most(100);
    else expect(left, 'never more than a fresh grant').to.be.within(0, known.ttl);
    return w.truth + left;
  }

  toString = (): string => `restart(${this.#downMs}${this.#isReboot ? ', reboot' : ''})`;
}

const DAY = 86_400_000;
const JUMPS = [1_000, 3_600_000, DAY, 3_650 * DAY].flatMap((ms) => [ms, -ms]);
const ttl = fc.integer({ min: 5, max: 600 }).map((seconds) => seconds * 1_000);
const holder = fc.constantFrom('ann', 'ben', 'cron', 'n8n');
const passing = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 1_300_000 }), fc.constantFrom(29_999, 30_000));

const steps = [
  fc.tuple(holder, ttl, fc.boolean(), fc.boolean()).map((args) => new Acquire(...args)),
  fc.tuple(fc.nat(5), fc.option(ttl)).map((args) => new Renew(...args)),
  fc.nat(5).map((at) => new Release(at)),
  fc.constant(new Break()),
  fc.constant(new Serve()),
  fc.constant(new Detach()),
  fc.boolean().map((isLocked) => new Swap(isLocked)),
  fc.constant(new Settle()),
  passing.map((ms) => new Pass(ms)),
  fc.constantFrom(...JUMPS).map((ms) => new SetClock(ms)),
  fc.tuple(fc.constantFrom(0, 1_000, 60_000), fc.boolean()).map((args) => new Restart(...args)),
];

describe('the lock, against its model', () => {
  it(`does in ${RUNS.toLocaleString('en')} random lives what the model says, whatever the clocks do`, function () {
    this.timeout(0);
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60, size: 'max' }), (commands) => {
        const start = (): { model: Model; real: LockWorld } => ({
          model: { live: null, ended: new Map(), line: [], swap: undefined, lastFence: 0, ids: 0, tickets: 0, isShifted: false },
          real: new LockWorld(),
        });
        fc.modelRun(start, commands);
      }),
      { numRuns: RUNS },
    );
  });
});
