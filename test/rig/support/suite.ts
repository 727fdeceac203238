import { FAST, resetRig } from './hosts.ts';
import { missingRequirements } from './requirements.ts';
import { type Rig, startRig } from './rig.ts';

/** One rig for all suites of a run: it starts with the first test that needs it and ends with the last. */
let shared: Promise<Rig> | null = null;
let isExplained = false;

after(async function stopSharedRig() {
  this.timeout(60_000);
  const rig = await shared?.catch(() => null);
  shared = null;
  await rig?.stop();
});

function mustRun(): boolean {
  const { CI, SPARK_ALLOW_SKIPS } = process.env;
  return CI !== undefined && CI !== '' && CI !== 'false' && SPARK_ALLOW_SKIPS !== '1';
}

/**
 * Gives the tests of a `describe` the shared rig, reset before each. On a machine that cannot run it they are skipped and
 * the reason is printed, except in CI, where they fail: nothing may be skipped there.
 * `simulator`: how its model servers behave.
 */
export function useRig(simulator: Readonly<Record<string, unknown>> = FAST): () => Rig {
  let rig: Rig | null = null;

  before(async function startSharedRig() {
    this.timeout(120_000);
    const missing = missingRequirements();
    if (missing.length > 0) {
      const text = `The rig cannot run here: ${missing.join('; ')}.`;
      if (mustRun()) throw new Error(text);
      if (!isExplained) console.error(text);
      isExplained = true;
      this.skip();
    }
    shared ??= startRig({ hosts: 2 });
    rig = await shared;
  });
  beforeEach(async function resetSharedRig() {
    this.timeout(60_000);
    if (rig !== null) await resetRig(rig, simulator);
  });
  return () => {
    if (rig === null) throw new Error('the rig is used before it was started');
    return rig;
  };
}
