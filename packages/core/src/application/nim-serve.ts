import { isSparkError, SparkError } from '../errors.ts';
import { atMost } from './at-most.ts';
import { LOCK_SECRET, type NimJob, type NimResult } from './nim-job.ts';
import { isStopping } from './operation-abort.ts';
import { takeLock, underTakenLock } from './under-lock.ts';

/** Somebody may be in the middle of a swap; a pull of an hour should not be for nothing. */
const LOCK_WAIT_MS = 30 * 60_000;
/** At its first start it downloads its weights. */
const LOAD_LIMIT_MS = 3 * 3_600_000;
const ASK_EVERY_MS = 5_000;
const UNDO_LIMIT_MS = 10 * 60_000;

/** Starts the container under the lock of the cluster, since it is a tenant of its GPU, and waits until it is loaded. */
export async function serveNim(job: NimJob): Promise<NimResult> {
  const { deps, context, cluster, input } = job;
  const { core, clock, logger } = deps;
  const tools = { locks: core.locks, clock, logger };
  const { requestedBy } = context.operation;
  job.step('start', 'running');
  const need = {
    ...{
      cluster,
      lockId: context.secrets[LOCK_SECRET] ?? null,
      holder: requestedBy,
      reason: `installs ${input.container}`,
      waitMs: LOCK_WAIT_MS,
    },
    actor: { name: requestedBy, address: null, requestId: null },
  };
  const taken = await takeLock(tools, need, context.signal);
  const { hasGpus, wasReplaced } = await underTakenLock(tools, taken, context.signal, (signal) => startAndLoad(job, signal));
  const service = await register(job);
  return resultOf(job, hasGpus, wasReplaced, service);
}

async function startAndLoad(job: NimJob, signal: AbortSignal): Promise<Readonly<{ hasGpus: boolean; wasReplaced: boolean }>> {
  const { deps, context, host, order, key } = job;
  tellNeighbour(job);
  try {
    const { hasGpus } = await deps.nim.run(host, order, key, signal);
    if (!hasGpus) context.log(host, 'Docker there can give no GPU to a container, so it was started without.');
    job.step('start', 'done', hasGpus ? null : 'without a GPU');
    await loaded(job, signal);
    const wasReplaced = await deps.nim.settle(host, order, 'new', signal);
    return { hasGpus, wasReplaced };
  } catch (error) {
    // The next process finds it and goes on.
    if (!isStopping(context.signal)) await undo(job);
    throw error;
  }
}

/** Two that need most of the memory do not fit on one Spark; whether these do is for whoever asked to know. */
function tellNeighbour({ deps, context, cluster, host }: NimJob): void {
  const view = deps.core.views().find((one) => one.cluster === cluster);
  if (view === undefined || (view.serving.kind !== 'model' && view.serving.kind !== 'unmanaged')) return;
  const who = view.serving.kind === 'model' ? view.serving.model : 'Something that Spark Control did not start';
  context.log(host, `${who} serves on ${cluster}: both share the memory. Unload it when the new one does not come up.`);
}

async function loaded(job: NimJob, signal: AbortSignal): Promise<void> {
  const { deps, context, host, order } = job;
  const { clock, nim } = deps;
  const until = clock.monotonic() + LOAD_LIMIT_MS;
  let told = '';
  for (;;) {
    const { ready, detail } = await asked();
    if (ready) return job.step('health', 'done');
    if (detail !== told) context.log(host, detail);
    told = detail;
    job.step('health', 'running', detail);
    if (clock.monotonic() >= until) throw new SparkError('LOAD_TIMEOUT', `${order.container} was not loaded within 3 hours. ${detail}`);
    await clock.sleep(ASK_EVERY_MS, signal);
  }

  async function asked(): Promise<Readonly<{ ready: boolean; detail: string }>> {
    try {
      return await nim.ready(host, order, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isSparkError(error) || error.code !== 'HOST_UNREACHABLE') throw error;
      return { ready: false, detail: error.message };
    }
  }
}

/** Also for a cancelled operation, whose own signal would end this at once. */
async function undo({ deps, context, host, order }: NimJob): Promise<void> {
  const own = new AbortController();
  try {
    const settled = deps.nim.settle(host, order, 'old', own.signal);
    settled.catch(() => undefined);
    await atMost(deps.clock, UNDO_LIMIT_MS, settled);
    context.log(host, `${order.container} was removed again; what it replaced is back, if there was something.`);
  } catch (error) {
    const why = isSparkError(error) ? error.message : 'an unexpected error';
    context.log(host, `What was begun could not be undone: ${why}`);
    if (!isSparkError(error)) deps.logger.error('an installation could not be undone', { operation: order.job, error });
  } finally {
    own.abort(new Error('it took too long'));
  }
}

type Registered = Readonly<{ key: string | null; problem: string | null }>;

/** It serves by now: a file that cannot be written is no reason to take it away. */
async function register(job: NimJob): Promise<Registered> {
  const { deps, input, host } = job;
  const { register: wanted, container, port } = input;
  if (wanted === null) return { key: null, problem: null };
  const known = deps.registry.all().find((service) => service.key === wanted.key);
  if (known !== undefined) {
    job.step('register', 'done', 'it is among them already');
    return { key: wanted.key, problem: null };
  }
  job.step('register', 'running');
  try {
    await deps.registry.add({
      ...{ key: wanted.key, name: wanted.name ?? container, kind: wanted.kind, host, port, container },
      ...{ healthPath: '/v1/health/ready', model: null, usesGpu: true },
    });
    job.step('register', 'done');
    return { key: wanted.key, problem: null };
  } catch (error) {
    if (!isSparkError(error)) throw error;
    job.step('register', 'failed', error.message);
    return { key: null, problem: error.message };
  }
}

function resultOf({ input, key, context }: NimJob, hasGpus: boolean, wasReplaced: boolean, service: Registered): NimResult {
  const { host, image, container, port } = input;
  const notice = `The NGC key stays readable on ${host} to whoever may run "docker inspect ${container}" there.`;
  return {
    ...{ host, image, container, port, gpus: hasGpus, replaced: wasReplaced },
    ...{ service: service.key, service_problem: service.problem },
    notice: input.hasKey || key !== null ? notice : null,
    resumed: context.isResumed,
  };
}
