import { shellQuote, UPDATE_ENV } from '@spark-control/core';
import { section } from './script-text.ts';

/** Environment of a root command, as words of sh. */
const ENV = Object.entries(UPDATE_ENV)
  .map(([name, value]) => shellQuote(`${name}=${value}`, name))
  .join(' ');

/** `spark_root COMMAND...`: runs it as root, never asking for a password. */
export const ROOT_FUNCTION = `spark_root() {
  if [ "$(id -u)" = 0 ]; then env ${ENV} "$@"; else sudo -n ${ENV} "$@"; fi
}`;

/**
 * Prints `yes` where {@link ROOT_FUNCTION} works for what an update needs. Each is tried with a command that does nothing: `sudo -l` says yes also where a
 * password is asked for, and `sudo true` says no where only these commands are allowed.
 */
const rootSection = `${section('root')}
if timeout 20 sh -c ${shellQuote(`${ROOT_FUNCTION}
spark_root apt-get --version && { ! command -v systemctl || spark_root systemctl --version; }`)} >/dev/null 2>&1 </dev/null; then printf 'yes\\n'; fi`;

/**
 * What a survey and a look at the condition share: kernel, loaded and installed driver, Docker, what asks for a reboot, root rights. `root` is put before
 * each path of the system, for tests.
 */
export const systemSections = (root: string): string => `${section('kernel')}
uname -r
${section('driver')}
head -n 1 ${root}/proc/driver/nvidia/version 2>/dev/null
${section('driver_packages')}
dpkg-query -W -f '\${db:Status-Abbrev} \${Package} \${Version}\\n' 'libnvidia-compute-*' 'nvidia-utils-*' 2>/dev/null | grep '^ii'
${section('kernel_packages')}
dpkg-query -W -f '\${db:Status-Abbrev} \${Package} \${Version}\\n' 'linux-image-*' 2>/dev/null | grep '^ii'
${section('docker')}
timeout 10 docker info --format '{{.ServerVersion}}' 2>/dev/null </dev/null
${section('reboot')}
if [ -e ${root}/var/run/reboot-required ]; then
  printf 'required\\n'
  sort -u ${root}/var/run/reboot-required.pkgs 2>/dev/null
fi
${rootSection}`;
