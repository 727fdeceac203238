import { readFileSync } from 'node:fs';
import { openApiDocument, renderErrorsDoc } from '@spark-control/http-adapter';
import type { GeneratedFile } from './generated-file.ts';

/** What programmers read about the API: the OpenAPI document and the table of errors. */
export function apiDocs(): readonly GeneratedFile[] {
  const manifest = JSON.parse(readFileSync(new URL('../packages/server/package.json', import.meta.url), 'utf8')) as { version: string };
  return [
    { path: 'docs/openapi.json', content: `${JSON.stringify(openApiDocument(manifest.version), null, 2)}\n` },
    { path: 'docs/errors.md', content: renderErrorsDoc() },
  ];
}
