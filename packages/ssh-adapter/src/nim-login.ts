import { SparkError, shellQuote } from '@spark-control/core';
import { EXIT } from './guarded-script.ts';

/** The user that NGC's keys belong to: these very letters, no variable. */
const USER = '$oauthtoken';

/** What a folder of credentials begins with. */
export const SECRET_FOLDER = 'spark-control-nim.';
const SECRET_MINUTES = 13 * 60;
/** For whoever made a folder and did not live to hand it on. */
const UNTAKEN_SECONDS = 120;

/** Exit codes beside those of {@link EXIT}. */
export const NIM_EXIT = { noMemoryFolder: 80, loginRefused: 81 } as const;

/** The registry in front of an image; `null`: Docker's own. */
export function registryOf(image: string): string | null {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : null;
}

/** Docker speaks plain HTTP only with registries of the machine itself. */
export const isLoopback = (registry: string | null): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(registry ?? '');

/**
 * sh commands that make a folder of memory, log in there, and set `DOCKER_CONFIG` to it; `spark_auth` is the folder. Its configuration names
 * the registry before the login, so that Docker does not look for a password store of the user's to put the key in. The user's
 * own context is looked up before: it is part of the configuration that is left. Leaves with {@link NIM_EXIT}.
 *
 * The key is a word of this script, which goes over standard input: no process but `sh` holds it, and `printf` is built in.
 */
export function loginScript(image: string, key: string): string {
  const registry = registryOf(image);
  if (registry === null) {
    throw new SparkError(
      'UNSAFE_ARGUMENT',
      "The image names no registry, so the NGC key would go to Docker's own. Write the registry in front of it.",
    );
  }
  const config = JSON.stringify({ auths: { [registry]: {} } });
  return `umask 077
${contextCommands}
spark_memory=
for spark_f in /dev/shm "$XDG_RUNTIME_DIR"; do
  [ -n "$spark_f" ] && [ -d "$spark_f" ] && [ -w "$spark_f" ] || continue
  case $(df -PT "$spark_f" 2>/dev/null | sed -n '2s/^[^ ]* *\\([^ ]*\\) .*/\\1/p') in tmpfs|ramfs) spark_memory=$spark_f; break ;; esac
done
[ -n "$spark_memory" ] || exit ${NIM_EXIT.noMemoryFolder}
find "$spark_memory" -mindepth 1 -maxdepth 1 -type d -name '${SECRET_FOLDER}*' -user "$(id -u)" -mmin +${SECRET_MINUTES} -exec rm -rf {} + 2>/dev/null
spark_auth=$(mktemp -d "$spark_memory/${SECRET_FOLDER}XXXXXXXX") || exit ${EXIT.unwritable}
trap 'rm -rf "$spark_auth"' EXIT
trap 'exit 143' HUP INT TERM
printf '%s' ${shellQuote(config)} >"$spark_auth/config.json" || exit ${EXIT.unwritable}
export DOCKER_CONFIG="$spark_auth"
spark_said=$(printf '%s' ${shellQuote(key, 'The NGC key')} | timeout 60 docker login ${shellQuote(registry)} --username ${shellQuote(USER)} --password-stdin 2>&1)
spark_code=$?
[ "$spark_code" -eq 0 ] || { printf '\\036login\\n%s\\n' "$spark_said" | head -c 4096; exit ${NIM_EXIT.loginRefused}; }`;
}

/**
 * sh commands that hand the folder of {@link loginScript} on to a job, which marks it as taken and removes it at its end, and
 * print its path. One that no job takes removes itself.
 */
export function handOnScript(image: string, key: string): string {
  return `${loginScript(image, key)}
printf '%s' ${shellQuote(registryHeader(image, key))} >"$spark_auth/curl" || exit ${EXIT.unwritable}
trap - EXIT
setsid sh -c 'sleep ${UNTAKEN_SECONDS}; [ -e "$1/taken" ] || rm -rf "$1"' sh "$spark_auth" </dev/null >/dev/null 2>&1 &
printf '\\036folder\\n%s\\n' "$spark_auth"`;
}

/** A line for the configuration of curl: what the engine's API takes in place of a login. */
export function registryHeader(image: string, key: string): string {
  const login = { username: USER, password: key, serveraddress: registryOf(image) ?? '' };
  // Base64 for URLs, padded as Docker wants it.
  const text = Buffer.from(JSON.stringify(login)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return `header = "X-Registry-Auth: ${text}"\n`;
}

/** Sets `DOCKER_HOST` to what the user's own context says: with another `DOCKER_CONFIG` the client forgets it. */
const contextCommands = `spark_context=$(timeout 10 docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null </dev/null)
[ -z "$spark_context" ] || export DOCKER_HOST="\${DOCKER_HOST:-$spark_context}"`;

/** In place of {@link loginScript} where there is no key: the user's own configuration may know the registry. */
export const NO_LOGIN = contextCommands;

/** The work of a job with the folder that was handed on, in which `curl` shows the key without an argument of it. */
export const withHandedOn = (folder: string, script: string): string => `${contextCommands}
spark_auth=${shellQuote(folder)}
: >"$spark_auth/taken" || exit ${EXIT.unwritable}
trap 'rm -rf "$spark_auth"' EXIT
trap 'exit 143' HUP INT TERM
export DOCKER_CONFIG="$spark_auth"
curl() { command curl --config "$spark_auth/curl" "$@"; }
( ${script}
)
exit $?
`;
