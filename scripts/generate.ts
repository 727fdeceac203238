// Writes the files that are made from code. With --check it writes nothing and fails when one is out of date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiDocs } from './api-docs.ts';
import { fileSchemas } from './file-schemas.ts';
import type { GeneratedFile } from './generated-file.ts';

/** Everything that is generated. To add a kind of file, add its function here. */
const GENERATORS: readonly (() => readonly GeneratedFile[])[] = [fileSchemas, apiDocs];

const root = new URL('../', import.meta.url);

function current(path: string): string | null {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return null;
  }
}

function write({ path, content }: GeneratedFile): void {
  const target = fileURLToPath(new URL(path, root));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  console.log(`wrote ${path}`);
}

const stale = GENERATORS.flatMap((generate) => generate()).filter(({ path, content }) => current(path) !== content);
if (!process.argv.includes('--check')) {
  for (const file of stale) write(file);
} else if (stale.length > 0) {
  console.error(`Out of date: ${stale.map(({ path }) => path).join(', ')}. Run \`npm run generate\` and commit the result.`);
  process.exitCode = 1;
}
