import { argv, exit, stdout } from 'node:process';
import { benchLock } from './lock.ts';
import { benchServe } from './serve.ts';
import { benchSwap } from './swap.ts';
import { benchTelemetry } from './telemetry.ts';
import { benchWebhooks } from './webhooks.ts';

const BENCHES: Readonly<Record<string, () => Promise<boolean>>> = {
  swap: benchSwap,
  serve: benchServe,
  lock: benchLock,
  webhooks: benchWebhooks,
  telemetry: benchTelemetry,
};

const names = argv.slice(2).filter((word) => !word.startsWith('-'));
if (names.length === 0 || names.some((name) => !(name in BENCHES))) {
  stdout.write(`Usage: pnpm bench NAME...   with NAME one of ${Object.keys(BENCHES).join(', ')}. The method is in bench/README.md.\n`);
  exit(2);
}
let isGood = true;
for (const name of names) isGood = ((await BENCHES[name]?.()) ?? false) && isGood;
exit(isGood ? 0 : 1);
