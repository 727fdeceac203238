import { Agent, request } from 'node:http';
import { quantile, verdict } from './support/figures.ts';
import { ServerProcess } from './support/server-process.ts';

const CONTENDERS = 200;
const SECONDS = 60;

type Body = Readonly<{ lock_id?: string; fence?: number; lock?: { holder: string; fence: number } | null }>;
type Reply = Readonly<{ status: number; body: Body | null; ms: number }>;

/** 200 clients that want the one lock all the time: acquire, look whether the server agrees, let go, ask again. Every answer is timed and checked. */
export async function benchLock(): Promise<boolean> {
  const server = await ServerProcess.start();
  const agent = new Agent({ keepAlive: true, maxSockets: CONTENDERS });
  const times: number[] = [];
  const strange = new Map<number, number>();
  let grants = 0;
  let overlaps = 0;
  let lastFence = 0;
  let regressions = 0;
  let holder: number | null = null;

  const call = async (method: string, body: unknown, expected: readonly number[]): Promise<Reply> => {
    const reply = await send(server.port, agent, method, body);
    times.push(reply.ms);
    if (!expected.includes(reply.status)) strange.set(reply.status, (strange.get(reply.status) ?? 0) + 1);
    return reply;
  };
  const until = performance.now() + SECONDS * 1_000;
  const contend = async (contender: number): Promise<void> => {
    while (performance.now() < until) {
      const { status, body } = await call('POST', { holder: `contender-${contender}`, ttl_seconds: 60 }, [201, 409]);
      if (status !== 201) continue;
      grants += 1;
      if (holder !== null) overlaps += 1;
      holder = contender;
      const fence = body?.fence ?? 0;
      if (fence <= lastFence) regressions += 1;
      lastFence = fence;
      const shown = await call('GET', undefined, [200]);
      if (holder !== contender || shown.body?.lock?.holder !== `contender-${contender}` || shown.body.lock.fence !== fence) overlaps += 1;
      // From here on it counts as let go: the server may grant it to the next before our answer is back.
      holder = null;
      await call('DELETE', { lock_id: body?.lock_id }, [204]);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONTENDERS }, (_, contender) => contend(contender)));
  } finally {
    agent.destroy();
    await server.stop();
  }
  console.log(`${times.length} calls, ${Math.round(times.length / SECONDS)} per second, ${grants} grants, last fence ${lastFence}`);
  console.log(
    `p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms, max ${Math.max(...sample(times)).toFixed(1)} ms`,
  );
  const verdicts = [
    verdict('overlaps', overlaps, 0, ''),
    verdict('fences that did not rise', regressions, 0, ''),
    verdict(
      'answers of another status',
      [...strange.values()].reduce((sum, count) => sum + count, 0),
      0,
      '',
    ),
    verdict('p99', quantile(times, 0.99), 150, 'ms'),
  ];
  return verdicts.every(Boolean);
}

/** `Math.max` takes so many arguments and no more. */
const sample = (times: readonly number[]): readonly number[] => times.toSorted((a, b) => b - a).slice(0, 1);

function send(port: number, agent: Agent, method: string, body: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const sent = body === undefined ? '' : JSON.stringify(body);
    // Node does not count the body of a DELETE by itself: without its length the server would take it for the next request.
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) };
    const call = request({ host: '127.0.0.1', port, path: '/api/swap/lock', method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text), ms: performance.now() - startedAt });
      });
    });
    call.once('error', reject);
    call.end(sent);
  });
}
