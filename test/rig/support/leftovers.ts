import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';

/** Removes folders and cgroups of rigs whose test process is gone. Its processes and mounts went with it. */
export function discardLeftovers(base: string): void {
  for (const entry of readdirSync(base)) {
    const [, id, pid] = entry.match(/^rig-((\d+)-\d+)$/) ?? [];
    if (id === undefined || existsSync(`/proc/${pid}`)) continue;
    discardCgroups(id);
    rmSync(join(base, entry), { recursive: true, force: true });
  }
}

/** Docker leaves the cgroups of containers behind whose daemon was ended with them. */
export function discardCgroups(rigId: string): void {
  const prefix = `spark-rig-${rigId}-`;
  const roots = [CGROUPS, ...subfolders(CGROUPS)];
  for (const root of roots) {
    for (const folder of subfolders(root)) {
      if (folder.slice(root.length + 1).startsWith(prefix)) removeTree(folder);
    }
  }
}

function subfolders(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  } catch {
    return [];
  }
}

/** A cgroup's files cannot be removed, only its folders, deepest first. */
function removeTree(path: string): void {
  for (const folder of subfolders(path)) removeTree(folder);
  try {
    rmdirSync(path);
  } catch {
    // Something still ends in there; the next rig tries again.
  }
}
