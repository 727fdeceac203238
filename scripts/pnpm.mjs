// Runs pnpm at the version named in package.json, from a machine that has only node and npm. Installs the
// workspace first when that has not happened yet, so that `npm test` works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const cwd = fileURLToPath(root);
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** Runs one pnpm command and returns its exit code. npm's own settings are not handed on: `npm_config_loglevel` would silence pnpm. */
export function pnpm(args, options = {}) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_config_')));
  for (const name of ['npm_config_registry', 'npm_config_cafile', 'npm_config_userconfig', 'npm_config_cache']) {
    if (process.env[name]) env[name] = process.env[name];
  }
  env.CI ??= 'true'; // without a terminal pnpm refuses to replace node_modules unless this is set
  const result = spawnSync('npx', ['-y', packageManager, ...args], { cwd, env, stdio: options.stdio ?? 'inherit' });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Installs from the lockfile unless node_modules is there and newer than the lockfile. */
export function ensureInstalled() {
  const marker = new URL('node_modules/.modules.yaml', root);
  const lockfile = new URL('pnpm-lock.yaml', root);
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lockfile).mtimeMs) return;
  process.stderr.write('Installing dependencies ...\n');
  const status = pnpm(['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled();
  process.exit(pnpm(process.argv.slice(2)));
}
