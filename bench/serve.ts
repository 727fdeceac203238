import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, verdict } from './support/figures.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STARTS = 5;
const REQUESTS = 10_000;
const PARALLEL = 8;

/** The program as `npm start` runs it once built: time until /readyz says yes, memory then and after many requests. */
export async function benchServe(): Promise<boolean> {
  const starts: number[] = [];
  let idle = 0;
  let loaded = 0;
  for (let round = 0; round < STARTS; round += 1) {
    const port = await freePort();
    const data = mkdtempSync(join(tmpdir(), 'spark-control-bench-'));
    const startedAt = performance.now();
    const env = { ...process.env, PORT: String(port), SPARK_CONTROL_DATA: data };
    const child = spawn(process.execPath, ['--max-semi-space-size=2', 'scripts/start.mjs'], { cwd: ROOT, env, stdio: 'ignore' });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    try {
      await untilReady(port);
      starts.push(performance.now() - startedAt);
      if (round === STARTS - 1) {
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        idle = residentMiB(child.pid ?? 0);
        await hammer(port);
        loaded = residentMiB(child.pid ?? 0);
      }
    } finally {
      child.kill('SIGTERM');
      await exited;
      rmSync(data, { recursive: true, force: true });
    }
  }
  const isQuick = verdict('start to /readyz, median', quantile(starts, 0.5), 1_000, 'ms');
  const isSmall = verdict('resident after start', idle, 120, 'MiB');
  return verdict(`resident after ${REQUESTS} requests`, loaded, 150, 'MiB') && isQuick && isSmall;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const ask = (port: number, path: string, agent?: Agent): Promise<number> =>
  new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', () => resolve(0));
  });

async function untilReady(port: number): Promise<void> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    if ((await ask(port, '/readyz')) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the server did not become ready');
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

function residentMiB(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((text) => text.startsWith('VmRSS'));
  return Number(line?.replace(/\D/g, '') ?? Number.NaN) / 1024;
}
