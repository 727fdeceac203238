import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CompletionContext, complete, embed, tokenize } from './completions.ts';
import { Exchange } from './exchange.ts';
import { metricsText } from './metrics-text.ts';
import { type ServeOptions, VLLM_VERSION } from './serve-options.ts';

export type SurfaceOptions = CompletionContext &
  Readonly<{
    options: ServeOptions;
    /** Seconds since the epoch at which the server started. */
    created: number;
    /** Called with an access log line for requests that do work; polls are left out to keep the log readable. */
    access: (line: string) => void;
  }>;

/** Paths as vLLM logs them at its start. */
export const ROUTES: readonly (readonly [path: string, method: string])[] = [
  ['/health', 'GET'],
  ['/load', 'GET'],
  ['/ping', 'GET'],
  ['/ping', 'POST'],
  ['/tokenize', 'POST'],
  ['/v1/models', 'GET'],
  ['/version', 'GET'],
  ['/v1/chat/completions', 'POST'],
  ['/v1/completions', 'POST'],
  ['/v1/embeddings', 'POST'],
  ['/metrics', 'GET'],
];

function modelCard(id: string, { options, created, maxModelLen }: SurfaceOptions): Record<string, unknown> {
  const permission = {
    id: `modelperm-${id}`,
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  };
  return {
    id,
    object: 'model',
    created,
    owned_by: 'vllm',
    root: options.model,
    parent: null,
    max_model_len: maxModelLen,
    permission: [permission],
  };
}

/** Handles every request of the model server's port. */
export function httpSurface(surface: SurfaceOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { engine, options } = surface;
  let requests = 0;

  const route = async (exchange: Exchange): Promise<void> => {
    switch (`${exchange.method} ${exchange.path}`) {
      case 'GET /health':
      case 'GET /ping':
      case 'POST /ping':
        return exchange.empty(engine.isDead ? 503 : 200);
      case 'GET /version':
        return exchange.json(200, { version: VLLM_VERSION });
      case 'GET /metrics':
        return exchange.text(200, metricsText(engine.counts, surface.servedModelNames[0] ?? options.model));
      case 'GET /load':
        return options.tracksLoad
          ? exchange.json(200, { server_load: engine.counts.running })
          : exchange.json(404, { detail: 'Not Found' });
      case 'GET /v1/models':
        return exchange.json(200, { object: 'list', data: surface.servedModelNames.map((name) => modelCard(name, surface)) });
      case 'POST /v1/embeddings':
        requests += 1;
        return embed(
          exchange,
          await exchange.body(),
          surface,
          `embd-${surface.created.toString(16)}${requests.toString(16).padStart(8, '0')}`,
        );
      case 'POST /tokenize':
        return tokenize(exchange, await exchange.body(), surface.maxModelLen);
      case 'POST /v1/chat/completions':
      case 'POST /v1/completions': {
        requests += 1;
        const isChat = exchange.path === '/v1/chat/completions';
        const id = `${isChat ? 'chatcmpl' : 'cmpl'}-${surface.created.toString(16)}${requests.toString(16).padStart(8, '0')}`;
        await complete(exchange, isChat ? 'chat' : 'text', await exchange.body(), surface, id);
        return surface.access(
          `${exchange.peer} - "${exchange.method} ${exchange.path} HTTP/1.1" ${exchange.status} ${exchange.status === 200 ? 'OK' : 'Error'}`,
        );
      }
      default: {
        const isKnown = ROUTES.some(([path]) => path === exchange.path);
        return exchange.json(isKnown ? 405 : 404, { detail: isKnown ? 'Method Not Allowed' : 'Not Found' });
      }
    }
  };

  return (request, response) => {
    const exchange = new Exchange(request, response);
    // The keys protect /v1 only, as in vLLM: health and metrics stay open.
    if (options.apiKeys.length > 0 && exchange.path.startsWith('/v1') && !options.apiKeys.includes(exchange.bearer() ?? '')) {
      return exchange.json(401, { error: 'Unauthorized' });
    }
    route(exchange).catch(() => exchange.abandon());
  };
}
