// `npm start`: installs and builds when that is needed, then *becomes* the server. There is no child process in between,
// so that a signal sent to npm's child reaches the server itself.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './pnpm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.spark-control-built`;

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

function isBuilt() {
  if (!existsSync(stamp) || !existsSync(`${root}packages/server/dist/main.js`)) return false;
  const builtAt = statSync(stamp).mtimeMs;
  return readdirSync(`${root}packages`).every((name) => newest(`${root}packages/${name}/src`) <= builtAt);
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

ensureInstalled();
if (!isBuilt()) {
  process.stderr.write('Building ...\n');
  const now = new Date();
  run('node_modules/typescript/bin/tsc', '-b');
  run('scripts/build-web.mjs');
  writeFileSync(stamp, '');
  utimesSync(stamp, now, now); // a file saved while we built is newer than the build
}
const { main } = await import('../packages/server/dist/main.js');
await main();
