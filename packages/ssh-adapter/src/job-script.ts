import { type Claim, type ClusterKey, shellQuote } from '@spark-control/core';
import { assertWord, checkClaim, EXIT, fenceLine } from './guarded-script.ts';

/** Where a job's folder is, and what lets its work begin. */
export type JobPlace = Readonly<{
  /** sh commands that set `spark_dir`; the job is in its folder `jobs`. */
  base: string;
  name: string;
  /** Files that stay beside the job's state. */
  marks: Readonly<Record<string, string>>;
  /** sh commands that the runner runs before the work begins. They leave through `spark_finish`, and may hold descriptor 9. */
  guard: string;
}>;

export const jobName = (claim: Claim): string => `${assertWord(claim.swap, 'swap id')}-${claim.fence}`;

const clusterFolder = (cluster: ClusterKey): string => `spark_dir="$HOME/.spark-control/${assertWord(cluster, 'cluster key')}"`;

/** A job under a claim: it holds the cluster's lock while the work runs, so no other claim can come in between. */
export const claimedJob = (claim: Claim): JobPlace => ({
  base: clusterFolder(claim.cluster),
  name: jobName(claim),
  marks: { claim: `${fenceLine(claim)}\n` },
  guard: `exec 9>>"$spark_dir/lock"
flock -w 60 9 || spark_finish ${EXIT.busy}
( ${checkClaim(claim).replaceAll('\n', '\n  ')} ) || spark_finish ${EXIT.fencedOff}`,
});

/** A job that disturbs no model server, so that no claim has to stand behind it. */
export const unclaimedJob = (name: string): JobPlace => ({
  base: 'spark_dir="$HOME/.spark-control"',
  name: assertWord(name, 'job name'),
  marks: {},
  guard: ':',
});

/** Sets `spark_job`. To be used where `spark_dir` is set. */
const jobFolder = (place: JobPlace): string => `spark_job="$spark_dir/jobs/${place.name}"`;

const MAX_OUTPUT_BYTES = 1024 * 1024;
const KEPT_DAYS = 7;

export type JobContent = Readonly<{
  /** For sh; its folder is in `$spark_job`. */
  script: string;
  /** Further files in the job's folder, by name. Like the script they may hold secrets, and go when the job is over. */
  files: Readonly<Record<string, string>>;
  /** What the script finds on its standard input; the file that brings it there is gone before the script begins. Default: nothing. */
  stdinSecrets?: string;
  /** The job is ended after this time, with TERM and five seconds later with KILL: nobody may be left to cancel it, and it may hold a lock. */
  limitSeconds: number;
}>;

/** Leaves when the job was begun: its runner may hold the cluster's lock then, so nobody who waits for that would ever find out. */
export const leaveIfBegun = (place: JobPlace): string => `${jobFolder(place)}
[ ! -e "$spark_job/started" ] || exit 0`;

/**
 * Begins the job unless it was begun, to be run where `spark_dir` is set and, for a claimed job, under the claim. The lock on
 * `run.lock` (descriptor 8) is handed from this shell to the runner without a gap, so whoever can take it knows that no runner
 * lives; `started` is made by the runner alone, the moment before the work begins, so without it nothing was done and beginning
 * again is safe.
 */
export function startJobScript(place: JobPlace, job: JobContent): string {
  const own = { script: job.script, stdin: job.stdinSecrets ?? '', runner: runnerScript(place, job) };
  const files = { ...job.files, ...own, ...place.marks };
  const writes = Object.entries(files).map(
    ([name, text]) => `printf '%s' ${shellQuote(text)} >"$spark_job/${assertWord(name, 'file name')}" || exit ${EXIT.unwritable}`,
  );
  return `${jobFolder(place)}
command -v setsid >/dev/null && command -v mkfifo >/dev/null || exit ${EXIT.noRunner}
find "$spark_dir/jobs" -mindepth 1 -maxdepth 1 -type d ! -name jobs -mtime +${KEPT_DAYS} -exec rm -rf {} + 2>/dev/null
mkdir -p "$spark_job" || exit ${EXIT.unwritable}
exec 8>>"$spark_job/run.lock"
flock -n 8 || exit 0
[ ! -e "$spark_job/started" ] || exit 0
rm -f "$spark_job/exit" "$spark_job/pid"
${writes.join('\n')}
setsid sh "$spark_job/runner" "$spark_dir" "$spark_job" </dev/null >/dev/null 2>&1 9>&- &`;
}

/**
 * What runs detached. The work itself holds no lock, since something it leaves behind must not block everybody. Output goes through a pipe that is given up a
 * second after the work ended: a left-over background process (ssh's ControlPersist) would keep it open for ever.
 */
function runnerScript(place: JobPlace, job: JobContent): string {
  const secrets = [...Object.keys(job.files), 'script', 'stdin'].map((name) => `"$spark_job/${name}"`).join(' ');
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
${place.guard}
: >"$spark_job/started" && sync "$spark_job/started" || spark_finish ${EXIT.unwritable}
rm -f "$spark_job/pipe"
mkfifo "$spark_job/pipe"
spark_copy <"$spark_job/pipe" >"$spark_job/out" 8>&- 9>&- &
spark_copier=$!
( sleep ${job.limitSeconds}; trap '' TERM; kill -TERM 0; sleep 5; kill -KILL 0 ) 8>&- 9>&- &
( exec <"$spark_job/stdin"; rm -f "$spark_job/stdin"; umask 022; exec sh "$spark_job/script" ) >"$spark_job/pipe" 2>&1 8>&- 9>&-
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
export function pollJobScript(place: JobPlace, offset: number, maxBytes: number): string {
  return `${place.base}
${jobFolder(place)}
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
[ "$spark_state" != lost ] || ${forgetSecrets('$spark_job')}
spark_code=-
[ "$spark_state" != ended ] || read -r spark_code <"$spark_job/exit"
printf '\\036state\\n%s %s %s\\n' "$spark_state" "$spark_code" "$spark_size"
printf '\\036out\\n'
# Not more than the size told above, though the file may have grown since: the next call begins there.
spark_take=$((spark_size - ${offset}))
[ "$spark_take" -le ${maxBytes} ] || spark_take=${maxBytes}
[ "$spark_take" -le 0 ] || tail -c +${offset + 1} "$spark_job/out" | head -c "$spark_take"`;
}

/** A runner that was killed could not clear its files away. Nobody begins its job again, so nobody needs them. */
const forgetSecrets = (folder: string): string =>
  `find "${folder}" -mindepth 1 -maxdepth 1 ! -name run.lock ! -name started ! -name out ! -name pid ! -name claim -exec rm -rf {} +`;

/** Ends the runner of the job in `$spark_old`, and all it began. Sets `spark_cancelled` when there was one. */
const END_RUNNER = `spark_n=0
# As long as the lock is held the runner lives, and the number is still its own.
while ! ( flock -n 8 ) 8>>"$spark_old/run.lock"; do
  spark_cancelled=1
  read -r spark_pid <"$spark_old/pid"
  [ "$spark_n" -ne 0 ] || kill -s TERM -- "-$spark_pid" 2>/dev/null
  [ "$spark_n" -ne 50 ] || kill -s KILL -- "-$spark_pid" 2>/dev/null
  [ "$spark_n" -lt 60 ] || break
  spark_n=$((spark_n + 1))
  sleep 0.1
done`;

/** Ends one job. Sets `spark_cancelled`; prints `alive` when even KILL did not end it. */
export const cancelJobScript = (place: JobPlace): string => `${place.base}
${jobFolder(place)}
spark_old=$spark_job
spark_cancelled=
[ -d "$spark_old" ] && [ ! -e "$spark_old/exit" ] || exit 0
spark_n=0
# A runner that was begun a moment ago has not written its number yet.
while [ ! -s "$spark_old/pid" ]; do
  [ "$spark_n" -lt 20 ] && ! ( flock -n 8 ) 8>>"$spark_old/run.lock" || exit 0
  spark_n=$((spark_n + 1))
  sleep 0.1
done
${END_RUNNER}
[ "$spark_n" -lt 60 ] || { printf 'alive\\n'; exit 0; }
[ -e "$spark_old/exit" ] || [ ! -e "$spark_old/started" ] || ${forgetSecrets('$spark_old')}`;

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
  ${END_RUNNER.replaceAll('\n', '\n  ')}
done`;
}
