/** One thing that was looked at. `subject`: which host, file or folder; `null`: all of it. `hint`: what to do about it. */
export type Check = Readonly<{
  name: string;
  subject: string | null;
  status: 'pass' | 'warn' | 'fail' | 'skip';
  detail: string;
  hint: string | null;
}>;

export type Verdict = Readonly<{ ok: boolean; checks: readonly Check[] }>;

/** Warnings do not make it ill. */
export const verdictOf = (checks: readonly Check[]): Verdict => ({ ok: checks.every(({ status }) => status !== 'fail'), checks });

export const checkOf =
  (name: string, subject: string | null = null) =>
  (status: Check['status'], detail: string, hint: string | null = null): Check => ({ name, subject, status, detail, hint });
