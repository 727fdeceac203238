import type { LocalHost } from './local-shell.ts';

/** As apt 2.7 prints it on a Spark, shortened. */
export const SIMULATION = `NOTE: This is only a simulation!
Inst libnvidia-compute-580 [580.142-0ubuntu0.24.04.1] (580.178.04-0ubuntu0.24.04.1 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [arm64]) []
Inst linux-image-6.17.0-1032-nvidia (6.17.0-1032.32 DGX:24.04/noble [arm64])
Inst docker-ce [5:28.5.1-1~ubuntu.24.04~noble] (5:29.0.1-1~ubuntu.24.04~noble Docker CE:noble [arm64]) [docker-ce-rootless-extras:arm64 ]
Inst libc6:armhf [2.39-0ubuntu8.5] (2.39-0ubuntu8.6 Ubuntu:24.04/noble-updates [armhf])
Remv postfix [3.8.6-1build2]
Purg landscape-client [24.02-0ubuntu5]
Conf linux-image-6.17.0-1032-nvidia (6.17.0-1032.32 DGX:24.04/noble [arm64])`;

export const SIZES = `Need to get 1,216 MB/1.3 GB of archives.
After this operation, 384 MB of additional disk space will be used.`;

/** A host that looks like a Spark, with package tools that write down how they were called and behave as files in its folder say. */
export function sparkLike(host: LocalHost): LocalHost {
  host.write('simulation', SIMULATION);
  host.write('sizes', SIZES);
  host
    .file('etc/os-release', 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n')
    .file('etc/dgx-release', 'DGX_NAME="DGX Spark"\nDGX_SWBUILD_VERSION="7.2.3"\nDGX_OTA_VERSION="7.4.0"\n')
    .file('proc/driver/nvidia/version', 'NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.142  Release Build  (dvs-builder)\n')
    .file('proc/sys/kernel/random/boot_id', 'boot-1\n')
    .file('proc/locks', '')
    .file('var/lib/apt/periodic/update-success-stamp', '')
    .file('var/lib/dpkg/lock-frontend', '')
    .program('id', '[ "$1" = -u ] && printf "1000\\n"')
    .program('uname', 'printf "6.17.0-1021-nvidia\\n"')
    .program('docker', 'printf "28.5.1\\n"')
    .program('nvidia-smi', 'printf "NVIDIA GB10\\n"')
    .program('apt-mark', 'printf "linux-nvidia-hwe-24.04\\n"')
    .program('dpkg', 'cat "$SPARK_FOLDER/audit" 2>/dev/null')
    .program('dpkg-query', 'cat "$SPARK_FOLDER/packages" 2>/dev/null | case $4 in linux-*) grep " linux-" ;; *) grep nvidia ;; esac')
    .program(
      'apt-get',
      `case " $* " in
  *" --version "*) exit 0 ;;
  *" -s "*) cat "$SPARK_FOLDER/simulation"; exit "$(cat "$SPARK_FOLDER/simulation-code" 2>/dev/null || printf 0)" ;;
  *" --assume-no "*) cat "$SPARK_FOLDER/sizes"; exit 1 ;;
esac
printf '%s|%s|%s\\n' "$DEBIAN_FRONTEND" "$NEEDRESTART_MODE" "$*" >>"$SPARK_FOLDER/calls"
printf 'Setting up %s ...\\n' "\${#}"
while [ -e "$SPARK_FOLDER/gate" ]; do sleep 0.02; done
cat "$SPARK_FOLDER/apt-says" 2>/dev/null
exit "$(cat "$SPARK_FOLDER/apt-code" 2>/dev/null || printf 0)"`,
    )
    .program(
      'fwupdmgr',
      `printf '%s\\n' "fwupdmgr $*" >>"$SPARK_FOLDER/calls"
case $1 in get-updates) cat "$SPARK_FOLDER/firmware" 2>/dev/null ;; esac
exit "$(cat "$SPARK_FOLDER/fwupd-code" 2>/dev/null || printf 2)"`,
    )
    .program('systemctl', `[ "$1" = --version ] || printf 'systemctl %s\\n' "$*" >>"$SPARK_FOLDER/calls"`)
    .program(
      'sudo',
      `[ "$1" = -n ] || exit 9
shift
[ ! -e "$SPARK_FOLDER/no-root" ] || { printf 'sudo: a password is required\\n' >&2; exit 1; }
exec env "$@"`,
    );
  return host;
}
