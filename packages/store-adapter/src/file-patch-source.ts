import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Issue, type PatchContent, type PatchFile, type PatchSource, type Service, SparkError } from '@spark-control/core';

/** Together they travel in one script, over the login that everything else uses too. */
const LARGEST_FILE_BYTES = 2 ** 20;
const LARGEST_TOTAL_BYTES = 2 * 2 ** 20;

/** Patches as files of this machine. */
export class FilePatchSource implements PatchSource {
  async read({ key, patches }: Service): Promise<readonly PatchContent[]> {
    const read = await Promise.all(patches.map((patch) => contentOf(patch)));
    const issues = read.flatMap((result, index) =>
      typeof result === 'string' ? [{ path: `/services/${key}/patches/${index}/source`, code: 'bad_file', message: result }] : [],
    );
    refuse(issues);
    const files = read.filter((result) => typeof result !== 'string');
    const total = files.reduce((sum, { content }) => sum + content.length, 0);
    if (total > LARGEST_TOTAL_BYTES) {
      const message = `The patches are ${total} bytes together; ${LARGEST_TOTAL_BYTES} is the most.`;
      refuse([{ path: `/services/${key}/patches`, code: 'too_large', message }]);
    }
    return files;
  }
}

function refuse(issues: readonly Issue[]): void {
  const [first] = issues;
  if (first !== undefined) throw new SparkError('INVALID_SETTINGS', first.message, { details: { issues } });
}

/** The file, or what keeps it from being read. */
async function contentOf(patch: PatchFile): Promise<PatchContent | string> {
  const named = `${patch.source} (patch ${patch.name})`;
  try {
    const { size, isFile } = await look(patch.source);
    if (!isFile) return `${named} is no file.`;
    if (size > LARGEST_FILE_BYTES) return `${named} is ${size} bytes; ${LARGEST_FILE_BYTES} is the most.`;
    const content = await readFile(patch.source);
    return { ...patch, content, digest: createHash('sha256').update(content).digest('hex') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return `${named} is not there.`;
    return `${named} cannot be read${code === 'EACCES' ? ': this process may not read it' : ''}.`;
  }
}

/** Before it is opened: a pipe would keep whoever opens it waiting. */
async function look(path: string): Promise<Readonly<{ size: number; isFile: boolean }>> {
  const found = await stat(path);
  return { size: found.size, isFile: found.isFile() };
}
