import { isSparkError, SparkError } from '../errors.ts';
import { type ClusterKey, hostKey } from '../ids.ts';
import type { NimImage, NimSite } from '../ports/nim-host.ts';
import type { NimDeskDeps } from './nim-api.ts';
import { envSecret, KEY_SECRET, type NimInput, type NimJob } from './nim-job.ts';
import { layerPart, nimPart, stepLabel } from './nim-parts.ts';
import { serveNim } from './nim-serve.ts';
import type { OperationContext, OperationWorker } from './operation-api.ts';

/** Compressed layers are kept while they are unpacked, and unpacked they take about twice as much. */
const UNPACKED = 3;

/**
 * Installs a NIM: login, look at the image and the host, pull, start, wait until it is loaded. A pull goes on when the control plane
 * is restarted, and so does a container that is loading; but the key is gone by then, so that what needs it has to be asked for again.
 */
export function nimWorker(deps: NimDeskDeps): OperationWorker {
  return {
    resumable: true,
    cancellable: true,
    async run(context) {
      const job = jobOf(deps, context);
      const site = await survey(job);
      if (site.container?.job === job.order.job) {
        for (const step of ['login', 'check', 'image'] as const) if (step !== 'login' || job.input.hasKey) job.step(step, 'done');
        return serveNim(job);
      }
      if (context.isResumed && needsSecrets(job.input)) return await endWithoutSecrets(job);
      if (job.key !== null) {
        job.step('login', 'running');
        await deps.nim.login(job.host, job.order.image, job.key, context.signal);
        job.step('login', 'done');
      }
      job.step('check', 'running');
      const image = await deps.nim.inspect(job.host, job.order.image, job.key, context.signal);
      job.step('check', 'done', checked(job, image, site));
      await pull(job);
      return serveNim(job);
    },
  };
}

function jobOf(deps: NimDeskDeps, context: OperationContext): NimJob {
  const input = context.input as NimInput;
  const { host, image, container, port, cache, shmGib, replace, envNames } = input;
  const env = Object.fromEntries(envNames.map((name) => [name, context.secrets[envSecret(name)] ?? '']));
  const key = hostKey(host);
  return {
    ...{ deps, context, input, host: key, cluster: input.cluster as ClusterKey },
    order: { job: context.operation.id, image, container, port, cache, env, replace, shmGib },
    key: context.secrets[KEY_SECRET] ?? null,
    step: (step, status, note = null) =>
      context.report([nimPart(key, step, status, note)], status === 'running' ? stepLabel(step) : undefined),
  };
}

const needsSecrets = ({ hasKey, envNames }: NimInput): boolean => hasKey || envNames.length > 0;

function survey({ deps, host, order, context }: NimJob): Promise<NimSite> {
  return deps.nim.survey(host, order, context.signal);
}

async function pull({ deps, host, order, key, context, step }: NimJob): Promise<void> {
  step('image', 'running');
  await deps.nim.pull(
    host,
    order,
    key,
    (progress) => {
      const part = layerPart(progress);
      if (part !== null) context.report([part]);
    },
    (line) => context.log(host, line),
    context.signal,
  );
  step('image', 'done');
}

/** The pull that the last process began is waited for, so that what it brought is not lost; more cannot be done without the key. */
async function endWithoutSecrets(job: NimJob): Promise<never> {
  const { context, order } = job;
  let came = '';
  try {
    if (job.input.hasKey) job.step('login', 'done');
    job.step('check', 'done');
    await pull(job);
    came = ' The image has been pulled.';
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isSparkError(error)) throw error;
    context.log(job.host, error.message);
  }
  const message = `The control plane was restarted before ${order.container} was started, and it keeps neither keys nor variables.${came}`;
  throw new SparkError('INTERRUPTED', message, {
    details: { hint: 'Ask for it again with the same values; layers that have come are kept.' },
  });
}

/** What was found, in words. Rejects NOT_SUPPORTED or NOT_ENOUGH_DISK. */
function checked({ host, order, context }: NimJob, image: NimImage, site: NimSite): string {
  const { architectures, bytes } = image;
  const own = site.architecture;
  const made = architectures.join(' and ');
  if (own !== null && architectures.length > 0 && !architectures.includes(own)) {
    throw new SparkError('NOT_SUPPORTED', `${order.image} is made for ${made} only, and ${host} has a processor of the kind ${own}.`, {
      details: { host, hint: 'Choose an image for the DGX Spark; GET /api/nim/images lists some.' },
    });
  }
  if (architectures.length === 0) context.log(host, 'The registry does not say which processor the image is made for.');
  if (bytes === null) context.log(host, 'The registry does not say how large the image is, so the room for it is not checked.');
  else if (!site.hasImage && site.imageFreeBytes !== null && site.imageFreeBytes < bytes * UNPACKED) {
    const message = `${host} has ${gib(site.imageFreeBytes)} free for images, and ${order.image} needs about ${gib(bytes * UNPACKED)} while it is unpacked.`;
    throw new SparkError('NOT_ENOUGH_DISK', message, { details: { host } });
  }
  const size = bytes === null ? '' : `, ${gib(bytes)} to pull at most`;
  return `${architectures.length === 0 ? 'for a processor that is not known' : `for ${made}`}${size}`;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
