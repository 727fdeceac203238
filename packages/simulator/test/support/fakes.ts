import type { Clock } from '@spark-control/core';
import {
  DEFAULT_PROFILE,
  type FakeVllm,
  type FakeVllmOptions,
  type FakeVllmProfile,
  InProcessMemory,
  spedUp,
  startFakeVllm,
  systemClock,
} from '../../src/index.ts';

export type StartedFake = Readonly<{ fake: FakeVllm; output: () => string; memory: InProcessMemory }>;

const running = new Set<FakeVllm>();

/** Starts a fake vLLM on a free port of the loopback, fast enough for a test. */
export function startFake(
  profile: Partial<FakeVllmProfile> = {},
  words: readonly string[] = [],
  over: Partial<FakeVllmOptions> & { clock?: Clock } = {},
): StartedFake {
  let output = '';
  const clock = over.clock ?? spedUp(systemClock, 100);
  const memory = new InProcessMemory(clock);
  const fake = startFakeVllm({
    argv: ['serve', 'acme/model', '--port', '0', ...words],
    write: (chunk) => {
      output += chunk;
    },
    memory,
    clock,
    profile: () => ({ ...DEFAULT_PROFILE, ...profile }),
    pid: 42,
    listenHost: '127.0.0.1',
    ...over,
  });
  running.add(fake);
  void fake.exited.finally(() => running.delete(fake));
  return { fake, output: () => output, memory };
}

export async function servingFake(
  profile: Partial<FakeVllmProfile> = {},
  words: readonly string[] = [],
  over: Partial<FakeVllmOptions> = {},
): Promise<StartedFake & { url: string }> {
  const started = startFake(profile, words, over);
  if (!(await started.fake.ready)) throw new Error(`it ended before it served: ${started.output()}`);
  return { ...started, url: `http://127.0.0.1:${started.fake.port}` };
}

/** Ends what a test left behind. */
export async function endFakes(): Promise<void> {
  const left = [...running];
  for (const fake of left) fake.stop('SIGKILL');
  await Promise.all(left.map((fake) => fake.exited));
}

export const postJson = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
