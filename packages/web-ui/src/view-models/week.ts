/** Days as the reader's wall clock has them: on two of the year an hour is missing or comes twice. */
export type Week = Readonly<{ from: number; to: number /** Midnights, one more than there are days. */; midnights: readonly number[] }>;

const DAYS = 7;
const DAY_MINUTES = 24 * 60;

/** This day and the six after it. */
export function weekFrom(now: number): Week {
  const today = new Date(now);
  const midnights = Array.from({ length: DAYS + 1 }, (_, at) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() + at).getTime(),
  );
  return { from: midnights[0] ?? now, to: midnights[DAYS] ?? now, midnights };
}

/** Where a moment stands on the face of its day, in percent. By the hands of the clock, so that 06:00 is at one place every day. */
export function dayPercent(at: number): number {
  const date = new Date(at);
  return ((date.getHours() * 60 + date.getMinutes() + date.getSeconds() / 60) / DAY_MINUTES) * 100;
}

/** For each span the first lane in which it meets none before it. Spans come by start. */
export function lanesOf(spans: readonly Readonly<{ from: number; to: number }>[]): readonly number[] {
  const ends: number[] = [];
  return spans.map(({ from, to }) => {
    const free = ends.findIndex((end) => end <= from);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = to;
    return lane;
  });
}
