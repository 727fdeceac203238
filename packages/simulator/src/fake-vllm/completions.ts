import { type Engine, EngineDeadError } from './engine.ts';
import type { Exchange } from './exchange.ts';

/** What completions need to know of the server. */
export type CompletionContext = Readonly<{
  engine: Engine;
  isPooling: boolean;
  servedModelNames: readonly string[];
  maxModelLen: number;
  failsAlways: boolean;
  now: () => number;
}>;

const ENGINE_DEAD = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';
/** Of length 1, as embeddings are. */
const VECTOR: readonly number[] = [0.5, -0.5, 0.5, -0.5];

type Kind = 'chat' | 'text';
type Answer = Readonly<{ id: string; kind: Kind; model: string; created: number; promptTokens: number; maxTokens: number | null }>;

const countTokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4));
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function promptOf(kind: Kind, body: Record<string, unknown>): string | null {
  const prompt = kind === 'chat' ? body['messages'] : body['prompt'];
  if (kind === 'chat') return Array.isArray(prompt) && prompt.length > 0 ? JSON.stringify(prompt) : null;
  return typeof prompt === 'string' ? prompt : Array.isArray(prompt) && prompt.length > 0 ? prompt.join(' ') : null;
}

function positive(body: Record<string, unknown>, name: string): number | null | 'invalid' {
  const value = body[name];
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : 'invalid';
}

/** Checks the body as vLLM does; a refusal was sent when this returns `null`. */
function accept(exchange: Exchange, kind: Kind, body: unknown, context: CompletionContext, id: string): Answer | null {
  const refuse = (message: string, param: string | null): null => {
    exchange.error(400, 'BadRequestError', message, param);
    return null;
  };
  if (!isRecord(body)) return refuse('The request body must be a JSON object.', null);
  const model = body['model'] ?? context.servedModelNames[0];
  if (typeof model !== 'string') return refuse('Input should be a valid string', 'model');
  if (!context.servedModelNames.includes(model)) {
    exchange.error(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model');
    return null;
  }
  const prompt = promptOf(kind, body);
  if (prompt === null) return refuse('Field required', kind === 'chat' ? 'messages' : 'prompt');
  const asked = positive(body, 'max_completion_tokens') ?? positive(body, 'max_tokens') ?? (kind === 'text' ? 16 : null);
  if (asked === 'invalid') return refuse('max_tokens must be at least 1.', 'max_tokens');
  const promptTokens = countTokens(prompt);
  if (promptTokens + (asked ?? 1) > context.maxModelLen) {
    return refuse(
      `This model's maximum context length is ${context.maxModelLen} tokens. However, you requested ${promptTokens + (asked ?? 1)} tokens.`,
      'max_tokens',
    );
  }
  return { id, kind, model, created: Math.floor(context.now() / 1000), promptTokens, maxTokens: asked };
}

const usageOf = (answer: Answer, completionTokens: number): Record<string, number> => ({
  prompt_tokens: answer.promptTokens,
  total_tokens: answer.promptTokens + completionTokens,
  completion_tokens: completionTokens,
});

function chunk(answer: Answer, text: string, finishReason: string | null, isFirst: boolean): Record<string, unknown> {
  const choice =
    answer.kind === 'chat'
      ? { index: 0, delta: isFirst ? { role: 'assistant', content: text } : { content: text }, logprobs: null, finish_reason: finishReason }
      : { index: 0, text, logprobs: null, finish_reason: finishReason, stop_reason: null };
  const object = answer.kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  return { id: answer.id, object, created: answer.created, model: answer.model, choices: [choice] };
}

function whole(answer: Answer, text: string, finishReason: string, tokens: number): Record<string, unknown> {
  const choice =
    answer.kind === 'chat'
      ? {
          index: 0,
          message: { role: 'assistant', content: text, tool_calls: [] },
          logprobs: null,
          finish_reason: finishReason,
          stop_reason: null,
        }
      : { index: 0, text, logprobs: null, finish_reason: finishReason, stop_reason: null };
  const object = answer.kind === 'chat' ? 'chat.completion' : 'text_completion';
  return { id: answer.id, object, created: answer.created, model: answer.model, choices: [choice], usage: usageOf(answer, tokens) };
}

async function stream(exchange: Exchange, answer: Answer, context: CompletionContext, withUsage: boolean): Promise<void> {
  let tokens = 0;
  exchange.startStream();
  if (answer.kind === 'chat') exchange.event(chunk(answer, '', null, true));
  for await (const { text, finishReason } of context.engine.generate(answer.promptTokens, answer.maxTokens, exchange.gone)) {
    tokens += 1;
    exchange.event(chunk(answer, text, finishReason, false));
  }
  if (withUsage) exchange.event({ ...chunk(answer, '', null, false), choices: [], usage: usageOf(answer, tokens) });
  exchange.endStream();
}

async function answerWhole(exchange: Exchange, answer: Answer, context: CompletionContext): Promise<void> {
  let text = '';
  let tokens = 0;
  let reason = 'stop';
  for await (const piece of context.engine.generate(answer.promptTokens, answer.maxTokens, exchange.gone)) {
    text += piece.text;
    tokens += 1;
    reason = piece.finishReason ?? reason;
  }
  exchange.json(200, whole(answer, text, reason, tokens));
}

/** `POST /v1/chat/completions` and `/v1/completions`. */
export async function complete(exchange: Exchange, kind: Kind, body: unknown, context: CompletionContext, id: string): Promise<void> {
  if (context.isPooling) {
    const api = kind === 'chat' ? 'Chat Completions' : 'Completions';
    return exchange.error(400, 'BadRequestError', `The model does not support ${api} API`, null);
  }
  const answer = accept(exchange, kind, body, context, id);
  if (answer === null) return;
  if (context.failsAlways || context.engine.isDead) return exchange.error(500, 'InternalServerError', ENGINE_DEAD, null);
  const options = isRecord(body) ? body : {};
  const streamOptions = options['stream_options'];
  const withUsage = isRecord(streamOptions) && streamOptions['include_usage'] === true;
  try {
    if (options['stream'] === true) await stream(exchange, answer, context, withUsage);
    else await answerWhole(exchange, answer, context);
  } catch (error) {
    if (error instanceof EngineDeadError) exchange.error(500, 'InternalServerError', ENGINE_DEAD, null);
    else if (!exchange.gone.aborted) throw error;
  }
}

/** `POST /v1/embeddings`: the same vector for every input. */
export async function embed(exchange: Exchange, body: unknown, context: CompletionContext, id: string): Promise<void> {
  if (!context.isPooling) return exchange.error(400, 'BadRequestError', 'The model does not support Embeddings API', null);
  const asked = isRecord(body) ? body : {};
  const model = asked['model'] ?? context.servedModelNames[0];
  if (!context.servedModelNames.some((name) => name === model)) {
    return exchange.error(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model');
  }
  const inputs = (Array.isArray(asked['input']) ? asked['input'] : [asked['input']]).filter((input) => typeof input === 'string');
  if (inputs.length === 0) return exchange.error(400, 'BadRequestError', 'Field required', 'input');
  if (context.failsAlways || context.engine.isDead) return exchange.error(500, 'InternalServerError', ENGINE_DEAD, null);
  const promptTokens = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const data = inputs.map((_, index) => ({ index, object: 'embedding', embedding: VECTOR }));
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens, completion_tokens: 0 };
  exchange.json(200, { id, object: 'list', created: Math.floor(context.now() / 1000), model, data, usage });
}

/** `POST /tokenize`: four characters are one token here. */
export function tokenize(exchange: Exchange, body: unknown, maxModelLen: number): void {
  const prompt = isRecord(body) ? (promptOf('text', body) ?? promptOf('chat', body)) : null;
  if (prompt === null) {
    exchange.error(400, 'BadRequestError', 'Field required', 'prompt');
    return;
  }
  const count = countTokens(prompt);
  exchange.json(200, {
    count,
    max_model_len: maxModelLen,
    tokens: Array.from({ length: count }, (_, index) => index + 1),
    token_strs: null,
  });
}
