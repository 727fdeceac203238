/** Faults on demand. `warmup_fails`: completions answer 500. `unhealthy_after_ready`: the engine dies while serving. */
export const FAULTS = [
  'out_of_memory',
  'crash_in_load',
  'hang_in_capture',
  'port_taken',
  'kv_too_small',
  'slow_stop',
  'unhealthy_after_ready',
  'warmup_fails',
  'exit_at_start',
] as const;
export type FakeVllmFault = (typeof FAULTS)[number];

/** How one model behaves. Seconds are simulated ones: at speed 10 a second lasts 100 ms. */
export type FakeVllmProfile = Readonly<{
  /** From the start of the process until `/health` answers. */
  loadSeconds: number;
  shards: number;
  /** From SIGTERM to exit. */
  stopSeconds: number;
  firstTokenMs: number;
  /** Between two tokens of one answer. */
  tokenMs: number;
  fault: FakeVllmFault | null;
  /** Over all ranks. */
  weightsBytes: number;
  /** How long memory takes to come back after the exit. */
  settleSeconds: number;
  /** Context length when `--max-model-len` is not given. */
  maxModelLen: number;
  /** For `unhealthy_after_ready`. */
  unhealthyAfterSeconds: number;
}>;

const GIB = 1024 ** 3;

export const DEFAULT_PROFILE: FakeVllmProfile = {
  loadSeconds: 3,
  shards: 8,
  stopSeconds: 0.5,
  firstTokenMs: 60,
  tokenMs: 20,
  fault: null,
  weightsBytes: 16 * GIB,
  settleSeconds: 0,
  maxModelLen: 131_072,
  unhealthyAfterSeconds: 1,
};

const isFault = (value: unknown): value is FakeVllmFault => FAULTS.some((fault) => fault === value);

/**
 * Fills in what a written profile leaves out.
 *
 * @throws {TypeError} naming the entry that is unknown, of the wrong type or negative: a misspelt fault must not pass as "no fault".
 */
export function readProfile(written: unknown, base: FakeVllmProfile = DEFAULT_PROFILE): FakeVllmProfile {
  if (written === undefined) return base;
  if (typeof written !== 'object' || written === null) throw new TypeError('a profile must be an object');
  for (const [name, value] of Object.entries(written)) {
    if (!(name in DEFAULT_PROFILE)) throw new TypeError(`a profile has no entry "${name}"`);
    const isGood = name === 'fault' ? value === null || isFault(value) : typeof value === 'number' && value >= 0;
    if (!isGood) throw new TypeError(`profile entry "${name}" has a value that is not understood`);
  }
  return { ...base, ...written };
}
