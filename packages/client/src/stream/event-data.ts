import { SparkApiError } from '../errors.ts';

/** The data of an event of ours, which is JSON. @throws {SparkApiError} for anything else. */
export function eventData<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new SparkApiError(200, null, 'The stream has an event whose data is not JSON, so it is not one of Spark Control.');
  }
}
