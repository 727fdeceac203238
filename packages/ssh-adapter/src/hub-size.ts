import { SparkError, shellQuote } from '@spark-control/core';
import { repoFolder, revisionWord } from './hub-cache.ts';
import { section, sectionsOf } from './script-text.ts';

/** A repository of ten thousand files is described in about two megabytes. */
export const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** What can stand in a header, and in the quotes of curl's configuration, as it is. */
export function assertToken(token: string): string {
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/.test(token)) return token;
  throw new SparkError('UNSAFE_ARGUMENT', 'The token for the hub has characters that no token has. Set it again.');
}

/**
 * Asks the hub what a repository weighs, with whatever the host has for that. The token goes to curl on its standard input and to `hf` in
 * the environment: neither shows in a process list.
 */
export function sizeScript(repo: string, revision: string | null, token: string | null): string {
  repoFolder(repo);
  const path = `/api/models/${repo}/revision/${encodeURIComponent(revisionWord(revision))}?blobs=true`;
  const header = token === null ? '' : `header = "Authorization: Bearer ${assertToken(token)}"`;
  const words = `${shellQuote(repo)} ${shellQuote(`--revision=${revisionWord(revision)}`)}`;
  return `${section('api')}
if command -v curl >/dev/null; then
  printf '%s\\n' ${shellQuote(header)} | curl -sSfL --max-time 20 --config - "\${HF_ENDPOINT:-https://huggingface.co}"${shellQuote(path)} 2>/dev/null
fi
${section('dry')}
if ! command -v curl >/dev/null && command -v hf >/dev/null; then
  ${token === null ? ':' : `export HF_TOKEN=${shellQuote(token)}`}
  timeout 40 hf download ${words} --dry-run 2>&1 </dev/null
fi`;
}

/** Bytes of the whole repository; `null` when the answer does not say. */
export function parseSize(stdout: string): number | null {
  const sections = sectionsOf(stdout);
  return sizeOfListing(sections.get('api') ?? '') ?? sizeInWords(sections.get('dry') ?? '');
}

function sizeOfListing(text: string): number | null {
  let listing: unknown;
  try {
    listing = JSON.parse(text);
  } catch {
    return null;
  }
  const files: unknown = typeof listing === 'object' && listing !== null && 'siblings' in listing ? listing.siblings : null;
  if (!Array.isArray(files) || files.length === 0) return null;
  let bytes = 0;
  for (const file of files as readonly unknown[]) {
    const size: unknown = typeof file === 'object' && file !== null && 'size' in file ? file.size : null;
    if (typeof size !== 'number' || !Number.isFinite(size) || size < 0) return null;
    bytes += size;
  }
  return bytes;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** As `hf download --dry-run` sums up: "Will download 5 files (out of 5) totalling 15.2G". What is there already is not in it. */
function sizeInWords(text: string): number | null {
  const [, figure = '', unit = ''] = /\btotall?ing (\d+(?:\.\d+)?) ?([BKMGT]?)/i.exec(text) ?? [];
  return figure === '' ? null : Math.round(Number(figure) * (UNITS[unit.toUpperCase() || 'B'] ?? 1));
}
