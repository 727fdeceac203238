import { type Claim, type ClusterKey, shellQuote } from '@spark-control/core';
import { assertWord, checkClaim, EXIT, fenceLine } from './guarded-script.ts';

export const jobName = (claim: Claim): string => `${assertWord(claim.swap, 'swap id')}-${claim.fence}`;

/** Sets `spark_job`. To be used where `spark_dir` is set. */
export const jobFolder = (claim: Claim): string => `spark_job="$spark_dir/jobs/${jobName(claim)}"`;

const MAX_OUTPUT_BYTES = 1024 * 1024;
const KEPT_DAYS = 7;

export type JobContent = Readonly<{
  /** For sh; its folder is in `$spark_job`. */
  script: string;
  /** Further files in the job's folder, by name. Like the script they may hold secrets, and go when the job is over. */
  files: Readonly<Record<string, string>>;
  /** The job is ended after this time: it holds the lock, and nobody may be left to cancel it. */
  limitSeconds: number;
}>;

/** Leaves when the job was begun: its runner holds the cluster's lock then, so nobody who waits for that would ever find out. */
export const leaveIfBegun = (claim: Claim): string => `${jobFolder(claim)}
[ ! -e "$spark_job/started" ] || exit 0`;

/**
 * Begins the job unless it was begun, to be run under the claim. The lock on `run.lock` (descriptor 8) is handed from this
 * shell to the runner without a gap, so whoever can take it knows that no runner lives; `started` is made by the runner alone,
 * the moment before the work begins, so without it nothing was done and beginning again is safe.
 */
export function startJobScript(claim: Claim, job: JobContent): string {
  const files = { ...job.files, script: job.script, runner: runnerScript(claim, job), claim: `${fenceLine(claim)}\n` };
  const writes = Object.entries(files).map(
    ([name, text]) => `printf '%s' ${shellQuote(text)} >"$spark_job/${assertWord(name, 'file name')}" || exit ${EXIT.unwritable}`,
  );
  return `${jobFolder(claim)}
command -v setsid >/dev/null && command -v mkfifo >/dev/null || exit ${EXIT.noRunner}
find "$spark_dir/jobs" -mindepth 1 -maxdepth 1 -type d -mtime +${KEPT_DAYS} -exec rm -rf {} + 2>/dev/null
mkdir -p "$spark_job" || exit ${EXIT.unwritable}
exec 8>>"$spark_job/run.lock"
flock -n 8 || exit 0
[ ! -e "$spark_job/started" ] || exit 0
rm -f "$spark_job/exit"
${writes.join('\n')}
setsid sh "$spark_job/runner" "$spark_dir" "$spark_job" </dev/null >/dev/null 2>&1 9>&- &`;
}

/**
 * What runs detached. It holds the cluster's lock while the work runs, so no other claim can come in between; the work itself
 * holds neither lock, since something it leaves behind must not block everybody. Output goes through a pipe that is given up a
 * second after the work ended: a left-over background process (ssh's ControlPersist) would keep it open for ever.
 */
function runnerScript(claim: Claim, job: JobContent): string {
  const secrets = [...Object.keys(job.files), 'script'].map((name) => `"$spark_job/${name}"`).join(' ');
  return `umask 077
spark_dir=$1
spark_job=$2
export spark_job
printf '%s\\n' "$$" >"$spark_job/pid"
spark_finish() {
  trap '' TERM
  rm -f ${secrets} "$spark_job/pipe"
  printf '%s\\n' "$1" >"$spark_job/exit.new" && sync "$spark_job/exit.new"
  mv -f "$spark_job/exit.new" "$spark_job/exit"
  kill -TERM 0
  exit 0
}
spark_copy() {
  spark_size=0
  while IFS= read -r spark_line || [ -n "$spark_line" ]; do
    spark_size=$((spark_size + \${#spark_line} + 1))
    [ "$spark_size" -gt ${MAX_OUTPUT_BYTES} ] || printf '%s\\n' "$spark_line"
    spark_line=
  done
}
trap 'spark_finish 143' TERM
exec 9>>"$spark_dir/lock"
flock -w 60 9 || spark_finish ${EXIT.busy}
( ${checkClaim(claim).replaceAll('\n', '\n  ')} ) || spark_finish ${EXIT.fencedOff}
: >"$spark_job/started" && sync "$spark_job/started" || spark_finish ${EXIT.unwritable}
rm -f "$spark_job/pipe"
mkfifo "$spark_job/pipe"
spark_copy <"$spark_job/pipe" >"$spark_job/out" 8>&- 9>&- &
spark_copier=$!
( sleep ${job.limitSeconds}; kill -TERM 0 ) 8>&- 9>&- &
( umask 022; exec sh "$spark_job/script" ) >"$spark_job/pipe" 2>&1 8>&- 9>&-
spark_code=$?
spark_n=0
while kill -0 "$spark_copier" 2>/dev/null && [ "$spark_n" -lt 20 ]; do
  sleep 0.05
  spark_n=$((spark_n + 1))
done
spark_finish "$spark_code"
`;
}

/** Waits up to two seconds on the host for something new: the state and the size of the output, then the output from `offset` on. */
export function pollJobScript(claim: Claim, offset: number, maxBytes: number): string {
  return `spark_dir="$HOME/.spark-control/${assertWord(claim.cluster, 'cluster key')}"
${jobFolder(claim)}
spark_n=0
while :; do
  if [ -e "$spark_job/exit" ]; then spark_state=ended
  elif [ ! -d "$spark_job" ]; then spark_state=missing
  elif ( flock -n 8 ) 8>>"$spark_job/run.lock"; then
    if [ -e "$spark_job/exit" ]; then spark_state=ended
    elif [ -e "$spark_job/started" ]; then spark_state=lost
    else spark_state=missing; fi
  else spark_state=running; fi
  spark_size=0
  [ ! -e "$spark_job/out" ] || spark_size=$(($(wc -c <"$spark_job/out")))
  [ "$spark_state" = running ] && [ "$spark_size" -le ${offset} ] && [ "$spark_n" -lt 20 ] || break
  spark_n=$((spark_n + 1))
  sleep 0.1
done
spark_code=-
[ "$spark_state" != ended ] || read -r spark_code <"$spark_job/exit"
printf '\\036state\\n%s %s %s\\n' "$spark_state" "$spark_code" "$spark_size"
printf '\\036out\\n'
# Not more than the size told above, though the file may have grown since: the next call begins there.
spark_take=$((spark_size - ${offset}))
[ "$spark_take" -le ${maxBytes} ] || spark_take=${maxBytes}
[ "$spark_take" -le 0 ] || tail -c +${offset + 1} "$spark_job/out" | head -c "$spark_take"`;
}

/**
 * Ends jobs of this control plane (`null`: of any) up to `fence`, without the lock, which the job itself may hold. Never one of a newer claim: so a
 * restored copy of this control plane, which bears the same id, cannot end what the living one began. Sets `spark_cancelled`.
 */
export function cancelJobsScript(cluster: ClusterKey, controller: string | null, fence: number): string {
  const isTheirs = controller === null ? '' : `[ "$spark_c" = ${assertWord(controller, 'controller id')} ] && `;
  return `spark_cancelled=
for spark_old in "$HOME/.spark-control/${assertWord(cluster, 'cluster key')}/jobs/"*; do
  [ -e "$spark_old/claim" ] && [ -s "$spark_old/pid" ] && [ ! -e "$spark_old/exit" ] || continue
  read -r spark_f spark_c spark_s <"$spark_old/claim"
  ${isTheirs}[ "$spark_f" -le ${fence} ] || continue
  spark_n=0
  # As long as the lock is held the runner lives, and the number is still its own.
  while ! ( flock -n 8 ) 8>>"$spark_old/run.lock"; do
    spark_cancelled=1
    read -r spark_pid <"$spark_old/pid"
    [ "$spark_n" -ne 0 ] || kill -s TERM -- "-$spark_pid" 2>/dev/null
    [ "$spark_n" -ne 50 ] || kill -s KILL -- "-$spark_pid" 2>/dev/null
    [ "$spark_n" -lt 60 ] || break
    spark_n=$((spark_n + 1))
    sleep 0.1
  done
done`;
}
