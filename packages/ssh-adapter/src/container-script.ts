import { shellQuote } from '@spark-control/core';

/** Time for vLLM to end by itself: killed at once it can leave driver memory behind. */
const GRACE_SECONDS = 15;
const KEPT_LOGS = 10;
const KEPT_LINES = 200_000;

/**
 * sh functions for ending containers; they use `spark_dir`. Each Docker call has a limit of its own, since a script that hangs
 * holds the cluster's lock. Outcomes are not taken from exit codes (`docker rm` of a container that removes itself fails): the
 * caller looks afterwards.
 *
 * - `spark_servers ID`: host pid and inner pid of each `vllm serve` in the container. A shell that was given it as text is none.
 * - `spark_save_logs ID NAME`: `docker logs` into the logs folder, the newest ten files stay.
 * - `spark_end_servers ID`: TERM to the servers inside, and waits for them.
 * - `spark_remove ID NAME`: logs saved, servers ended, container gone.
 */
export const CONTAINER_FUNCTIONS = `spark_servers() {
  ps -eo pid=,args= 2>/dev/null | while read -r spark_p spark_a; do
    spark_w=\${spark_a%% *}
    case \${spark_w##*/} in sh|bash|dash|ash) continue ;; esac
    case $spark_a in *"vllm serve"*|*vllm.entrypoints.*) ;; *) continue ;; esac
    grep -aq "$1" "/proc/$spark_p/cgroup" 2>/dev/null || continue
    printf '%s %s\\n' "$spark_p" "$(sed -n 's/^NSpid:.*[[:space:]]//p' "/proc/$spark_p/status" 2>/dev/null)"
  done
}
spark_save_logs() {
  mkdir -p "$spark_dir/logs"
  timeout 60 docker logs --tail ${KEPT_LINES} "$1" >"$spark_dir/logs/$2-$(date -u +%Y%m%dT%H%M%SZ).log" 2>&1 </dev/null
  ls -1t "$spark_dir/logs" | tail -n +${KEPT_LOGS + 1} | while IFS= read -r spark_old; do rm -f "$spark_dir/logs/$spark_old"; done
}
spark_end_servers() {
  spark_inner=$(spark_servers "$1" | while read -r spark_p spark_i; do printf '%s ' "$spark_i"; done)
  [ -n "$spark_inner" ] || return 0
  timeout 10 docker exec "$1" sh -c 'kill -TERM "$@"' sh $spark_inner >/dev/null 2>&1 </dev/null
  spark_n=0
  while [ -n "$(spark_servers "$1")" ]; do
    [ "$spark_n" -lt ${GRACE_SECONDS * 5} ] || { timeout 10 docker exec "$1" sh -c 'kill -KILL "$@"' sh $spark_inner >/dev/null 2>&1 </dev/null; break; }
    sleep 0.2
    spark_n=$((spark_n + 1))
  done
}
spark_stop() {
  spark_first=$(timeout 10 docker inspect --format '{{.State.Pid}}' "$1" 2>/dev/null </dev/null)
  case $(cat "/proc/\${spark_first:-0}/comm" 2>/dev/null) in
    # These ignore TERM as process 1: waiting for them would take Docker's whole grace time.
    sleep|tail|earlyoom) spark_end_servers "$1" ;;
    '') ;;
    *) timeout 60 docker stop -t ${GRACE_SECONDS} "$1" >/dev/null 2>&1 </dev/null ;;
  esac
}
spark_remove() {
  spark_save_logs "$1" "$2"
  spark_stop "$1"
  timeout 60 docker rm -f "$1" >/dev/null 2>&1 </dev/null
}`;

/** A call of one of the functions. */
export const call = (name: string, ...words: readonly string[]): string => [name, ...words.map((word) => shellQuote(word))].join(' ');
