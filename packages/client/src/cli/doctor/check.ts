import { SparkApiError } from '../../errors.ts';

/** One thing that was looked at; the same shape as that of `spark-control doctor --json`. */
export type Check = Readonly<{
  name: string;
  subject: string | null;
  status: 'pass' | 'warn' | 'fail' | 'skip';
  detail: string;
  hint: string | null;
}>;

export const checkOf =
  (name: string, subject: string | null = null) =>
  (status: Check['status'], detail: string, hint: string | null = null): Check => ({ name, subject, status, detail, hint });

/** What a part of the examination comes to when the server does not take part in it. */
export async function examined(name: string, look: () => Promise<readonly Check[]>, signal: AbortSignal): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    const say = checkOf(name);
    if (!(error instanceof SparkApiError)) return [say('fail', (error as Error).message)];
    const isMissing = error.code === 'ROUTE_NOT_FOUND' || error.code === 'NOT_SUPPORTED';
    if (isMissing) return [say('skip', error.message)];
    return [say('fail', error.message, error.problem?.remedy ?? null)];
  }
}
