import { type Service, SparkError } from '@spark-control/core';
import type { HttpAnswer } from '../endpoint/http-call.ts';
import { field } from '../endpoint/json-answer.ts';
import { completeOneToken } from '../endpoint/one-token.ts';
import { audioForm } from './multipart.ts';
import { type ServiceCaller, WHO } from './service-caller.ts';
import { testAudio } from './test-audio.ts';

/** What was done, as a sentence; `null`: there is nothing more to ask a service of this kind. */
type Check = (caller: ServiceCaller, deadlineMs: number) => Promise<string | null>;

const SPEAKERS = 'segments[].speaker';
/** A WAV header alone is no speech. */
const LEAST_SPEECH_BYTES = 45;

const oneToken: Check = async (caller, deadlineMs) => {
  const model = caller.service.model ?? (await modelIds(caller, deadlineMs))[0];
  if (model === undefined) throw failed('It serves no model.');
  const post = async (path: string, body: unknown): Promise<HttpAnswer> => {
    const answer = await caller.ask({ method: 'POST', path, body, deadlineMs });
    if (answer.status === 401 || answer.status === 403) throw failed(caller.problemOf(answer.status, path) ?? '');
    return answer;
  };
  await completeOneToken(post, model, WHO);
  return `${model} made one token.`;
};

const transcription: Check = async (caller, deadlineMs) => {
  const { model, probe } = caller.service;
  const form = audioForm(testAudio(), { ...(model !== null && { model }), response_format: 'json' });
  const path = probe?.path ?? '/v1/audio/transcriptions';
  const answer = await caller.json({ method: 'POST', path, content: form, deadlineMs });
  if (typeof field(answer, 'text') !== 'string') throw failed(`It answered POST ${path} without a text.`);
  return 'It transcribed half a second of audio.';
};

const diarization: Check = async (caller, deadlineMs) => {
  const { model, probe } = caller.service;
  const form = audioForm(testAudio(), { ...(model !== null && { model }) });
  const path = probe?.path ?? '/v1/audio/diarize';
  const answer = await caller.json({ method: 'POST', path, content: form, deadlineMs });
  const [root = ''] = (probe?.speakers ?? SPEAKERS).split('[]');
  const list = root.split('.').reduce(field, answer);
  if (!Array.isArray(list)) throw failed(`It answered POST ${path} without a list "${root}"; speaker_path says where the speakers are.`);
  return 'It looked for speakers in half a second of audio.';
};

const speech: Check = async (caller, deadlineMs) => {
  const { model, probe } = caller.service;
  const path = probe?.path ?? '/v1/audio/speech';
  const voice = probe?.voice ?? null;
  const body = {
    ...(model !== null && { model }),
    ...(voice !== null && { voice }),
    input: 'Ready.',
    response_format: 'wav',
    stream: false,
  };
  const answer = await caller.ask({ method: 'POST', path, body, deadlineMs, maxBytes: 16 * 2 ** 20 });
  const problem = caller.problemOf(answer.status, `POST ${path}`);
  if (problem !== null) throw failed(problem);
  const isAudio = answer.type.startsWith('audio/') || answer.type === 'application/octet-stream';
  if (!isAudio || answer.bytes < LEAST_SPEECH_BYTES) throw failed(`It answered POST ${path} with something that is no audio.`);
  return `It spoke one word (${answer.bytes} bytes of audio).`;
};

const embedding: Check = async (caller, deadlineMs) => {
  const { model, probe } = caller.service;
  const path = probe?.path ?? '/v1/embeddings';
  const answer = await caller.json({ method: 'POST', path, body: { ...(model !== null && { model }), input: 'ready' }, deadlineMs });
  const data = field(answer, 'data');
  const vector = Array.isArray(data) ? field(data[0], 'embedding') : undefined;
  if (!Array.isArray(vector) || vector.length === 0) throw failed(`It answered POST ${path} without a vector.`);
  return `It embedded one word in ${vector.length} dimensions.`;
};

const vectorQuery: Check = async (caller, deadlineMs) => {
  const answer = await caller.json({ method: 'GET', path: '/collections', deadlineMs });
  const collections = field(field(answer, 'result'), 'collections');
  if (!Array.isArray(collections)) throw failed('It answered GET /collections without a list.');
  const name = field(collections[0], 'name');
  if (typeof name !== 'string') return 'It answers, and has no collection yet.';
  const path = `/collections/${encodeURIComponent(name)}/points/scroll`;
  const body = { limit: 1, with_payload: false, with_vector: false };
  const found = await caller.json({ method: 'POST', path, body, deadlineMs });
  if (!Array.isArray(field(field(found, 'result'), 'points'))) throw failed(`It answered a query of collection ${name} without points.`);
  return `It answered a query of collection ${name}.`;
};

const webUi: Check = async (caller, deadlineMs) => {
  const { healthPath } = caller.service;
  const { status } = await caller.ask({ method: 'GET', path: healthPath, deadlineMs, maxBytes: 0 });
  const problem = caller.problemOf(status, `GET ${healthPath}`);
  if (problem !== null) throw failed(problem);
  if (!caller.hasKey) return 'It answers; which models it knows it tells only with a key (api_key).';
  const ids = await webUiModels(caller, deadlineMs);
  return `It answers, and knows ${ids.length} ${ids.length === 1 ? 'model' : 'models'}.`;
};

const CHECKS: Readonly<Record<Service['kind'], Check>> = {
  vllm: oneToken,
  openai: oneToken,
  asr: transcription,
  diarizer: diarization,
  tts: speech,
  embeddings: embedding,
  qdrant: vectorQuery,
  open_webui: webUi,
  http: async () => null,
};

/** One real request. Rejects UPSTREAM_FAILED or UPSTREAM_TIMEOUT with a sentence for people. */
export const deepCheck: Check = (caller, deadlineMs) => CHECKS[caller.service.kind](caller, deadlineMs);

export const modelIds = async (caller: ServiceCaller, deadlineMs: number): Promise<readonly string[]> =>
  idsOf(await caller.json({ method: 'GET', path: '/v1/models', deadlineMs }), 'GET /v1/models');

export const webUiModels = async (caller: ServiceCaller, deadlineMs: number): Promise<readonly string[]> =>
  idsOf(await caller.json({ method: 'GET', path: '/api/models', deadlineMs }), 'GET /api/models');

function idsOf(answer: unknown, asked: string): readonly string[] {
  const list = field(answer, 'data');
  if (!Array.isArray(list)) throw failed(`It answered ${asked} without a list of models.`);
  return list.map((entry) => field(entry, 'id')).filter((id) => typeof id === 'string');
}

const failed = (message: string): SparkError => new SparkError('UPSTREAM_FAILED', message);
