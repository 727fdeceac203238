import { isImageReference, SparkError, shellQuote } from '@spark-control/core';
import type { JobContent } from './job-script.ts';

/** Images of twenty gigabytes over a slow line. */
const LIMIT_SECONDS = 12 * 3600;
/** A layer's progress is told in so many steps: the engine tells ten a second for each, and a job's output is kept only up to a limit. */
const STEPS = 50;

/** @throws {SparkError} UNSAFE_ARGUMENT for what is no image. */
export function assertImage(image: string): string {
  if (isImageReference(image)) return image;
  throw new SparkError('UNSAFE_ARGUMENT', 'What is asked for is no image ([registry/]name[:tag][@digest]).');
}

/** What the engine's API wants to be told apart. Without a tag it would pull them all. */
function partsOf(image: string): Readonly<{ name: string; tag: string }> {
  const at = image.indexOf('@');
  const colon = image.lastIndexOf(':', at < 0 ? undefined : at);
  const hasTag = colon > image.lastIndexOf('/', at < 0 ? undefined : at);
  if (at >= 0) return { name: image.slice(0, hasTag && colon < at ? colon : at), tag: image.slice(at + 1) };
  return hasTag ? { name: image.slice(0, colon), tag: image.slice(colon + 1) } : { name: image, tag: 'latest' };
}

/**
 * A job that pulls an image. Without a terminal `docker pull` says no figures, so the engine is asked on its socket, where it tells the
 * bytes of each layer; what it may not pull, since only the client knows the login of the registry, `docker pull` tries again. Lines:
 * `progress <layer> <what> <bytes> <of>`, `<layer>: <status>`, and whatever else is said.
 */
export function pullJob(image: string): JobContent {
  const { name, tag } = partsOf(assertImage(image));
  const query = `fromImage=${encodeURIComponent(name)}&tag=${encodeURIComponent(tag)}`;
  const script = `spark_host=\${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)}
spark_socket=
case $spark_host in unix://*) spark_socket=\${spark_host#unix://} ;; '') spark_socket=/var/run/docker.sock ;; esac
spark_status() { spark_text=\${spark_line#*'"status":"'}; spark_text=\${spark_text%%'"'*}; }
spark_figures() {
  spark_done=\${spark_line#*'"current":'}; spark_done=\${spark_done%%[!0-9]*}
  spark_total=\${spark_line#*'"total":'}; spark_total=\${spark_total%%[!0-9]*}
  [ -n "$spark_done" ] && [ -n "$spark_total" ] && [ "$spark_total" -gt 0 ] || return 0
  spark_step=$spark_text$((spark_done * ${STEPS} / spark_total))
  eval "spark_before=\\\${spark_step_$spark_id:-}"
  [ "$spark_step" != "$spark_before" ] || return 0
  eval "spark_step_$spark_id=\\$spark_step"
  printf 'progress %s %s %s %s\\n' "$spark_id" "$spark_text" "$spark_done" "$spark_total"
}
spark_read() {
  spark_failed=
  while IFS= read -r spark_line; do
    spark_line=\${spark_line%"$(printf '\\r')"}
    case $spark_line in
      '') continue ;;
      '{"http":"200"}') [ -n "$spark_failed" ] || : >"$spark_job/pulled"; continue ;;
      '{"http":'*) continue ;;
      *'"status":"'*) ;;
      *) spark_failed=1; printf '%s\\n' "$spark_line"; continue ;;
    esac
    spark_status
    case $spark_line in *'"id":"'*) spark_id=\${spark_line##*'"id":"'}; spark_id=\${spark_id%%'"'*} ;; *) spark_id= ;; esac
    case $spark_id in
      '') printf '%s\\n' "$spark_text" ;;
      *[!0-9a-f]*) printf '%s: %s\\n' "$spark_id" "$spark_text" ;;
      *) case $spark_line in *'"current":'*) spark_figures ;; *) printf '%s: %s\\n' "$spark_id" "$spark_text" ;; esac ;;
    esac
  done
}
if [ -n "$spark_socket" ] && [ -w "$spark_socket" ] && command -v curl >/dev/null; then
  curl -sSN --unix-socket "$spark_socket" -X POST -w '\\n{"http":"%{http_code}"}\\n' ${shellQuote(`http://localhost/images/create?${query}`)} 2>&1 | spark_read
  [ ! -e "$spark_job/pulled" ] || exit 0
fi
exec docker pull ${shellQuote(image)}
`;
  return { script, files: {}, limitSeconds: LIMIT_SECONDS };
}
