import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = [
  ['dockerd', 'docker.io'],
  ['docker', 'docker.io'],
  ['sshd', 'openssh-server'],
  ['ssh', 'openssh-client'],
  ['ip', 'iproute2'],
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['bash-static', 'bash-static'],
  ['busybox', 'busybox-static'],
] as const;

/** Full path of a program; the system folders count too, which a user's PATH leaves out. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  return null;
}

/** What this machine lacks to run the rig, as sentences; empty when it can. */
export function missingRequirements(): readonly string[] {
  const missing: string[] = [];
  if (process.platform !== 'linux') missing.push('the rig needs Linux');
  else if (process.getuid?.() !== 0) missing.push('the rig needs root (network and mount namespaces)');
  for (const [program, debianPackage] of PROGRAMS) {
    if (findProgram(program) === null) missing.push(`${program} is missing (Debian package ${debianPackage})`);
  }
  if (process.platform === 'linux' && !existsSync('/sys/fs/cgroup')) missing.push('no cgroup file system at /sys/fs/cgroup');
  return missing;
}
