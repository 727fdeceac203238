import type { Problem } from '../wire.ts';
import { instant, wallTime } from './format.ts';

/** An error as it is shown: a code, a sentence, what to do, and the id that finds it in the server's log. */
export type ProblemView = Readonly<{
  code: string;
  sentence: string;
  remedy: string | null;
  issues: readonly string[];
  requestId: string | null;
  swap: string | null;
  /** Who is in the way, why, and until when. */
  lock: string | null;
}>;

export function problemView(problem: Problem): ProblemView {
  const sentence = problem.detail === '' ? problem.title : problem.detail;
  return {
    code: problem.code,
    sentence,
    remedy: problem.remedy === '' || FOR_CALLERS.test(problem.remedy) ? retryWords(problem.retry_after_seconds) : problem.remedy,
    // A single fault is often the whole sentence; once is enough.
    issues: (problem.issues ?? [])
      .filter(({ message }) => !sentence.includes(message))
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)),
    requestId: problem.request_id,
    swap: problem.swap_id ?? null,
    lock: lockWords(problem),
  };
}

/** What only helps somebody who calls the API: the faults themselves are shown, and the lists have screens. */
const FOR_CALLERS = /^See `issues`|^GET \/api\//;

function lockWords({ lock }: Problem): string | null {
  if (lock === undefined) return null;
  const at = instant(lock.expires_at);
  // Read later, or on another day: the day is always said.
  return `Held by ${lock.holder}${lock.reason === null ? '' : ` (${lock.reason})`}${at === null ? ', until its swap has ended' : ` until ${wallTime(at, 0)}`}.`;
}

const retryWords = (seconds: number | undefined): string | null => (seconds === undefined ? null : `Try again in ${seconds} s.`);
