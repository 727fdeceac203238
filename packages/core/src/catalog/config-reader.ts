/** Looks things up in parsed JSON of unknown make. Every method takes several names and answers for the first that is there. */
export type ConfigReader = Readonly<{
  has: (name: string) => boolean;
  /** A member that is an object. */
  at: (name: string) => ConfigReader | null;
  /** A whole number above 0. */
  count: (...names: readonly string[]) => number | null;
  number: (...names: readonly string[]) => number | null;
  text: (...names: readonly string[]) => string | null;
  flag: (...names: readonly string[]) => boolean | null;
  /** A list of words, or of numbers written as words. */
  words: (...names: readonly string[]) => readonly string[] | null;
}>;

/** No real model comes near it; what does is a slip, or a trap for loops and sums. */
const LARGEST = 1e9;
const LONGEST_LIST = 10_000;

/** `null` when `value` is no object. */
export function configReader(value: unknown): ConfigReader | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const own = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);
  const first = <T>(names: readonly string[], accept: (found: unknown) => T | null): T | null => {
    for (const name of names) {
      const found = accept(own(name));
      if (found !== null) return found;
    }
    return null;
  };
  return {
    has: (name) => own(name) != null,
    at: (name) => configReader(own(name)),
    count: (...names) => first(names, (found) => (isCount(found) ? found : null)),
    number: (...names) =>
      first(names, (found) => (typeof found === 'number' && Number.isFinite(found) && Math.abs(found) < LARGEST ? found : null)),
    text: (...names) => first(names, (found) => (typeof found === 'string' ? found : null)),
    flag: (...names) => first(names, (found) => (typeof found === 'boolean' ? found : null)),
    words: (...names) =>
      first(names, (found) =>
        Array.isArray(found) &&
        found.length <= LONGEST_LIST &&
        found.every((entry) => typeof entry === 'string' || typeof entry === 'number')
          ? found.map(String)
          : null,
      ),
  };
}

const isCount = (found: unknown): found is number => Number.isSafeInteger(found) && (found as number) > 0 && (found as number) < LARGEST;
