import type { Model } from '../catalog/model.ts';
import type { LaunchPlan } from '../launch/launch-plan.ts';
import type { Cluster } from '../topology/cluster.ts';
import { gib } from './memory-need.ts';
import { check, type HostPicture, isAlive, presentOn, unknownCheck } from './preflight-host.ts';
import type { PreflightCheck } from './preflight-report.ts';

/** Less than this on a disk ends downloads and compile caches with "No space left on device". */
const LITTLE_DISK_BYTES = 10 * 2 ** 30;

/** What the checks of one host go by. `plan` is `null` when none could be built. */
export type CheckScene = Readonly<{ cluster: Cluster; plan: LaunchPlan | null; replaceUnmanaged: boolean; head: HostPicture | null }>;

export function hostCheck(picture: HostPicture): PreflightCheck {
  const { host, facts, reason } = picture;
  if (facts === null || picture.containers === null) {
    const hint = 'Every host of the cluster has to answer before anything is stopped. The overview shows each host and why it does not.';
    return check('host', host, 'unknown', { detail: `${host.name} cannot be asked: ${reason ?? 'it did not answer.'}`, hint });
  }
  return check('host', host, 'pass', {
    detail: `${host.name} answers.`,
    measured: facts.dockerVersion === null ? null : `Docker ${facts.dockerVersion}`,
  });
}

export function launcherCheck(scene: CheckScene, picture: HostPicture): PreflightCheck {
  const { host, facts } = picture;
  if (scene.cluster.launcher === 'simulated') return check('launcher', host, 'pass', { detail: 'Simulated: nothing is started for real.' });
  if (facts === null) return unknownCheck('launcher', picture);
  if (facts.dockerVersion === null) {
    const hint = 'Install Docker, start it, and put the login user into the group docker.';
    return check('launcher', host, 'fail', { detail: `Docker does not answer on ${host.name}.`, hint });
  }
  if (scene.cluster.launcher === 'docker_run' || picture.host.key !== scene.head?.host.key) {
    return check('launcher', host, 'pass', { detail: 'Docker answers.', measured: `Docker ${facts.dockerVersion}` });
  }
  if (facts.launcher === undefined) return unknownCheck('launcher', picture);
  if (facts.launcher === null) {
    const folder = scene.cluster.launcherDirectory ?? 'no folder is configured';
    return check('launcher', host, 'fail', {
      detail: `launch-cluster.sh was not found on ${host.name} (${folder}).`,
      hint: 'Clone the launcher there, or correct launcher_directory of the cluster.',
    });
  }
  return check('launcher', host, 'pass', { detail: `${facts.launcher.path} is there.`, measured: facts.launcher.generation });
}

export function imageCheck(scene: CheckScene, picture: HostPicture): PreflightCheck {
  const image = scene.plan?.image ?? scene.cluster.image;
  const imageId = picture.facts?.imageId;
  if (imageId === undefined) return unknownCheck('image', picture);
  if (imageId === null) {
    const hint = `Build it there, or pull it: ${pullWith(scene, image)}`;
    return check('image', picture.host, 'fail', { detail: `Image ${image} is not on ${picture.host.name}.`, hint });
  }
  const headId = scene.head?.facts?.imageId;
  if (scene.cluster.launcher === 'launch_cluster' && typeof headId === 'string' && headId !== imageId) {
    const hint = `Pull it on all hosts (${pullWith(scene, image)}), or copy what was built on the first one: build-and-copy.sh -c.`;
    return check('image', picture.host, 'fail', {
      detail: `Image ${image} differs from the one on ${scene.head?.host.name}; the launcher refuses that.`,
      hint,
      measured: imageId,
    });
  }
  return check('image', picture.host, 'pass', { detail: `Image ${image} is on ${picture.host.name}.`, measured: imageId });
}

const pullWith = ({ plan }: CheckScene, image: string): string =>
  plan === null ? `docker pull ${image}` : `POST /api/models/${plan.model}/pull-image`;

export function weightsCheck({ key, source }: Pick<Model, 'key' | 'source'>, picture: HostPicture): PreflightCheck {
  const { host } = picture;
  const weights = picture.facts?.weights;
  if (weights === undefined) return unknownCheck('weights', picture);
  if (weights?.complete) {
    return check('weights', host, 'pass', { detail: `The weights are on ${host.name}: ${weights.path}`, measured: gib(weights.bytes) });
  }
  if (source.kind === 'local_path') {
    const detail = weights === null ? `The local path is not on ${host.name}.` : `The local path on ${host.name} holds no complete model.`;
    return check('weights', host, 'fail', { detail, hint: 'Copy the model to the same path on every host it spans.' });
  }
  const detail = weights === null ? `The weights are not on ${host.name} yet.` : `A download to ${host.name} was broken off.`;
  const measured = weights === null ? null : gib(weights.bytes);
  return check('weights', host, 'warn', {
    detail,
    hint: `Download them first: POST /api/models/${key}/download. The start would do so itself, which may take very long.`,
    measured,
  });
}

export function portCheck(scene: CheckScene, picture: HostPicture): PreflightCheck {
  const { host, facts } = picture;
  const { port } = scene.cluster;
  if (facts === null || picture.containers === null) return unknownCheck('port', picture);
  if (facts.portOwner === null) return check('port', host, 'pass', { detail: `Port ${port} is free.` });
  const holder = presentOn(picture).find(isAlive);
  if (holder === undefined) {
    const hint = `Stop it, or give the cluster another port. To see it: ss -ltnp 'sport = :${port}'`;
    return check('port', host, 'fail', {
      detail: `Port ${port} is taken by ${facts.portOwner}, which is no container of this cluster.`,
      hint,
      measured: facts.portOwner,
    });
  }
  const willGo = holder.identity !== null || scene.replaceUnmanaged;
  const fate = willGo ? 'which will be stopped first' : 'which Spark Control did not start';
  return check('port', host, willGo ? 'pass' : 'fail', {
    detail: `Port ${port} is held by container ${holder.name}, ${fate}.`,
    measured: facts.portOwner,
  });
}

export function diskCheck(scene: CheckScene, picture: HostPicture): PreflightCheck {
  const { host, facts } = picture;
  const free = facts?.diskFreeBytes ?? null;
  if (facts === null || free === null) return unknownCheck('disk', picture);
  const missing = facts.weights === null || facts.weights?.complete === false;
  const toDownload = missing ? Math.max(0, (scene.plan?.weightsBytes ?? 0) - (facts.weights?.bytes ?? 0)) : 0;
  const wanted = toDownload + LITTLE_DISK_BYTES;
  if (free >= wanted) return check('disk', host, 'pass', { detail: `Enough disk space on ${host.name}.`, measured: `${gib(free)} free` });
  const what = toDownload > 0 ? `the weights still need ${gib(toDownload)}, and ` : '';
  return check('disk', host, 'warn', {
    detail: `Little disk space on ${host.name}: ${what}${gib(LITTLE_DISK_BYTES)} should stay free.`,
    hint: 'Delete models or images that are not needed any more (docker image prune, hf cache rm).',
    measured: `${gib(free)} free`,
  });
}

/** Also a *stopped* container counts when it has the cluster's container name: it blocks the name, and it is not ours to remove. */
export function unmanagedCheck(scene: CheckScene, picture: HostPicture): PreflightCheck {
  const { host } = picture;
  if (picture.containers === null) return unknownCheck('unmanaged', picture);
  const foreign = picture.containers.find(
    (container) =>
      container.identity === null && !container.parked && (container.state !== 'absent' || container.name === scene.cluster.container),
  );
  if (foreign === undefined)
    return check('unmanaged', host, 'pass', { detail: `Nothing in the way on ${host.name} that Spark Control did not start.` });
  const what = `Container ${foreign.name} (image ${foreign.image}) on ${host.name} was not started by Spark Control`;
  if (scene.replaceUnmanaged) {
    const keeps = foreign.restorable
      ? 'it will be stopped, renamed, and brought back if the new model fails'
      : 'it will be stopped, and cannot be brought back (started with --rm)';
    return check('unmanaged', host, foreign.restorable ? 'pass' : 'warn', { detail: `${what}; ${keeps}.`, measured: foreign.state });
  }
  const hint = 'Ask again with replace_unmanaged: true, or stop it yourself.';
  return check('unmanaged', host, 'fail', { detail: `${what} and is in the way.`, hint, measured: foreign.state });
}
