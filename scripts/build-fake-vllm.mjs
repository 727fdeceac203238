// Bundles the fake vLLM into one file that runs on plain Node 20, for the image of the test hosts.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [at('../packages/simulator/src/fake-vllm/main.ts')],
  outfile: at('../packages/simulator/dist/fake-vllm.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['source'],
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
