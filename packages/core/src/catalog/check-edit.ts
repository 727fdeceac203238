import type { Issue } from '../errors.ts';
import { checkCatalog } from './check-catalog.ts';
import { isMap, pointerStep } from './issue-list.ts';
import type { RawEntry } from './merge-entry.ts';
import type { Model } from './model.ts';

/**
 * Checks a merged catalog in which one entry was just changed. Its issues come back with pointers into that entry, which is what
 * the body of a request looks like; a clash that shows at another model is put where this one can end it.
 */
export function checkEdit(merged: RawEntry, key: string): Readonly<{ models: readonly Model[] }> | Readonly<{ issues: readonly Issue[] }> {
  const result = checkCatalog(merged, { path: '' });
  if ('models' in result) return result;
  const prefix = `/${pointerStep(key)}`;
  const issues = result.issues.map((issue) => {
    if (issue.path !== prefix && !issue.path.startsWith(`${prefix}/`)) return { ...issue, path: '/served_model_name' };
    const path = issue.path.slice(prefix.length);
    return { ...issue, path: path === '' ? placeOf(issue.code, merged[key]) : path };
  });
  return { issues };
}

function placeOf(code: string, entry: unknown): string {
  if (code === 'bad_key') return '/key';
  if (code !== 'repo_or_local_path') return '';
  return isMap(entry) && entry['repo'] != null ? '/local_path' : '/repo';
}
