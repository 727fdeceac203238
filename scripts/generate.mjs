// Runs generate.ts with the settings of the workspace, so that plain `node scripts/generate.mjs --check` works.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('generate.ts', import.meta.url));
const cwd = fileURLToPath(new URL('..', import.meta.url));
const { status } = spawnSync(process.execPath, ['--conditions=source', '--import', 'tsx', script, ...process.argv.slice(2)], {
  cwd,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
