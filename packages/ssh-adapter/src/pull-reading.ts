import { type Host, type PullProgress, SparkError } from '@spark-control/core';

type Layer = Readonly<{ phase: PullProgress['phase']; doneBytes: number | null; totalBytes: number | null }>;

const PHASES: Readonly<Record<string, PullProgress['phase']>> = {
  'Pulling fs layer': 'waiting',
  Waiting: 'waiting',
  Downloading: 'downloading',
  'Verifying Checksum': 'extracting',
  'Download complete': 'extracting',
  Extracting: 'extracting',
  'Pull complete': 'done',
  'Already exists': 'done',
};

/** Reads the lines of a pull, the engine's as well as those of `docker pull`. */
export class PullReading {
  readonly #host: Host;
  readonly #layers = new Map<string, Layer>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** What a line says of a layer; `null`: nothing, so that it is a line for the log. */
  read(line: string): PullProgress | null {
    const figures = /^progress ([0-9a-f]+) (\w+) (\d+) (\d+)$/.exec(line);
    const [, id = '', status = ''] = figures ?? /^([0-9a-f]{6,64}): (.+)$/.exec(line) ?? [];
    const phase = PHASES[status];
    if (phase === undefined) return null;
    const before = this.#layers.get(id);
    const totalBytes = figures !== null && phase === 'downloading' ? Number(figures[4]) : (before?.totalBytes ?? null);
    // Extracting has figures of another kind; for whoever waits, what has come is what counts.
    const doneBytes = phase === 'downloading' && figures !== null ? Number(figures[3]) : phase === 'waiting' ? 0 : totalBytes;
    const layer: Layer = {
      phase,
      doneBytes: phase === 'downloading' && figures === null ? (before?.doneBytes ?? null) : doneBytes,
      totalBytes,
    };
    this.#layers.set(id, layer);
    return { host: this.#host.key, layer: id, ...layer, note: null };
  }
}

const SIGNS: readonly Readonly<{ sign: RegExp; message: (image: string, host: string) => string; hint: string }>[] = [
  {
    sign: /no space left on device/i,
    message: (image, host) => `The disk of ${host} is full: ${image} did not fit.`,
    hint: 'Free space there, for example with docker image prune.',
  },
  {
    sign: /no matching manifest for|does not match the (?:specified|detected) .*platform/i,
    message: (image, host) => `${image} is not made for the processor of ${host}.`,
    hint: 'Choose a tag for arm64: a DGX Spark has an Arm processor.',
  },
  {
    sign: /unauthorized|authentication required|no basic auth credentials|denied: requested access/i,
    message: (image, host) => `The registry refuses ${image} to ${host}.`,
    hint: 'Log in there once with docker login, as the user that Spark Control logs in as.',
  },
  {
    sign: /manifest unknown|manifest for .* not found|not found|pull access denied|repository does not exist/i,
    message: (image, host) => `No registry gives ${host} an image ${image}.`,
    hint: 'Check name and tag. An image that was built on the spot is in no registry: copy it with build-and-copy.sh -c instead.',
  },
  {
    sign: /toomanyrequests|rate limit/i,
    message: (image) => `The registry counts too many pulls and refuses ${image} for now.`,
    hint: 'Wait, or log in on the hosts with docker login.',
  },
  {
    sign: /no such host|name resolution|connection refused|i\/o timeout|timed? ?out|network is unreachable|TLS handshake|connection reset|EOF/i,
    message: (image, host) => `${host} could not reach the registry of ${image}.`,
    hint: 'Check its network, DNS and proxy (Docker has proxy settings of its own), then ask again; layers that have come are kept.',
  },
  {
    sign: /permission denied while trying to connect|cannot connect to the docker daemon|is the docker daemon running/i,
    message: (_, host) => `Docker on ${host} cannot be used by the login user.`,
    hint: 'Start Docker, and put the login user into the group docker.',
  },
];

/** Turns the end of a pull that went wrong into words. `exitCode: null`: it ended without a word. */
export function pullFailure(image: string, host: Host, exitCode: number | null, tail: readonly string[]): SparkError {
  const refuse = (code: 'RUNTIME_REJECTED' | 'NOT_ENOUGH_DISK', message: string, hint: string): SparkError =>
    new SparkError(code, message, { details: { host: host.key, hint, logTail: [...tail] } });
  if (exitCode === null) {
    return refuse('RUNTIME_REJECTED', `The pull on ${host.name} ended without a word; was the host restarted?`, 'Ask again.');
  }
  const text = tail.join('\n');
  const known = SIGNS.find(({ sign }) => sign.test(text));
  if (known === undefined) {
    const last = tail.at(-1);
    const said = last === undefined ? '' : ` Its last line: ${last.slice(0, 300)}`;
    return refuse('RUNTIME_REJECTED', `The pull of ${image} on ${host.name} failed with exit code ${exitCode}.${said}`, 'Read the log.');
  }
  return refuse(known === SIGNS[0] ? 'NOT_ENOUGH_DISK' : 'RUNTIME_REJECTED', known.message(image, host.name), known.hint);
}
