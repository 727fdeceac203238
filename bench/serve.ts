import { Agent } from 'node:http';
import { quantile, verdict } from './support/figures.ts';
import { ask, ServerProcess } from './support/server-process.ts';

const STARTS = 5;
const REQUESTS = 10_000;
const PARALLEL = 8;

/** The program as `npm start` runs it once built: time until /readyz says yes, memory then and after many requests. */
export async function benchServe(): Promise<boolean> {
  const starts: number[] = [];
  let idle = 0;
  let loaded = 0;
  for (let round = 0; round < STARTS; round += 1) {
    const startedAt = performance.now();
    const server = await ServerProcess.start();
    try {
      starts.push(performance.now() - startedAt);
      if (round === STARTS - 1) {
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        idle = server.residentMiB;
        await hammer(server.port);
        loaded = server.residentMiB;
      }
    } finally {
      await server.stop();
    }
  }
  const isQuick = verdict('start to /readyz, median', quantile(starts, 0.5), 1_000, 'ms');
  const isSmall = verdict('resident after start', idle, 120, 'MiB');
  return verdict(`resident after ${REQUESTS} requests`, loaded, 150, 'MiB') && isQuick && isSmall;
}

async function hammer(port: number): Promise<void> {
  const paths = ['/api/status', '/api/models', '/api/swaps', '/api/hosts', '/'];
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });
  let sent = 0;
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (sent < REQUESTS) {
        sent += 1;
        await ask(port, paths[sent % paths.length] ?? '/', agent);
      }
    }),
  );
  agent.destroy();
}
