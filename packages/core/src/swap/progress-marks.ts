/** The stages of a load, in order. `kv` also covers the warm-up of kernels that follows it. */
export const LOAD_STAGES = ['dispatch', 'engine', 'weights', 'compile', 'kv', 'graphs', 'server'] as const;
export type LoadStage = (typeof LOAD_STAGES)[number];

/** Where each stage lies in 0..1: the weights take most of the time of nearly every load. */
const BOUNDS: Readonly<Record<LoadStage, readonly [from: number, to: number]>> = {
  dispatch: [0, 0.02],
  engine: [0.02, 0.07],
  weights: [0.07, 0.67],
  compile: [0.67, 0.77],
  kv: [0.77, 0.8],
  graphs: [0.8, 0.95],
  server: [0.95, 1],
};

/** Fraction of the whole load at which `share` (0..1) of `stage` is done. */
export function fractionAt(stage: LoadStage, share: number): number {
  const [from, to] = BOUNDS[stage];
  return from + (to - from) * share;
}

/** A line that says how far the load is. */
export type Mark = Readonly<{ stage: LoadStage; share: number; label: string }>;

type MarkRow = readonly [begins: string | RegExp, share: number, label?: string];

/** Every pattern is anchored at the start of the message: a prompt or a path that quotes one further on means nothing. */
const ROWS: Readonly<Record<LoadStage, Readonly<{ label: string; rows: readonly MarkRow[] }>>> = {
  dispatch: {
    label: 'starting the container',
    rows: [
      [/^(?:Loading configuration from |Solo mode enabled|Auto-detecting interfaces)/, 0.05],
      [/^(?:Head Node|Worker Nodes|Container Name|Image Name|Action): /, 0.1],
      [/^(?:Checking SSH connectivity| {0,4}SSH to )/, 0.15, 'checking the hosts'],
      ['Note: Command requires ', 0.2],
      [/^(?:Verifying Docker image| {2}\[(?:HEAD|WORKER)\] )/, 0.25, 'comparing images'],
      ['Docker image consistency check passed', 0.3],
      [/^Starting (?:Head|Worker) Node on /, 0.4],
      [/^(?:Applying mod|Copying launch script)/, 0.5, 'preparing the container'],
      [/^Starting Ray (?:HEAD|WORKER) node on /, 0.55, 'starting Ray'],
      ['Waiting for cluster to be ready', 0.6, 'waiting for Ray'],
      ['Cluster head is responsive', 0.7, 'waiting for Ray'],
      [/^(?:Launching worker \(rank |Executing command)/, 0.85, 'starting vLLM'],
      [/^(?:Command dispatched in background|Cluster started)/, 1, 'starting vLLM'],
    ],
  },
  engine: {
    label: 'starting the engine',
    rows: [
      // The banner draws a logo of blocks before these two.
      [/^[^A-Za-z0-9]{0,80}(?:version \d|model {3}\S)/, 0.1],
      ['vLLM API server version ', 0.1],
      [/^(?:non-default args: |args: Namespace)/, 0.2],
      [/^Initializing an? (?:V\d )?LLM engine/, 0.5],
      [/^(?:world_size=\d|rank \d{1,4} in world size )/, 0.8, 'joining the ranks'],
    ],
  },
  weights: {
    label: 'loading weights',
    rows: [
      [/^Starting to load model /, 0],
      ['Checkpoint size: ', 0],
      [/^Loading safetensors /, 0],
    ],
  },
  compile: {
    label: 'compiling',
    rows: [
      [/^Using cache directory: .{0,400}torch/, 0.1],
      ['Dynamo bytecode transform time', 0.3],
      [/^Compiling a graph for /, 0.6],
      [/^Cache the graph /, 0.6],
      [/^Directly load the (?:compiled graph|\d)/, 0.8],
      [/^torch\.compile (?:takes|took) /, 1],
    ],
  },
  kv: {
    label: 'allocating the KV cache',
    rows: [
      ['Estimated CUDA graph memory', 0.1],
      ['Available KV cache memory', 0.2],
      ['GPU KV cache size', 0.3],
      ['Maximum concurrency for ', 0.4],
      [/^.{0,60}[Aa]uto-?tun/, 0.5, 'warming up kernels'],
    ],
  },
  graphs: { label: 'capturing graphs', rows: [[/^Capturing (?:CUDA|the model|cudagraphs)/, 0]] },
  server: {
    label: 'starting server',
    rows: [
      [/^init engine \(/, 0],
      [/^Starting vLLM (?:API )?server /, 0.2],
      ['Available routes are', 0.4],
      [/^Started server process /, 0.6],
      ['Waiting for application startup', 0.7],
      [/^(?:Application startup complete|Uvicorn running on )/, 1, 'server started'],
      [/^Engine \d{1,4}: Avg prompt throughput/, 1, 'server started'],
    ],
  },
};

/** What `message` says about the load, `null` when nothing. */
export function readMark(message: string): Mark | null {
  for (const stage of LOAD_STAGES) {
    const { label, rows } = ROWS[stage];
    for (const [begins, share, ownLabel] of rows) {
      if (typeof begins === 'string' ? message.startsWith(begins) : begins.test(message)) return { stage, share, label: ownLabel ?? label };
    }
  }
  return null;
}

export type StageEnd = 'weights_pass' | 'weights' | 'graphs';

/** Lines with which one rank reports the end of something that others may still be at. */
export function readEnd(message: string): StageEnd | null {
  if (message.startsWith('Loading weights took ')) return 'weights_pass';
  if (message.startsWith('Model loading took ') || message.startsWith('Loading model weights took ')) return 'weights';
  return message.startsWith('Graph capturing finished in ') ? 'graphs' : null;
}

/** Output of an image pull: it has no known end, but it excuses a long start. */
export const isPullLine = (message: string): boolean =>
  /^(?:Unable to find image '|(?:\S{1,128}: )?Pulling (?:from|fs layer|image)|[0-9a-f]{12}: (?:Waiting|Downloading|Verifying|Download complete|Extracting|Pull complete|Already exists))/.test(
    message,
  );
