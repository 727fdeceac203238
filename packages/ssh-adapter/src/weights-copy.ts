import { type Cluster, type Host, shellQuote } from '@spark-control/core';
import { EXIT } from './guarded-script.ts';
import { findHub, repoFolder } from './hub-cache.ts';
import type { JobContent } from './job-script.ts';
import { jobMark, LIMIT_SECONDS } from './weights-download.ts';

export type CopyOptions = Readonly<{
  repo: string;
  cluster: Cluster;
  /** The other end, as the host that runs the job sees it. */
  peer: Host;
  /** `push`: to the peer. `pull`: from it. */
  direction: 'push' | 'pull';
  /** Part of a folder's name at the receiving end. */
  job: string;
}>;

/**
 * A job that copies a repository of the cache to or from another host, over the fast link, with the login that the launcher needs
 * anyway. Blobs come under their names only when they are whole, and before the links to them: what was broken off half-way never
 * looks complete. Ends with {@link EXIT.noPeer} when the other host does not let this one in without asking.
 */
export function copyJob(options: CopyOptions): JobContent {
  const { cluster, peer } = options;
  const folder = repoFolder(options.repo);
  const address = peer.fabricAddress ?? peer.address;
  const ssh = `ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=4`;
  const script = `${findHub(cluster.hfCache)}
spark_ssh='${ssh}'
spark_peer() { $spark_ssh -l ${shellQuote(peer.user)} -- ${shellQuote(address)} "$1"; }
spark_prepare() { spark_peer ${remote(prepare(cluster, folder))} </dev/null; }
# As the launcher does it, by ssh's own settings; else by the port that this control plane logs in at.
spark_prepare || { spark_ssh="$spark_ssh -p ${peer.sshPort}"; spark_prepare; } || exit ${EXIT.noPeer}
mkdir -p "$spark_hub/${folder}/blobs" || exit
if [ "$spark_hub" != "$spark_cache" ] && command -v rsync >/dev/null && spark_peer 'command -v rsync' >/dev/null </dev/null; then
  spark_copy() {
    rsync -rlt -s --partial-dir=.spark-partial --exclude='*.incomplete' -e "$spark_ssh" "$1" "$2"
  }
  for spark_part in /blobs/ /; do
    ${rsyncLine(options, folder, address)} || exit
  done
else
  ${tarLine(options, folder)}
fi
`;
  return { script, files: jobMark(options.repo), limitSeconds: LIMIT_SECONDS };
}

/** One word for whatever shell the login user of the other host has. */
const remote = (script: string): string => shellQuote(`sh -c ${shellQuote(script)}`);

const prepare = ({ hfCache }: Cluster, folder: string): string => `umask 022; ${findHub(hfCache)}\nmkdir -p "$spark_hub/${folder}/blobs"`;

function rsyncLine({ cluster, peer, direction }: CopyOptions, folder: string, address: string): string {
  // A path that does not begin with a slash is rsync's way to say "below the login user's home".
  const home = cluster.hfCache.replace(/^~\/?/, '');
  const host = address.includes(':') ? `[${address}]` : address;
  const there = `${shellQuote(`${peer.user}@${host}:${home === '' ? '' : `${home}/`}hub/${folder}`)}"$spark_part"`;
  const here = `"$spark_hub/${folder}$spark_part"`;
  return direction === 'push' ? `spark_copy ${here} ${there}` : `spark_copy ${there} ${here}`;
}

/** Unpacked beside the cache and moved into it blob by blob: a name in the cache stands for a whole file. */
const receive = ({ cluster, job }: CopyOptions, folder: string): string => `umask 022
${findHub(cluster.hfCache)}
new="$spark_hub/.spark-copy-${job}"
trap 'rm -rf "$new"; exit 143' HUP TERM
rm -rf "$new" && mkdir -p "$new" "$spark_hub/${folder}/blobs" && tar -C "$new" -xf - || { rm -rf "$new"; exit 1; }
for blob in "$new/${folder}/blobs/"*; do [ ! -e "$blob" ] || mv -f "$blob" "$spark_hub/${folder}/blobs/" || exit 1; done
cp -a "$new/${folder}/." "$spark_hub/${folder}/" && rm -rf "$new"`;

const send = (folder: string): string => `tar -C "$spark_hub" --exclude='*.incomplete' -cf - ${folder}`;

function tarLine(options: CopyOptions, folder: string): string {
  const { cluster, direction } = options;
  if (direction === 'push') return `${send(folder)} | spark_peer ${remote(receive(options, folder))}`;
  const far = `${findHub(cluster.hfCache)}\n${send(folder)}`;
  return `spark_peer ${remote(far)} </dev/null | sh -c ${shellQuote(receive(options, folder))}`;
}
