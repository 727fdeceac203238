import type { HostWeights, OtherWeights, StoredWeights, WeightsQuestion } from '@spark-control/core';
import { freeSpace } from './free-space.ts';
import { repoFolder, repoOf } from './hub-cache.ts';
import { folderWord } from './launcher-script.ts';
import { parseFreeBytes } from './parse-df.ts';
import { section, sectionsOf } from './script-text.ts';
import { parseWeights, weightsSection } from './weights-section.ts';

/** A download that nobody works on any more stops touching its files; by the host's own clock. */
const FRESH_MINUTES = 2;

/** One script for all that a survey asks of one host. */
export function surveyScript(questions: readonly WeightsQuestion[], hfCache: string): string {
  const asked = questions.flatMap(({ source }) => (source.kind === 'repo' ? [repoFolder(source.repo)] : []));
  return [
    ...questions.flatMap(({ source }, at) => [
      section(`stored${at}`),
      weightsSection(source, hfCache),
      section(`fresh${at}`),
      source.kind === 'repo' ? freshCommands(repoFolder(source.repo), hfCache) : ':',
    ]),
    section('jobs'),
    JOBS,
    section('others'),
    otherCommands(asked, hfCache),
    section('disk'),
    freeSpace(hfCache),
    section('end'),
  ].join('\n');
}

const roots = (hfCache: string): string => `${folderWord(hfCache)}/hub ${folderWord(hfCache)}`;

/** Parts that grow, or locks that the hub's client took a moment ago. */
const freshCommands = (folder: string, hfCache: string): string => `for spark_root in ${roots(hfCache)}; do
  find "$spark_root/${folder}/blobs" "$spark_root/.locks/${folder}" \\( -name '*.incomplete' -o -name '*.lock' \\) -mmin -${FRESH_MINUTES} 2>/dev/null
done | head -n 1`;

/** Folders of the cache that living jobs of ours write into. */
const JOBS = `for spark_j in "$HOME/.spark-control/jobs/"*; do
  [ -e "$spark_j/weights" ] && [ -e "$spark_j/run.lock" ] && [ ! -e "$spark_j/exit" ] || continue
  ( flock -n 8 ) 8>>"$spark_j/run.lock" || cat "$spark_j/weights"
done`;

const otherCommands = (asked: readonly string[], hfCache: string): string => `for spark_root in ${roots(hfCache)}; do
  for spark_d in "$spark_root"/models--*; do
    [ -d "$spark_d" ] && [ ! -L "$spark_d" ] || continue
    case \${spark_d##*/} in *[!A-Za-z0-9._-]*) continue ;; esac
    case ' ${asked.join(' ')} ' in *" \${spark_d##*/} "*) continue ;; esac
    printf '%s %s\\n' "$(du -sb "$spark_d" 2>/dev/null | cut -f1)" "$spark_d"
  done
done`;

/** `null`: the answer is not whole. */
export function parseSurvey(
  stdout: string,
  questions: readonly WeightsQuestion[],
  hfCache: string,
): Omit<HostWeights & { reachable: true }, 'host'> | null {
  const sections = sectionsOf(stdout);
  if (!sections.has('end')) return null;
  const text = (name: string): string => sections.get(name) ?? '';
  const writing = new Set(text('jobs').split('\n'));
  const stored = questions.flatMap(({ id, source }, at): StoredWeights[] => {
    const found = parseWeights(text(`stored${at}`));
    const folder = source.kind === 'repo' ? repoFolder(source.repo) : null;
    const isJob = folder !== null && writing.has(folder);
    // A job that has not made the folder yet writes into it all the same.
    if (found === null) return isJob ? [{ id, path: `${hfCache}/hub/${folder}`, bytes: 0, complete: false, downloading: true }] : [];
    return [{ id, ...found, downloading: isJob || (!found.complete && text(`fresh${at}`) !== '') }];
  });
  return { reachable: true, stored, others: text('others').split('\n').flatMap(otherOf), freeBytes: parseFreeBytes(text('disk')) };
}

function otherOf(line: string): OtherWeights[] {
  const [, bytes = '', path = ''] = /^(\d*) (.+)$/.exec(line) ?? [];
  const repo = repoOf(path.slice(path.lastIndexOf('/') + 1));
  return repo === null ? [] : [{ repo, path, bytes: Number(bytes) }];
}
