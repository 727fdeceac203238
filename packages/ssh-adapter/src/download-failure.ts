import { type Host, SparkError } from '@spark-control/core';
import { EXIT } from './guarded-script.ts';

export type DownloadEnd = Readonly<{
  repo: string;
  host: Host;
  hasToken: boolean;
  /** `null`: the job ended without a word. */
  exitCode: number | null;
  /** The last lines of its output. */
  tail: readonly string[];
}>;

/** What the hub's client, curl's kin, tar and rsync say when something is wrong, most telling first. */
const SIGNS: readonly Readonly<{ sign: RegExp; say: (end: DownloadEnd) => Readonly<{ message: string; hint: string }> }>[] = [
  {
    sign: /no space left on device|disk quota exceeded|not enough free disk space/i,
    say: ({ repo, host }) => ({
      message: `The disk of ${host.name} is full: ${repo} did not fit.`,
      hint: 'Free space there; a new download goes on where this one ended.',
    }),
  },
  {
    sign: /gated repo|access to (?:model|this repo).*restricted|awaiting a review|must be authenticated to access/i,
    say: ({ repo, hasToken }) => ({
      message: `${repo} is gated: the hub gives it only to accounts that have accepted its licence.`,
      hint: hasToken
        ? 'Accept the licence on its page at the hub with the account of the token in HF_TOKEN, then ask again.'
        : 'Set HF_TOKEN for Spark Control to a token of an account that has accepted its licence.',
    }),
  },
  {
    sign: /revision not found|RevisionNotFound|invalid rev id/i,
    say: ({ repo }) => ({ message: `${repo} has no such revision at the hub.`, hint: 'Correct the revision of the catalog entry.' }),
  },
  {
    sign: /repository not found|RepositoryNotFound|\b404\b/i,
    say: ({ repo, hasToken }) => ({
      message: `The hub knows no repository ${repo}${hasToken ? ', or the token in HF_TOKEN may not see it' : ', or it is private'}.`,
      hint: hasToken ? 'Check its name, and what the token may read.' : 'Check its name; for a private one set HF_TOKEN.',
    }),
  },
  {
    sign: /\b40[13]\b|unauthorized|forbidden|invalid (?:user )?token/i,
    say: ({ repo, hasToken }) => ({
      message: `The hub refuses ${repo}${hasToken ? ' to the token in HF_TOKEN' : ' without a token'}.`,
      hint: hasToken ? 'Make a new token with read rights and set HF_TOKEN.' : 'Set HF_TOKEN for Spark Control.',
    }),
  },
  {
    sign: /permission denied|operation not permitted|read-only file system/i,
    say: ({ repo, host }) => ({
      message: `The user ${host.user} may not write the cache on ${host.name}; files there belong to somebody else, most often to root through a container.`,
      hint: `Delete what is there of ${repo} first (DELETE .../disk does so through a container), or give it to ${host.user} with chown.`,
    }),
  },
  {
    sign: /name resolution|could not resolve|connection (?:refused|reset|error|aborted|timed out)|ConnectionError|ConnectError|max retries|network is unreachable|no route to host|timed? ?out|outgoing traffic has been disabled|\b50[0234]\b|\b429\b/i,
    say: ({ host }) => ({
      message: `${host.name} could not reach the hub.`,
      hint: 'Check its network, DNS and proxy, then ask again; what has come is kept.',
    }),
  },
];

/** Turns the end of a download that went wrong into words. */
export function downloadFailure(end: DownloadEnd): SparkError {
  const { repo, host, exitCode, tail } = end;
  const refuse = (code: 'RUNTIME_REJECTED' | 'NOT_ENOUGH_DISK', message: string, hint: string): SparkError =>
    new SparkError(code, message, { details: { host: host.key, hint, logTail: [...tail] } });
  if (exitCode === EXIT.noTool) {
    const hint =
      'Install the client of the hub for the login user: pip install --user huggingface_hub, or uv tool install huggingface_hub.';
    return refuse(
      'RUNTIME_REJECTED',
      `${host.name} has nothing to download with: neither hf nor huggingface-cli, nor an image that holds one.`,
      hint,
    );
  }
  if (exitCode === null) {
    const hint = 'Ask again: it goes on with what is there.';
    return refuse('RUNTIME_REJECTED', `The download on ${host.name} ended without a word; was the host restarted?`, hint);
  }
  const text = tail.join('\n');
  const known = SIGNS.find(({ sign }) => sign.test(text));
  if (known === undefined) {
    const last = tail.at(-1);
    const said = last === undefined ? '' : ` Its last line: ${last.slice(0, 300)}`;
    return refuse('RUNTIME_REJECTED', `The download of ${repo} on ${host.name} failed with exit code ${exitCode}.${said}`, 'Read the log.');
  }
  const { message, hint } = known.say(end);
  return refuse(known === SIGNS[0] ? 'NOT_ENOUGH_DISK' : 'RUNTIME_REJECTED', message, hint);
}
