import type { DiskFacts, SystemFacts } from '@spark-control/core';

/** Files that every host has, or most: read in one go, told apart by the form of their lines. */
export const SYSTEM_FILES = '/proc/meminfo /proc/pressure/memory /etc/os-release /etc/dgx-release';

/** sh commands that print one line each, without starting a program: `read` is the shell's own. */
export const SYSTEM_LINES = `read -r spark_uptime spark_rest </proc/uptime && printf 'uptime %s\\n' "$spark_uptime"
read -r spark_load spark_rest </proc/loadavg && printf 'load %s\\n' "$spark_load"
read -r spark_kernel </proc/sys/kernel/osrelease && printf 'kernel %s\\n' "$spark_kernel"
read -r spark_cpus </sys/devices/system/cpu/online && printf 'cpus %s\\n' "$spark_cpus"`;

/**
 * sh commands that print the commit of a folder that is a git repository. Read from its files: git itself would refuse one of
 * another user, and costs a process.
 * @param directory a sh word.
 */
export const commitLine = (directory: string): string => `spark_git=${directory}/.git
if [ -r "$spark_git/HEAD" ] && read -r spark_head <"$spark_git/HEAD"; then
  case $spark_head in
    'ref: '*)
      spark_ref=\${spark_head#ref: }
      spark_head=
      if [ -r "$spark_git/$spark_ref" ]; then read -r spark_head <"$spark_git/$spark_ref"
      elif [ -r "$spark_git/packed-refs" ]; then spark_head=$(grep -F -m 1 -- " $spark_ref" "$spark_git/packed-refs")
      fi
      ;;
  esac
  printf 'commit %s\\n' "$spark_head"
fi`;

/** @param files what {@link SYSTEM_FILES} hold. @param lines what {@link SYSTEM_LINES} and {@link commitLine} printed. */
export function parseSystem(files: string, lines: string): SystemFacts & Readonly<{ uptimeSeconds: number | null }> {
  const value = (name: string): string | null => new RegExp(`^${name} (\\S.{0,199})$`, 'm').exec(lines)?.[1] ?? null;
  return {
    os: osName(files),
    kernel: value('kernel'),
    memoryPressurePercent: figure(/^some avg10=(\d{1,3}(?:\.\d{1,4})?) /m.exec(files)?.[1]),
    loadAverage: figure(value('load')),
    cpus: countOf(value('cpus')),
    launcherCommit: /^commit ([0-9a-f]{12})[0-9a-f]{28,52}\b/m.exec(lines)?.[1] ?? null,
    uptimeSeconds: figure(value('uptime')),
  };
}

/** A Spark calls itself Ubuntu in one file and DGX OS, with the version that people know, in the other. */
function osName(files: string): string | null {
  const entry = (name: string): string | null => new RegExp(`^${name}="?([^"\\n]{1,200})"?$`, 'm').exec(files)?.[1] ?? null;
  const dgx = entry('DGX_SWBUILD_VERSION') ?? entry('DGX_OTA_VERSION');
  const plain = entry('PRETTY_NAME');
  if (dgx === null) return plain;
  return plain === null ? `DGX OS ${dgx}` : `DGX OS ${dgx} (${plain})`;
}

function figure(text: string | null | undefined): number | null {
  const value = Number(text ?? Number.NaN);
  return text !== '' && Number.isFinite(value) ? value : null;
}

/** `0-19` or `0,2-3`. */
function countOf(ranges: string | null): number | null {
  if (ranges === null || !/^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*$/.test(ranges)) return null;
  return ranges.split(',').reduce((sum, range) => {
    const [first = '0', last = first] = range.split('-');
    return sum + Number(last) - Number(first) + 1;
  }, 0);
}

/**
 * An sh function, `spark_disks 'ROLE ROLE' FOLDER FOLDER`, that prints what `df` says of each folder behind its role: with one
 * process when it can read them all, else with one for each, so that one that cannot be read takes no other with it. A file system
 * of the network whose server is gone would keep `df` for ever, and whoever polls gives the whole host up after a few seconds.
 */
export const DISK_FUNCTION = `spark_disks() {
  spark_roles=$1
  shift
  if spark_df=$(timeout 1 df -Pk -- "$@" 2>/dev/null); then
    {
      read -r spark_line
      for spark_role in $spark_roles; do IFS= read -r spark_line && printf 'disk %s %s\\n' "$spark_role" "$spark_line"; done
    } <<SPARK_END
$spark_df
SPARK_END
  else
    for spark_role in $spark_roles; do
      spark_df=$(timeout 1 df -Pk -- "$1" 2>/dev/null) && printf 'disk %s %s\\n' "$spark_role" "\${spark_df#*
}"
      shift
    done
  fi
}`;

/** What `df -Pk` printed behind `disk ROLE`, without its headline. */
export function parseDisks(text: string): readonly DiskFacts[] {
  return text.split('\n').flatMap((line) => {
    const match = /^disk (root|boot|cache|docker) .*?\s(\d{1,16})\s+\d{1,16}\s+(\d{1,16})\s+(?:\d{1,3}%|-)\s+(\/.*)$/.exec(line);
    if (match === null) return [];
    const [, role, total, free, mount = ''] = match;
    return [{ role: role as DiskFacts['role'], mount, totalBytes: Number(total) * 1_024, freeBytes: Number(free) * 1_024 }];
  });
}
