const DAY_MS = 86_400_000;
const MAX_FORMATTERS = 500;

/** A stretch of time with one offset from UTC. All in ms; `end` is not part of it. */
export type OffsetStretch = Readonly<{ start: number; end: number; offset: number }>;

/** Time zones as the machine's own data has them (`Intl`). */
export class ZoneOffsets {
  readonly #formatters = new Map<string, Intl.DateTimeFormat>();

  /** True for an IANA name. Bare offsets such as `+01:00` are not: only some versions of Node take them. */
  knows(zone: string): boolean {
    return /^[A-Za-z]/.test(zone) && this.#formatter(zone) !== null;
  }

  /** What a clock in `zone` is ahead of UTC at `at`. The zone must be known. */
  offsetAt(zone: string, at: number): number {
    const text = this.#formatter(zone)?.format(at) ?? '';
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
    if (sign === undefined) return 0;
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
    return sign === '-' ? -ms : ms;
  }

  /** The stretches that make up `[from, to)`, in order; found as far as the caller reads on. */
  *stretches(zone: string, from: number, to: number): Generator<OffsetStretch> {
    let start = from;
    let offset = this.offsetAt(zone, from);
    // Zones keep an offset for weeks at least: a look each day misses no change.
    for (let day = from; day < to; day += DAY_MS) {
      const dayEnd = Math.min(day + DAY_MS, to);
      if (this.offsetAt(zone, dayEnd) === offset) continue;
      const end = this.#changeIn(zone, day, dayEnd, offset);
      yield { start, end, offset };
      start = end;
      offset = this.offsetAt(zone, end);
    }
    if (start < to) yield { start, end: to, offset };
  }

  /** The first moment after `low` that does not have `offset`, given that `high` does not. */
  #changeIn(zone: string, low: number, high: number, offset: number): number {
    let before = low;
    let after = high;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.offsetAt(zone, middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }

  #formatter(zone: string): Intl.DateTimeFormat | null {
    const known = this.#formatters.get(zone);
    if (known !== undefined) return known;
    try {
      const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
      // Names come from clients, in any mixture of upper and lower case: there is no end of spellings.
      if (this.#formatters.size >= MAX_FORMATTERS) this.#formatters.clear();
      this.#formatters.set(zone, made);
      return made;
    } catch {
      return null;
    }
  }
}
