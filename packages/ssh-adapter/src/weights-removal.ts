import { type Cluster, type Host, type Removal, SparkError, shellQuote } from '@spark-control/core';
import { repoFolder } from './hub-cache.ts';
import { folderWord } from './launcher-script.ts';

/**
 * Deletes a repository of the hub's cache, whole: only a real folder of just that name, directly below the cache. What the login user
 * may not delete, since it belongs to root through a container, is deleted by one that sees nothing but the cache. Says what it did in
 * one line. A program that names the repository on its command line uses it, whoever started it.
 */
export function removalScript(repo: string, { hfCache, image }: Cluster): string {
  const folder = repoFolder(repo);
  return `spark_say() { printf '%s\\n' "$*"; exit 0; }
spark_user=$(ps -ww -eo pid=,args= 2>/dev/null | while read -r spark_pid spark_args; do
  case " $spark_args " in
    *[!A-Za-z0-9._/-]${repo}[!A-Za-z0-9._/-]* | *"/${folder}/"*) printf '%s %s\\n' "$spark_pid" "\${spark_args%% *}"; break ;;
  esac
done)
[ -z "$spark_user" ] || spark_say used "$spark_user"
spark_as_root() {
  spark_image=${shellQuote(image)}
  timeout 30 docker image inspect "$spark_image" >/dev/null 2>&1 </dev/null || spark_image=$(timeout 30 docker image ls -q 2>/dev/null </dev/null | head -n 1)
  [ -n "$spark_image" ] || return 1
  spark_program=$1
  shift
  docker run --rm --pull never --network none --user 0:0 -v "$spark_real:/cache" --entrypoint "$spark_program" "$spark_image" "$@" </dev/null
}
spark_freed=0
spark_through=login
spark_gone=
for spark_root in ${folderWord(hfCache)}/hub ${folderWord(hfCache)}; do
  spark_d=$spark_root/${folder}
  [ -e "$spark_d" ] || [ -L "$spark_d" ] || continue
  [ ! -L "$spark_d" ] && [ -d "$spark_d" ] || spark_say link "$spark_d"
  spark_real=$(cd -P -- "$spark_root" && pwd -P) || spark_say unreadable "$spark_root"
  case $spark_real in *:*) spark_say colon "$spark_real" ;; esac
  spark_d=$spark_real/${folder}
  spark_before=$(du -sk "$spark_d" 2>/dev/null) || spark_before=$(spark_as_root du -sk /cache/${folder} 2>/dev/null)
  rm -rf -- "$spark_d" 2>/dev/null
  rm -rf -- "$spark_real/.locks/${folder}" 2>/dev/null
  if [ -e "$spark_d" ]; then
    spark_through=container
    spark_error=$(spark_as_root rm -rf -- /cache/${folder} /cache/.locks/${folder} 2>&1)
    [ ! -e "$spark_d" ] || spark_say owned "$spark_d" "$spark_error"
  fi
  spark_before=$(printf '%s' "$spark_before" | cut -f1)
  spark_freed=$((spark_freed + \${spark_before:-0}))
  spark_gone=$spark_d
done
[ -n "$spark_gone" ] || spark_say missing
spark_say gone "$spark_freed" "$spark_through" "$spark_gone"`;
}

/** @throws {SparkError} MODEL_IN_USE, NOT_SUPPORTED, RUNTIME_REJECTED with why nothing, or not all, was deleted. */
export function parseRemoval(stdout: string, host: Host, { repo, hfCache }: Readonly<{ repo: string; hfCache: string }>): Removal {
  const [word = '', ...rest] = stdout.trim().split(' ');
  const details = { host: host.key };
  const text = rest.join(' ');
  switch (word) {
    case 'gone': {
      const [freed = '0', through = '', ...path] = rest;
      const by = through === 'container' ? 'container' : 'login';
      return { host: host.key, path: path.join(' '), freedBytes: Number(freed) * 1024, through: by };
    }
    case 'missing':
      return { host: host.key, path: `${hfCache}/hub/${repoFolder(repo)}`, freedBytes: 0, through: 'login' };
    case 'used':
      throw new SparkError(
        'MODEL_IN_USE',
        `A process on ${host.name} uses ${repo} (pid and program: ${text}). Nothing was deleted there.`,
        {
          details,
        },
      );
    case 'link':
      throw new SparkError('NOT_SUPPORTED', `${text} on ${host.name} is a link, or lies behind one; only real folders are deleted.`, {
        details,
      });
    case 'colon':
      throw new SparkError('NOT_SUPPORTED', `${text} on ${host.name} has a colon in it, which Docker cannot bind.`, { details });
    case 'owned':
      throw new SparkError(
        'RUNTIME_REJECTED',
        `Files of ${repo} on ${host.name} belong to another user, and no container could delete them. Try there: sudo rm -rf ${text.split(' ')[0] ?? ''}`,
        { details },
      );
    default:
      throw new SparkError(
        'RUNTIME_REJECTED',
        `${host.name} gave no complete answer about deleting ${repo}; look there before trying again.`,
        {
          details,
        },
      );
  }
}
