import { SparkError } from '@spark-control/core';
import type { HttpAnswer } from './http-call.ts';
import { field, jsonOf } from './json-answer.ts';

const isRefused = ({ status }: HttpAnswer): boolean => [400, 404, 405, 501].includes(status);

/** Has a model make one token, the proof that it works. Rejects with what `post` rejects with, or UPSTREAM_FAILED. */
export async function completeOneToken(
  post: (path: string, body: unknown) => Promise<HttpAnswer>,
  model: string,
  who: string,
): Promise<void> {
  const ask = { model, max_tokens: 1, temperature: 0, stream: false };
  let answer = await post('/v1/completions', { ...ask, prompt: 'Hi' });
  // Servers that only chat refuse the path or the form, and so do models that only embed: for those one vector is the proof.
  if (isRefused(answer)) answer = await post('/v1/chat/completions', { ...ask, messages: [{ role: 'user', content: 'Hi' }] });
  if (isRefused(answer)) answer = await post('/v1/embeddings', { model, input: 'Hi' });
  const body = jsonOf(answer, 'the one-token completion', who);
  const made = field(body, 'choices') ?? field(body, 'data');
  if (Array.isArray(made) && made.length > 0) return;
  throw new SparkError('UPSTREAM_FAILED', `${who} answered the one-token completion with nothing in it.`);
}
