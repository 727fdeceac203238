import { type Host, maskSecrets, type NimOrder, SparkError } from '@spark-control/core';
import { registryOf } from './nim-login.ts';
import { asideName } from './nim-run.ts';
import { pullFailure } from './pull-reading.ts';

const REFUSED = /unauthorized|denied|authentication required|forbidden|incorrect username or password|401|403/i;

/** Why an image cannot be had, from what Docker said; `null`: it said nothing, since its job was cut off. Docker's own text is not in the message. */
export function nimRefusal(image: string, host: Host, hasKey: boolean, said: string | null, exitCode = 1): SparkError {
  if (said !== null && REFUSED.test(said) && !/no matching manifest/i.test(said)) {
    const details = { host: host.key, hint: 'Open the page of the image in NGC, accept its terms, and look whether the key may pull it.' };
    const message = hasKey
      ? `The registry does not let this NGC key have ${image}.`
      : `The registry gives ${image} to nobody without an NGC key.`;
    return new SparkError('RUNTIME_REJECTED', message, { details });
  }
  return pullFailure(
    image,
    host,
    said === null ? null : exitCode,
    said === null ? [] : said.split('\n').filter((line) => line.trim() !== ''),
  );
}

export function loginRefused(image: string, host: Host, said: string): SparkError {
  const registry = registryOf(image) ?? '';
  if (REFUSED.test(said)) {
    const details = { host: host.key, hint: 'Make a new key in NGC, with the service NGC Catalog, and give it without blanks.' };
    return new SparkError('RUNTIME_REJECTED', `${registry} refused the NGC key.`, { details });
  }
  return nimRefusal(image, host, true, said);
}

export const noMemoryFolder = (host: Host): SparkError =>
  new SparkError(
    'RUNTIME_REJECTED',
    `${host.name} has no folder in memory that the login user may write (/dev/shm), and the NGC key must not be put on a disk.`,
    { details: { host: host.key } },
  );

/** Why a container was not started. `said`: Docker's own words, of which only signs are read. */
export function runRefused(order: NimOrder, host: Host, outcome: string, said: string): SparkError {
  const { container, port, cache } = order;
  const refuse = (message: string): SparkError => new SparkError('RUNTIME_REJECTED', message, { details: { host: host.key } });
  switch (outcome) {
    case 'no_cache':
      return refuse(`The folder ${cache} cannot be made on ${host.name}, or the login user may not write there.`);
    case 'taken':
      return refuse(`There is a container ${container} on ${host.name} already. Ask again with replace, or with another name.`);
    case 'not_aside':
      return refuse(`Container ${container} on ${host.name} could not be set aside (as ${asideName(order)}); it was left as it was.`);
    default:
      break;
  }
  if (/port is already allocated|address already in use/i.test(said)) return refuse(`Port ${port} on ${host.name} is taken.`);
  if (/could not select device driver|nvidia|CDI device/i.test(said)) {
    return refuse(`Docker on ${host.name} could not give its GPUs to the container; look after the NVIDIA Container Toolkit there.`);
  }
  const last = maskSecrets(said.trim()).split('\n').at(-1) ?? '';
  return refuse(`Docker on ${host.name} refused to start ${container}.${last === '' ? '' : ` It says: ${last.slice(0, 300)}`}`);
}

/** A container that has ended instead of loading. */
export function notReady(container: string, host: Host, status: string, exitCode: string, log: readonly string[]): SparkError {
  const last = log.at(-1);
  const words = last === undefined ? '' : ` Its last line: ${last.slice(0, 300)}`;
  const message =
    status === ''
      ? `Container ${container} on ${host.name} has gone.`
      : `Container ${container} on ${host.name} is ${status} (exit code ${exitCode}).${words}`;
  return new SparkError('RUNTIME_REJECTED', message, { details: { host: host.key, logTail: [...log] } });
}
