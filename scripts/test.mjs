// Runs the suites one after the other and adds up what they say. In CI a skipped test is a failure: there everything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a suite needs beyond the sources, and its files. `minutes` ends one that hangs. */
const SUITES = {
  unit: { files: ['packages/*/test/**/*.test.ts'], minutes: 5 },
  e2e: { files: ['test/e2e/**/*.test.ts'], build: true, minutes: 8, timeoutMs: 60_000 },
  rig: { files: ['test/rig/**/*.test.ts'], build: true, minutes: 20, timeoutMs: 120_000 },
  package: { files: ['test/package/**/*.test.ts'], build: true, minutes: 8, timeoutMs: 240_000 },
};

const words = process.argv.slice(2);
const isProof = words.includes('--prove');
const names = words.filter((word) => word in SUITES);
const chosen = names.length > 0 ? names : Object.keys(SUITES);
const folder = mkdtempSync(join(tmpdir(), 'spark-control-test-'));
const counts = join(folder, 'counts.json');
const total = { passes: 0, failures: 0, pending: 0 };
const skipped = [];

function node(args, env = {}, minutes = 10) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env }, timeout: minutes * 60_000 * (isProof ? 30 : 1) };
  return spawnSync(process.execPath, args, options).status;
}

function build() {
  if (build.done) return;
  build.done = true;
  for (const step of [['node_modules/typescript/bin/tsc', '-b'], ['scripts/build-web.mjs'], ['scripts/build-fake-vllm.mjs']]) {
    if (node(step) !== 0) process.exit(1);
  }
}

for (const name of chosen) {
  const suite = SUITES[name];
  const [first] = suite.files;
  if (!existsSync(join(root, first.slice(0, first.indexOf('/', 5))))) continue;
  if (suite.build) build();
  console.log(`\n== ${name}`);
  rmSync(counts, { force: true });
  const env = { SPARK_COUNTS: counts, ...(isProof ? { SPARK_PROVE: '1', SPARK_REPORT: 'spec' } : {}) };
  const limit = isProof ? ['--timeout', '0'] : suite.timeoutMs ? ['--timeout', String(suite.timeoutMs)] : [];
  const status = node(['node_modules/mocha/bin/mocha.js', '--reporter', 'scripts/mocha-reporter.cjs', ...limit, ...suite.files], env, suite.minutes);
  const seen = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { passes: 0, failures: 1, pending: 0, skipped: [] };
  if (status !== 0 && seen.failures === 0) seen.failures = 1; // a run that broke off counted nothing
  for (const key of Object.keys(total)) total[key] += seen[key];
  skipped.push(...seen.skipped.map((title) => `${name}: ${title}`));
}

rmSync(folder, { recursive: true, force: true });
for (const title of skipped) console.log(`skipped  ${title}`);
const isCi = Boolean(process.env.CI) && process.env.CI !== 'false' && process.env.SPARK_ALLOW_SKIPS !== '1';
console.log(`${total.passes} passed, ${total.failures} failed, ${total.pending} skipped`);
if (total.failures > 0 || total.passes === 0 || (isCi && total.pending > 0)) process.exit(1);
