import { envNameProblem, type NimOrder, SparkError, shellJoin, shellQuote } from '@spark-control/core';
import { folderWord } from './launcher-script.ts';
import { JOB_LABEL } from './nim-site.ts';
import { section } from './script-text.ts';

/** Where a NIM keeps what it downloads, and where it listens. */
const CONTAINER_CACHE = '/opt/nim/.cache';
const CONTAINER_PORT = 8_000;
const LOG_LINES = 40;

/** The name under which a container waits for whether its successor works. */
export const asideName = ({ container, job }: Pick<NimOrder, 'container' | 'job'>): string => `${container}.before-${job}`;

/**
 * Starts the container of a job unless that was done, with one of that name set aside; prints `outcome <word>`. The key and what else the
 * environment holds are words of this script, which goes over standard input: `-e NAME` makes the client take them from its own environment.
 */
export function runScript(order: NimOrder, key: string | null): string {
  const { container, port, image, shmGib, job } = order;
  const name = shellQuote(container);
  const aside = shellQuote(asideName(order));
  for (const variable of Object.keys(order.env)) assertVariable(variable);
  const env = { ...order.env, ...(key === null ? {} : { NGC_API_KEY: key }) };
  const exports = Object.entries(env).map(([variable, value]) => `export ${variable}=${shellQuote(value, `The variable ${variable}`)}`);
  const before = ['docker', 'run', '-d', '--name', container];
  const after = [
    ...[`--shm-size=${shmGib}g`, '--label', `${JOB_LABEL}=${job}`],
    ...Object.keys(env).flatMap((variable) => ['-e', variable]),
    ...['-p', `${port}:${CONTAINER_PORT}`],
  ];
  return `umask 022
${jobOf(name)}
[ "$spark_job" != ${shellQuote(job)} ] || { printf 'outcome there\\n'; exit 0; }
spark_gpus=
case $(timeout 10 docker info --format '{{json .Runtimes}}' 2>/dev/null </dev/null) in *nvidia*) spark_gpus=1 ;; esac
[ -z "$(command -v nvidia-container-runtime-hook nvidia-container-runtime 2>/dev/null)" ] || spark_gpus=1
spark_cache=${folderWord(order.cache)}
if [ ! -d "$spark_cache" ]; then mkdir -p "$spark_cache" && chmod a+rwx "$spark_cache"; elif [ -O "$spark_cache" ]; then chmod a+rwx "$spark_cache"; fi
[ -d "$spark_cache" ] && [ -w "$spark_cache" ] || { printf 'outcome no_cache\\n'; exit 0; }
${order.replace ? setAside(name, aside) : `[ -z "$spark_there" ] || { printf 'outcome taken\\n'; exit 0; }`}
spark_said=$( ${exports.join('\n')}
  exec timeout 120 ${shellJoin(before)} \${spark_gpus:+--gpus all} ${shellJoin(after)} -v "$spark_cache:${CONTAINER_CACHE}" ${shellQuote(image)} 2>&1 </dev/null )
spark_code=$?
if [ "$spark_code" -eq 0 ]; then printf 'outcome started %s\\n' "\${spark_gpus:-0}"; exit 0; fi
${removeOwn(name, job)}
${bringBack(name, aside)}
printf 'outcome refused\\n'
printf '\\036said\\n%s\\n' "$spark_said" | head -c 4096`;
}

/** Sets `spark_there`, and `spark_job` to the job that made the container. Docker also takes the beginning of an id for a name. */
const jobOf = (name: string): string => `spark_there=
spark_job=
spark_facts=$(timeout 10 docker container inspect --format ${shellQuote(`{{.Name}} {{index .Config.Labels "${JOB_LABEL}"}}`)} ${name} 2>/dev/null </dev/null)
case $spark_facts in /${name}' '*) spark_there=1; spark_job=\${spark_facts#* } ;; esac`;

/** Only if it is this job's: somebody else may have taken the name in the same moment. Sets `spark_removed`, or `spark_stuck`. */
const removeOwn = (name: string, job: string): string => `${jobOf(name)}
spark_removed=
spark_stuck=
if [ "$spark_job" = ${shellQuote(job)} ]; then
  timeout 60 docker stop -t 30 ${name} >/dev/null 2>&1 </dev/null
  timeout 60 docker rm -f ${name} >/dev/null 2>&1 </dev/null
  spark_removed=1
  ! timeout 10 docker container inspect ${name} >/dev/null 2>&1 </dev/null || spark_stuck=1
fi`;

/** A link that is lost in between leaves the old one aside: `settle` finds it there. */
const setAside = (name: string, aside: string): string => `if [ -n "$spark_there" ]; then
  timeout 120 docker stop -t 30 ${name} >/dev/null 2>&1 </dev/null
  timeout 30 docker rename ${name} ${aside} >/dev/null 2>&1 </dev/null || { timeout 60 docker start ${name} >/dev/null 2>&1 </dev/null; printf 'outcome not_aside\\n'; exit 0; }
fi`;

/** Sets `spark_back` when there was one to bring back. */
const bringBack = (name: string, aside: string): string => `spark_back=
if timeout 10 docker container inspect ${aside} >/dev/null 2>&1 </dev/null; then
  timeout 30 docker rename ${aside} ${name} >/dev/null 2>&1 </dev/null && timeout 60 docker start ${name} >/dev/null 2>&1 </dev/null && spark_back=1
fi`;

/** Looks at the container, and asks it whether it is loaded. */
export const readyScript = ({ container, port }: Pick<NimOrder, 'container' | 'port'>): string => {
  const name = shellQuote(container);
  const url = shellQuote(`http://127.0.0.1:${port}/v1/health/ready`);
  return `${section('state')}
timeout 10 docker container inspect --format '{{.State.Status}} {{.State.ExitCode}}' ${name} 2>/dev/null </dev/null
${section('http')}
if command -v curl >/dev/null; then curl -s -o /dev/null --noproxy '*' --max-time 5 -w '%{http_code}\\n' ${url} </dev/null
else timeout 6 wget -q -O /dev/null --no-proxy ${url} </dev/null && printf '200\\n'; fi
${section('log')}
timeout 10 docker logs --tail ${LOG_LINES} ${name} 2>&1 </dev/null | tail -c 16384
${section('end')}`;
};

/** Keeps one of the two containers of a job, and prints `outcome <word>`. A container of another job is left alone. */
export function settleScript(order: Pick<NimOrder, 'container' | 'job'>, keep: 'new' | 'old'): string {
  const name = shellQuote(order.container);
  const aside = shellQuote(asideName(order));
  if (keep === 'new') {
    return `timeout 10 docker container inspect ${aside} >/dev/null 2>&1 </dev/null || { printf 'outcome nothing\\n'; exit 0; }
timeout 120 docker rm -f ${aside} >/dev/null 2>&1 </dev/null
! timeout 10 docker container inspect ${aside} >/dev/null 2>&1 </dev/null || { printf 'outcome stuck\\n'; exit 0; }
printf 'outcome done\\n'`;
  }
  return `${removeOwn(name, order.job)}
[ -z "$spark_stuck" ] || { printf 'outcome stuck\\n'; exit 0; }
timeout 10 docker container inspect ${aside} >/dev/null 2>&1 </dev/null || { [ -n "$spark_removed" ] && printf 'outcome done\\n' || printf 'outcome nothing\\n'; exit 0; }
${bringBack(name, aside)}
[ -n "$spark_back" ] && printf 'outcome done\\n' || printf 'outcome stuck\\n'`;
}

/** A name stands in the script as it is: `export` takes none in quotes. */
function assertVariable(name: string): void {
  const problem = envNameProblem(name);
  if (problem !== null) throw new SparkError('UNSAFE_ARGUMENT', `A variable of the container has a bad name: ${problem}.`);
}

/** @throws {SparkError} UNSAFE_ARGUMENT for a folder that Docker would read as something else. */
export function assertCache(cache: string): void {
  if (cache.includes(':'))
    throw new SparkError('UNSAFE_ARGUMENT', 'The folder of the cache has a colon in it, which Docker takes for the end of the path.');
}
