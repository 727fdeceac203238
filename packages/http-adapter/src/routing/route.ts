import type { ErrorCode } from '@spark-control/core';
import type { Static, TSchema } from '@spark-control/schema';
import type { Request, Response } from 'express';

/** What a caller's key must allow. `none`: anyone. */
export type Scope = 'none' | 'read' | 'inference' | 'control' | 'admin';

/** `body: undefined`: none at all. */
export type JsonAnswer = Readonly<{ kind: 'json'; status: number; body: unknown; headers: Readonly<Record<string, string>> }>;
/** Takes over the response. Rejects before the first byte, or handles its own trouble. */
export type StreamAnswer = Readonly<{ kind: 'stream'; open(request: Request, response: Response): Promise<void> }>;
export type Answer = JsonAnswer | StreamAnswer;

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): JsonAnswer => ({
  kind: 'json',
  status,
  body,
  headers,
});

/** Status 204. */
export const noContent = (): JsonAnswer => json(204, undefined);

export type RouteInput<Params, Query, Body> = Readonly<{
  params: Params;
  query: Query;
  body: Body;
  caller: string;
  request: Request;
}>;

type Shape<Schema> = Schema extends TSchema ? Static<Schema> : undefined;

export type RouteResponse = Readonly<{ description: string; schema: TSchema | null; mediaType?: string }>;

type RouteFacts<Params, Query, Body> = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/api/swap/{id}`. */
  path: `/${string}`;
  operationId: string;
  summary: string;
  tag: string;
  scope: Scope;
  params: Params;
  query: Query;
  body: Body;
  /** No body at all counts as `{}`. */
  bodyIsOptional?: boolean;
  /** Takes a lock id as header `X-Swap-Lock`. */
  takesLock?: boolean;
  responses: Readonly<Record<number, RouteResponse>>;
  /** Refusals of its own, beside those that every route may give. */
  errors: readonly ErrorCode[];
}>;

type Behaviour<Input> = {
  /**
   * Set on routes that take an `Idempotency-Key`. Resolves false when what the path and body name does not exist: a 404
   * comes before a replay, so those calls go straight to the handler.
   */
  isReplayable?(input: Input): boolean | Promise<boolean>;
  handle(input: Input): Answer | Promise<Answer>;
};

/** One row of the route table, as the machinery sees it. */
export type Route = RouteFacts<TSchema | null, TSchema | null, TSchema | null> & Readonly<Behaviour<RouteInput<unknown, unknown, unknown>>>;

/**
 * Declares one route. Its schemas type the input of its handler; they also check every request and make the OpenAPI
 * document, so that a route without a schema cannot exist.
 */
export function defineRoute<Params extends TSchema | null, Query extends TSchema | null, Body extends TSchema | null>(
  route: RouteFacts<Params, Query, Body> & Readonly<Behaviour<RouteInput<Shape<Params>, Shape<Query>, Shape<Body>>>>,
): Route {
  // Sound because the machinery hands over only input that these very schemas have accepted.
  return route as unknown as Route;
}
