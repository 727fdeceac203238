import { SparkError } from '@spark-control/core';
import type { HttpAnswer } from './http-call.ts';

/** The JSON of a 200 answer. What the server said otherwise stays out of the message: it may be anything. */
export function jsonOf({ status, text }: HttpAnswer, asked: string, who: string): unknown {
  if (status !== 200) throw new SparkError('UPSTREAM_FAILED', `${who} answered ${asked} with status ${status}.`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SparkError('UPSTREAM_FAILED', `${who} answered ${asked} with something that is not JSON.`, { cause });
  }
}

export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
