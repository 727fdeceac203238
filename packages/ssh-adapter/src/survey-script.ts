import { section } from './script-text.ts';
import { systemSections } from './system-sections.ts';

/** Its own locks are left out, so that it neither needs root nor gets in the way of whoever holds them. */
const SIMULATE = 'apt-get -s -o Debug::NoLocking=1 dist-upgrade';
/**
 * Sizes are told only before the question whether to go on. Three things keep it from going on: the answer no, the order to download only, and a dpkg that
 * does nothing.
 */
const SIZES = 'apt-get --assume-no --download-only -o Dir::Bin::dpkg=/bin/false -o Debug::NoLocking=1 dist-upgrade';
const FIRMWARE = 'timeout 60 fwupdmgr get-updates --json';

/** Files whose lock a package tool holds while it works. */
const LOCKS = ['/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/lib/apt/lists/lock', '/var/cache/apt/archives/lock'];

/** Asks everything that an update depends on, and changes nothing. `root` is put before each path of the system, for tests. */
export const surveyScript = (root = ''): string => `${section('now')}
date +%s
${section('os')}
sed -n 's/^PRETTY_NAME=//p' ${root}/etc/os-release 2>/dev/null
grep '^DGX_' ${root}/etc/dgx-release 2>/dev/null
${systemSections(root)}
${section('lists')}
stat -c %Y ${root}/var/lib/apt/periodic/update-success-stamp 2>/dev/null || stat -c %Y ${root}/var/lib/apt/lists 2>/dev/null
${section('simulation')}
if command -v apt-get >/dev/null; then
  spark_said=$(timeout 120 ${SIMULATE} 2>&1 </dev/null)
  spark_code=$?
  printf '%s\\n' "$spark_said" | grep -E '^(Inst|Remv|Purg|E:) '
  printf 'code %s\\n' "$spark_code"
else
  printf 'missing\\n'
fi
${section('sizes')}
timeout 120 ${SIZES} 2>/dev/null </dev/null | grep -E '^(Need to get|After this operation)'
${section('held')}
apt-mark showhold 2>/dev/null </dev/null
${section('audit')}
timeout 60 dpkg --audit 2>/dev/null </dev/null
${section('firmware')}
if command -v fwupdmgr >/dev/null; then
  spark_said=$(${FIRMWARE} --no-unreported-check --no-metadata-check 2>/dev/null </dev/null)
  spark_code=$?
  # Versions differ in which of these options they know.
  [ "$spark_code" != 1 ] || { spark_said=$(${FIRMWARE} 2>/dev/null </dev/null); spark_code=$?; }
  printf 'code %s\\n%s\\n' "$spark_code" "$spark_said"
fi
${section('busy')}
${busyCommands(root)}
${section('free')}
for spark_path in / /boot /var; do
  [ ! -d "$spark_path" ] || printf '%s %s\\n' "$spark_path" "$(timeout 10 df -Pk "$spark_path" 2>/dev/null | tail -n 1)"
done
${section('end')}`;

/** The kernel tells everybody who holds a lock on which file; only root could try the lock itself, and would hold it for that moment. */
function busyCommands(root: string): string {
  return `for spark_file in ${LOCKS.map((path) => root + path).join(' ')}; do
  spark_inode=$(stat -c %i "$spark_file" 2>/dev/null) || continue
  while read -r spark_id spark_kind spark_mode spark_access spark_pid spark_device spark_rest; do
    case $spark_kind:$spark_device in POSIX:*:"$spark_inode") printf '%s %s\\n' "$spark_pid" "$(cat ${root}/proc/"$spark_pid"/comm 2>/dev/null)" ;; esac
  done <${root}/proc/locks
done 2>/dev/null`;
}

/** Whether the host is well, for before and after an update. */
export const conditionScript = (root = ''): string => `${section('boot')}
cat ${root}/proc/sys/kernel/random/boot_id
${systemSections(root)}
${section('gpu')}
if command -v nvidia-smi >/dev/null; then
  spark_said=$(timeout 30 nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null </dev/null) && [ -n "$spark_said" ] && printf 'yes\\n' || printf 'no\\n'
fi
${section('end')}`;
