// Takes the picture of the README, docs/images/dashboard.png: the real server on simulated Sparks, in the middle of a swap.
// Needs a built dashboard (`npm run build`) and Chromium (Debian's `chromium`, or another one named in CHROMIUM). To take it anew:
//   node --conditions=source --import tsx scripts/screenshot.ts
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { TestBrowser } from '../test/e2e/support/browser.ts';
import { RealServer } from '../test/e2e/support/real-server.ts';

const target = fileURLToPath(new URL('../docs/images/dashboard.png', import.meta.url));
const MAX_BYTES = 200_000;

/** Simulated seconds. */
const LOADS = { 'qwen3-30b-a3b': { loadSeconds: 12 }, 'gpt-oss-120b': { loadSeconds: 20 } };
const LONG = { loadSeconds: 60 };

const server = await RealServer.start(LOADS);
const browser = await TestBrowser.launch();
try {
  await server.swap('gpt-oss-120b', { requested_by: 'ci:nightly' });
  server.fate.setFault('qwen3-coder-30b', 'out_of_memory');
  await server.swap('qwen3-coder-30b', { requested_by: 'dashboard', reason: 'try the coder' });
  await server.swap('qwen3-30b-a3b', { requested_by: 'cron:daily' });
  server.fate.setProfile('gpt-oss-120b', LONG);
  const { page } = await browser.open(server.url, { width: 1200, height: 800 });
  await page.getByRole('heading', { name: 'qwen3-30b-a3b' }).waitFor();
  const swap = server.swap('gpt-oss-120b', { requested_by: 'ci:nightly', reason: 'evaluation run' });
  await page.waitForFunction(() => Number(document.querySelector('progress')?.getAttribute('value') ?? 0) >= 50);
  await mkdir(new URL('.', `file://${target}`), { recursive: true });
  await page.screenshot({ path: target });
  await swap;
  const { size } = await stat(target);
  if (size > MAX_BYTES) throw new Error(`${target} has ${size} bytes, more than ${MAX_BYTES}`);
  console.log(`${target}: ${size} bytes`);
} finally {
  await browser.close();
  await server.close();
}
