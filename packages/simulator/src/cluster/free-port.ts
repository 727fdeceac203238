import { isPortFree } from '../fake-vllm/listener.ts';

/** Below the range from which systems take ports for outgoing connections: one of those could otherwise sit on ours when a model starts. */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 200;

/** A port of the loopback that nobody listens on now; `preferred` if it is free. */
export async function choosePort(preferred: number | null, host: string, random: () => number): Promise<number> {
  if (preferred !== null && preferred > 0 && (await isPortFree(preferred, host))) return preferred;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(random() * COUNT);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port was found between ${FIRST} and ${FIRST + COUNT - 1}`);
}
