import { type Claim, shellJoin, shellQuote, type UpdateOrder, updateCommands } from '@spark-control/core';
import { assertWord, checkClaim, stateFolder, takeLock } from './guarded-script.ts';
import { ROOT_FUNCTION } from './system-sections.ts';
import { failedLine } from './update-failure.ts';

/** Longer than any update takes; a job that hangs must not hold the cluster's lock for ever. */
export const UPDATE_LIMIT_SECONDS = 6 * 3_600;
const LOCK_WAIT_SECONDS = 60;
const FAILED_EXIT = 60;

/**
 * The work of an update job. Under a claim it holds the cluster's lock on this host to its end, so that nobody else starts a model while the driver is being
 * replaced. It is not a job of that claim: those are ended when another control plane takes over, and dpkg must not be.
 *
 * apt-get is put in a scope of the system where that can be had: a logind that ends what a closed login leaves behind (KillUserProcesses) would otherwise
 * end it with the connection. The lock goes to none of the commands: a daemon that a package starts would keep it.
 */
export function updateJobScript({ job, claim, steps }: UpdateOrder): string {
  const commands = updateCommands(steps).map(({ step, argv, fine }, index) => {
    const unit = shellQuote(`--unit=spark-control-${assertWord(job, 'job name')}-${index}`);
    return `printf '%s\\n' ${shellQuote(`$ ${shellJoin(argv)}`)}
if [ -n "$spark_scope" ]; then
  spark_root systemd-run --quiet --scope --collect ${unit} -- ${shellJoin(argv)} </dev/null 9>&-
else
  spark_root ${shellJoin(argv)} </dev/null 9>&-
fi
spark_code=$?
case $spark_code in
  ${fine.join('|')}) ;;
  *) printf '%s %s\\n' ${shellQuote(failedLine(step))} "$spark_code"; exit ${FAILED_EXIT} ;;
esac`;
  });
  return `export LC_ALL=C
${claim === null ? ':' : holdCluster(claim)}
${ROOT_FUNCTION}
spark_scope=
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  ! spark_root systemd-run --quiet --scope --collect true >/dev/null 2>&1 </dev/null 9>&- || spark_scope=1
fi
${commands.join('\n')}`;
}

const holdCluster = (claim: Claim): string => `${stateFolder(claim.cluster)}
umask 022
${takeLock(LOCK_WAIT_SECONDS)}
${checkClaim(claim)}`;

/** Orders a reboot while the host still runs since `bootId`, and prints what became of it. To be run under the claim. */
export const rebootScript = (bootId: string, root: string): string => `spark_boot=$(cat ${root}/proc/sys/kernel/random/boot_id)
if [ "$spark_boot" != ${shellQuote(bootId)} ]; then
  printf 'outcome done\\n'
  exit 0
fi
sync
spark_sudo='sudo -n'
[ "$(id -u)" != 0 ] || spark_sudo=
# In a session of its own: the end of this connection, which the reboot brings, must not end the order.
if spark_said=$(setsid --wait $spark_sudo systemctl reboot 2>&1 </dev/null 9>&-); then
  printf 'outcome ordered\\n'
else
  printf 'outcome refused %s\\n' "$spark_said" | head -n 1
fi`;
