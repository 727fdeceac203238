import type { Issue } from '@spark-control/core';

/** One sentence for a log or a problem: how many faults, and the first of them with its place. */
export function summaryOf(what: string, issues: readonly Issue[]): string {
  const [first] = issues;
  if (first === undefined) return `${what}.`;
  const line = first.line === undefined ? '' : `, line ${first.line}`;
  const place = first.path === '' ? '' : `${first.path}${line}: `;
  const more = issues.length === 1 ? '' : ` (and ${issues.length - 1} more)`;
  return `${what}: ${place}${first.message}${more}`;
}
