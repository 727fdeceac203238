import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { buildSync } from 'esbuild';

const INDEX = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
const SCRIPT = `
  import { createSimulatedCluster, SIMULATED_SPARKS, systemClock } from ${JSON.stringify(INDEX)};
  const log = () => {};
  const options = { cluster: SIMULATED_SPARKS, clock: systemClock, logger: { debug: log, info: log, warn: log, error: log }, controllerId: 'c' };
  const simulation = await createSimulatedCluster(options);
  const { runtime, control } = simulation;
  await control.startUnmanaged({ profile: { loadSeconds: 0.1 } });
  const following = runtime.followLogs(null, log, new AbortController().signal);
  const stream = await fetch(simulation.endpointBaseUrl() + '/v1/completions', { method: 'POST', body: JSON.stringify({ prompt: 'x', stream: true }) });
  await stream.body.getReader().read();
  await control.startUnmanaged({ host: 'spark-2', name: 'other', profile: { loadSeconds: 0.1 } });
  await control.occupyPort(null);
  await simulation.close();
  await simulation.close();
  await following;
  process.stdout.write('closed');
`;

describe('closing the simulated cluster', () => {
  it('leaves no handle and no timer: a program that does it ends by itself', async () => {
    const bundle = buildSync({
      stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['source'],
    });
    const child = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(bundle.outputFiles[0]?.text);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, output }).to.deep.equal({ code: 0, output: 'closed' });
  });
});
