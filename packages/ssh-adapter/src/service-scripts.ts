import { section } from './script-text.ts';

/**
 * Go template for `docker container inspect --format`. Without the environment: it holds secrets. The state as a whole, because a
 * template that names its health fails where there is none.
 */
const FACTS_FORMAT =
  '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Config.Image}},"image_id":{{json .Image}},"state":{{json .State}},' +
  '"restarts":{{json .RestartCount}},"memory":{{json .HostConfig.Memory}},"policy":{{json .HostConfig.RestartPolicy.Name}}}';

/**
 * Leaves with `outcome missing` or `outcome refused` unless docker knows the container; sets `spark_id`. Docker also takes the beginning
 * of an id for a name, and then speaks of another container.
 */
export const findContainer = (word: string): string => `spark_name=${word}
spark_said=$(timeout 15 docker container inspect --format '{{.Id}} {{.Name}}' "$spark_name" 2>&1 </dev/null) || {
  case $spark_said in *[Nn]o\\ such\\ container*) printf 'outcome missing\\n' ;; *) printf 'outcome refused\\n' ;; esac
  exit 0
}
[ "\${spark_said#* /}" = "$spark_name" ] || { printf 'outcome missing\\n'; exit 0; }
spark_id=\${spark_said%% *}`;

/** What the kernel counts is there at once; `docker stats` takes two seconds to say it. */
export const factsScript = (word: string): string => `${findContainer(word)}
${section('inspect')}
timeout 15 docker container inspect --format '${FACTS_FORMAT}' "$spark_id" 2>/dev/null </dev/null
${section('total')}
grep '^MemTotal' /proc/meminfo
${section('used')}
spark_pid=$(timeout 15 docker container inspect --format '{{.State.Pid}}' "$spark_id" 2>/dev/null </dev/null)
if [ "\${spark_pid:-0}" -gt 0 ] 2>/dev/null; then
  spark_group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$spark_pid/cgroup" 2>/dev/null)
  if [ -r "$spark_group/memory.current" ]; then
    printf 'kernel %s %s\\n' "$(cat "$spark_group/memory.current")" "$(sed -n 's/^inactive_file //p' "$spark_group/memory.stat")"
  else
    printf 'docker %s\\n' "$(timeout 15 docker stats --no-stream --format '{{.MemUsage}}' "$spark_id" 2>/dev/null </dev/null)"
  fi
fi
${section('end')}`;

const LOG_BYTES = 1024 * 1024;

/** The end of a log is what matters, so it is cut on the host. */
export const logsScript = (word: string, lines: number): string => `${findContainer(word)}
${section('lines')}
timeout 30 docker logs --tail ${Math.trunc(lines)} "$spark_id" 2>&1 </dev/null | tail -c ${LOG_BYTES}`;

/** Docker says what it did in the language of its user; only the exit codes and one old phrase are relied on. */
export const restartScript = (word: string): string => `${findContainer(word)}
timeout 150 docker restart "$spark_name" >/dev/null 2>&1 </dev/null || { printf 'outcome refused\\n'; exit 0; }
sleep 1
case $(timeout 10 docker inspect --format '{{.State.Running}}' "$spark_name" 2>/dev/null </dev/null) in
  true) printf 'outcome running\\n' ;;
  *) printf 'outcome stopped\\n' ;;
esac`;

const update = (options: string): string => `timeout 30 docker update ${options} "$spark_id" >/dev/null 2>&1 </dev/null`;

/**
 * Both limits at once, since docker refuses a memory limit above the one that counts swap in. `null`: docker takes no cap away from a
 * container that lives (0 means "as it was"), so it gets all the memory there is, which facts show as none; and only after that all swap,
 * because with "-1" at once older kernels set the two in the wrong order.
 */
export function limitScript(word: string, bytes: number | null): string {
  const change =
    bytes === null
      ? `${update('--memory "$spark_total" --memory-swap "$((spark_total * 2))"')} && { ${update('--memory-swap -1')} || :; }`
      : update(`--memory ${Math.trunc(bytes)} --memory-swap ${Math.trunc(bytes)}`);
  return `${findContainer(word)}
spark_total=$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
${change} || { printf 'outcome refused\\n'; exit 0; }
printf 'limit %s of %s\\n' "$(timeout 15 docker container inspect --format '{{.HostConfig.Memory}}' "$spark_id" 2>/dev/null </dev/null)" "$spark_total"`;
}
