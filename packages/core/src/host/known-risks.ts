import type { PackageChange, UpdateSurvey } from '../ports/host-maintenance.ts';
import type { PackageSection } from './package-section.ts';
import { driverVersion, kernelRelease, majorOf, releaseOfVersion } from './package-versions.ts';

export const RISKS = ['none', 'caution', 'danger'] as const;
export type Risk = (typeof RISKS)[number];
export type Judgement = Readonly<{ risk: Risk; note: string | null }>;

const NO_RISK: Judgement = { risk: 'none', note: null };

/** Kernels that models were served with for weeks, on GB10. */
const GOOD_KERNELS: readonly string[] = ['6.17.0-1021', '6.17.0-1032'];

/** What is known to be bad, on GB10. A release or a branch that is not in here has not been reported on. */
const BAD_KERNELS: Readonly<Record<string, string>> = {
  '7.0.0-1019':
    'Kernel 7.0.0-1019-nvidia breaks NCCL over RoCE (ibv_reg_mr fails with ENOMEM) and lets models end with NV_ERR_NO_MEMORY. ' +
    'Stay on 6.17.0-1032 or 6.17.0-1021: hold the kernel packages with apt-mark hold.',
};
const DRIVER_BRANCH = 580;
const BAD_BRANCHES: Readonly<Record<number, string>> = {
  590: 'Driver 590 deadlocks on GB10 while vLLM captures CUDA graphs. Stay on 580: hold its packages with apt-mark hold.',
};

/** Their upgrade restarts the daemon; without live-restore, which is off by default, that ends every container. */
const DAEMONS = /^(?:docker-ce|docker\.io|containerd(?:\.io)?|moby-engine)$/;

/** How risky one line of an update is, and why. */
export function judge(change: PackageChange, section: PackageSection, survey: Pick<UpdateSurvey, 'kernel'>): Judgement {
  if (change.action === 'remove') return judgeRemoval(change, section, survey.kernel);
  switch (section) {
    case 'kernel':
      return judgeKernel(change, survey.kernel);
    case 'nvidia':
      return judgeDriver(change);
    case 'docker':
      return judgeDocker(change);
    case 'firmware':
    case 'other':
      return NO_RISK;
    default:
      return section satisfies never;
  }
}

/** Nobody can take a firmware back, and a power cut in the middle may leave the device dead. */
export const FIRMWARE_RISK: Judgement = {
  risk: 'caution',
  note: 'Firmware cannot be taken back. Keep the power on until the host is up again.',
};

function judgeRemoval({ name }: PackageChange, section: PackageSection, kernel: string | null): Judgement {
  const danger = (note: string): Judgement => ({ risk: 'danger', note });
  switch (section) {
    case 'nvidia':
      return danger(`${name} would be removed: without its driver packages the GPU does not work.`);
    case 'docker':
      return danger(`${name} would be removed: without Docker nothing is served from this host.`);
    case 'kernel':
      if (kernel !== null && name.includes(kernel)) return danger(`${name} is part of the kernel that runs now, and would be removed.`);
      return { risk: 'caution', note: `${name} would be removed.` };
    case 'firmware':
    case 'other':
      return { risk: 'caution', note: `${name} would be removed.` };
    default:
      return section satisfies never;
  }
}

function judgeKernel(change: PackageChange, running: string | null): Judgement {
  const release = kernelRelease(change);
  if (release === null) return NO_RISK;
  const bad = BAD_KERNELS[release];
  if (bad !== undefined) return { risk: 'danger', note: bad };
  if (GOOD_KERNELS.includes(release)) return { risk: 'none', note: `Kernel ${release} is known to work.` };
  const [from, to] = [majorOf(releaseOfVersion(change.from) ?? running), majorOf(release)];
  if (from !== null && to !== null && to > from) {
    const note =
      `${change.name} goes from kernel ${from}.x to ${release}: the metapackage linux-nvidia-hwe follows 7.x now, and the first of those (7.0.0-1019) is known to be bad. ` +
      `To stay on ${from}.x: sudo apt-mark hold linux-nvidia-hwe-24.04.`;
    return { risk: 'caution', note };
  }
  return { risk: 'caution', note: `Kernel ${release} has not been reported on yet; ${GOOD_KERNELS.join(' and ')} are known to work.` };
}

function judgeDriver(change: PackageChange): Judgement {
  const version = driverVersion(change.to);
  const branch = majorOf(version);
  if (version === null || branch === null || branch === DRIVER_BRANCH) return NO_RISK;
  const bad = BAD_BRANCHES[branch];
  if (bad !== undefined) return { risk: 'danger', note: bad };
  const note = `Driver ${version} is of another branch than ${DRIVER_BRANCH}, the one that is known to work on GB10 (580.126.09 to 580.178.04).`;
  return { risk: 'caution', note };
}

function judgeDocker({ name, action }: PackageChange): Judgement {
  if (action !== 'upgrade' || !DAEMONS.test(name)) return NO_RISK;
  return { risk: 'caution', note: `Upgrading ${name} stops every container of this host, side services included.` };
}

export const worst = (risks: readonly Risk[]): Risk => RISKS.findLast((risk) => risks.includes(risk)) ?? 'none';
