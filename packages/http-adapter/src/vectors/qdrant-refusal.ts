import { SparkError } from '@spark-control/core';
import type { QdrantAnswer } from './qdrant-http.ts';

/** What a call was about, for its words. `variable`: that holds the key; `null`: none is configured. */
export type Asked = Readonly<{
  what: string;
  service: string;
  collection: string | null;
  snapshot: string | null;
  variable: string | null;
  hasKey: boolean;
}>;

/** The error of an answer that is none of success. Qdrant's own text decides which, and stays out of the message: it names files and internals. */
export function refusalOf({ status, text }: QdrantAnswer, asked: Asked): SparkError {
  const { what, service, collection, snapshot } = asked;
  if (status === 401 || status === 403) return new SparkError('UPSTREAM_FAILED', keyWords(status, text, asked));
  if (status === 507 || /no space left|not enough (?:disk )?space|disk (?:is )?full|insufficient storage/i.test(text)) {
    const message = `${service} has no room left on its disk for ${what}. A snapshot needs about as much as its collection.`;
    return new SparkError('NOT_ENOUGH_DISK', message);
  }
  if (status === 404) {
    const lacksCollection = collection !== null && /collection/i.test(text);
    if (snapshot !== null && !lacksCollection)
      return new SparkError('SNAPSHOT_NOT_FOUND', `There is no snapshot "${snapshot}" in ${service}.`);
    if (collection !== null) return new SparkError('COLLECTION_NOT_FOUND', `There is no collection "${collection}" in ${service}.`);
    return new SparkError('UPSTREAM_FAILED', `What answers at the address of ${service} does not have ${what}; is it Qdrant?`);
  }
  if (status === 408 || status === 504 || /timed? ?out/i.test(text)) {
    return new SparkError('UPSTREAM_TIMEOUT', `${service} gave up on ${what} because it took too long there.`);
  }
  if (/checksum/i.test(text)) {
    return new SparkError('UPSTREAM_FAILED', `${service} refused ${what}: the file does not have the checksum that the list gives.`);
  }
  if (status === 429) return new SparkError('UPSTREAM_FAILED', `${service} takes no more requests now (status 429).`);
  return new SparkError('UPSTREAM_FAILED', `${service} answered ${what} with status ${status}; its log says why.`);
}

function keyWords(status: number, text: string, { what, service, variable, hasKey }: Asked): string {
  if (variable === null)
    return `${service} wants an API key, and none is configured: name a variable that holds it as api_key of the service.`;
  if (!hasKey) return `${service} wants an API key, and the variable ${variable} is not set.`;
  // The read-only key is refused by this status too, with other words.
  if (status === 403 && /read[- ]?only|write|manage|forbidden/i.test(text)) {
    return `${service} knows the key in ${variable}, but does not let it do this: ${what}.`;
  }
  return `${service} refused the API key in ${variable}.`;
}
