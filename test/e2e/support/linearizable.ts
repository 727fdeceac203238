/** One call of one client. Times are readings of one monotonic clock; `returned` is infinite when the answer was lost. */
export type Call<Op> = Readonly<{ client: number; op: Op; invoked: number; returned: number }>;

/** A sequential specification: the states that `op` may lead to from `state`; none when its answer contradicts it. */
export type Spec<State, Op> = Readonly<{ initial: State; step: (state: State, op: Op) => readonly State[]; key: (state: State) => string }>;

/**
 * Whether there is one order of all calls that keeps to real time and to the specification: the search of Wing and Gong (1993) with
 * the memo of Lowe (2017), in which a set of calls done and the state they led to is tried once. A call whose answer was lost may
 * have happened at any time after it was made, or never. Gives the longest order found, for people, when there is none.
 */
export function linearize<State, Op>(
  calls: readonly Call<Op>[],
  spec: Spec<State, Op>,
): Readonly<{ ok: boolean; longest: readonly Call<Op>[] }> {
  const sorted = calls.toSorted((a, b) => a.invoked - b.invoked);
  const needed = sorted.filter(({ returned }) => returned !== Number.POSITIVE_INFINITY).length;
  const tried = new Set<string>();
  let longest: readonly Call<Op>[] = [];

  const search = (done: ReadonlySet<number>, doneNeeded: number, state: State, order: readonly Call<Op>[]): boolean => {
    if (order.length > longest.length) longest = order;
    if (doneNeeded === needed) return true;
    const memo = `${[...done].sort((a, b) => a - b).join(',')}|${spec.key(state)}`;
    if (tried.has(memo)) return false;
    tried.add(memo);
    // Whatever returned before another was invoked comes before it: so only calls invoked before the earliest return may be next.
    const rest = sorted.flatMap((call, index) => (done.has(index) ? [] : [{ call, index }]));
    const earliest = Math.min(...rest.map(({ call }) => call.returned));
    for (const { call, index } of rest) {
      if (call.invoked > earliest) break;
      const isNeeded = call.returned !== Number.POSITIVE_INFINITY;
      for (const next of spec.step(state, call.op)) {
        if (search(new Set([...done, index]), doneNeeded + (isNeeded ? 1 : 0), next, [...order, call])) return true;
      }
    }
    return false;
  };

  const ok = search(new Set(), 0, spec.initial, []);
  return { ok, longest };
}
