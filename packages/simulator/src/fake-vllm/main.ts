// The executable form: `vllm serve ...` in a container image, or anywhere Node runs. FAKE_VLLM_CONFIG names the
// configuration; everything it writes (argv.log, meminfo, claims) lies beside that file.
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ClaimsDirectory } from './claims-directory.ts';
import { spedUp, systemClock } from './clock.ts';
import { startFakeVllm } from './fake-vllm.ts';
import { loadSimConfig, profileFor } from './sim-config.ts';

/** The names of variables that a launch is about. The values are written too: this is a test double that handles no real secret. */
const LOGGED_VARIABLES = /^(VLLM|HF|HUGGING|NCCL|CUDA|TORCH|PYTORCH|RAY|GLOO|TP_|UCX|OMPI|MN_IF|SPARK|TEST)_?/;

const configFile = process.env['FAKE_VLLM_CONFIG'] ?? '/sim/config.json';
const directory = path.dirname(configFile);
const argv = process.argv.slice(2);

async function keepMeminfo(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await new ClaimsDirectory(directory, loadSimConfig(configFile).memTotalBytes).keep(stop.signal);
}

async function serve(): Promise<void> {
  const config = loadSimConfig(configFile);
  mkdirSync(directory, { recursive: true });
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => LOGGED_VARIABLES.test(name) && name !== 'FAKE_VLLM_CONFIG'),
  );
  appendFileSync(path.join(directory, 'argv.log'), `${JSON.stringify({ at: Date.now(), pid: process.pid, argv, env })}\n`);
  const memory = new ClaimsDirectory(directory, config.memTotalBytes);
  const server = startFakeVllm({
    argv,
    write: (chunk) => process.stdout.write(chunk),
    memory,
    clock: spedUp(systemClock, config.speed),
    profile: (options) => {
      const profile = profileFor(config, options);
      // The claims outlive this process on the host's own clock, which knows nothing of the speed.
      return { ...profile, settleSeconds: profile.settleSeconds / config.speed };
    },
    pid: process.pid,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => server.stop(signal));
  // Others may die without a word: whoever lives keeps the figures true.
  const keeper = new AbortController();
  void memory.keep(keeper.signal).catch(() => undefined);
  const code = await server.exited;
  keeper.abort();
  process.stdout.write('', () => process.exit(code));
}

await (argv[0] === 'sim-keep-meminfo' ? keepMeminfo() : serve());
