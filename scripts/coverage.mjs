// Line coverage of the core by its own tests; under 95 % it fails.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('..', import.meta.url));
const measured = ['--include', 'packages/core/src/**/*.ts', '--exclude', '**/*.d.ts', '--exclude', '**/ports/**', '--reporter', 'text'];
const goal = ['--check-coverage', '--lines', '95', '--statements', '0', '--branches', '0', '--functions', '0'];
const mocha = ['node_modules/mocha/bin/mocha.js', 'packages/core/test/**/*.test.ts'];
const { status } = spawnSync(process.execPath, ['node_modules/c8/bin/c8.js', ...measured, ...goal, process.execPath, ...mocha], { cwd, stdio: 'inherit' });
process.exit(status ?? 1);
