import type { OperationDesk, SparkCore } from '@spark-control/core';
import type { Request, Response } from 'express';
import { addressOf } from '../middleware/caller.ts';
import { requestIdOf } from '../middleware/request-id.ts';
import type { OperationFrames } from '../operations/frames.ts';
import type { SwapViews } from '../swaps/view.ts';
import type { EventHub, Reader } from './event-hub.ts';
import { FAREWELL, type Frame, GREETING } from './frame.ts';
import type { EventFrames, LogFrames, SwapFrames } from './frames-of-events.ts';
import { type StreamClient, writeStreamHead } from './stream-client.ts';
import type { StreamLimits } from './stream-limits.ts';

export type StreamTools = Readonly<{
  core: SparkCore;
  operations: OperationDesk;
  hub: EventHub;
  limits: StreamLimits;
  swapViews: SwapViews;
  swapFrames: SwapFrames;
  eventFrames: EventFrames;
  logFrames: LogFrames;
  operationFrames: OperationFrames;
  /** The first event of `/api/events`. */
  statusView(lastEventId: number): Promise<unknown>;
}>;

/**
 * `position`: number for a snapshot that is read from now on. `resumeAfter`: a `Last-Event-ID` whose successors are all still
 * kept; `null` asks for a snapshot.
 */
export type Joined = Readonly<{ client: StreamClient; position: number; resumeAfter: number | null }>;

/** Opens one stream of journalled events. Otherwise as {@link openStream}. */
export function joinStream(
  tools: StreamTools,
  request: Request,
  response: Response,
  lastEvent: string | null,
  framesOf: Reader['framesOf'],
  start: (joined: Joined) => Promise<void>,
): Promise<void> {
  return openStream(tools, request, response, lastEvent, framesOf, async (client, before) => {
    const { oldest, newest } = await tools.core.eventRange();
    const resumeAfter = lastEventIdOf(request, oldest, newest);
    await start({ client, position: before ?? newest, resumeAfter });
  });
}

/**
 * Opens one stream: takes a place, listens, then lets `start` write the snapshot or the replay. `start` rejects before its
 * first byte when there is nothing to stream. `before`: the last numbered event that this reader will not get.
 */
export async function openStream(
  tools: StreamTools,
  request: Request,
  response: Response,
  lastEvent: string | null,
  framesOf: Reader['framesOf'],
  start: (client: StreamClient, before: number | null) => Promise<void>,
): Promise<void> {
  if (tools.hub.closing.aborted) return greetAndLeave(response);
  const release = tools.limits.acquire(addressOf(request));
  response.once('close', release);
  const client = tools.hub.client(response, lastEvent, requestIdOf(request));
  const reader: Reader = { client, framesOf };
  const before = tools.hub.add(reader, response);
  try {
    await start(client, before);
  } catch (error) {
    tools.hub.remove(reader);
    release();
    throw error;
  }
}

/** A `Last-Event-ID` that was given out and from which nothing is lost since; else `null`. */
export function lastEventIdOf(request: Request, oldest: number, newest: number): number | null {
  const header = request.get('last-event-id');
  if (header === undefined || !/^\d{1,15}$/.test(header)) return null;
  const id = Number(header);
  return id >= oldest - 1 && id <= newest ? id : null;
}

/** Writes a replay, one reader's pace at a time. */
export async function sendPaced(client: StreamClient, frames: Iterable<Frame>): Promise<void> {
  for (const frame of frames) {
    if (!client.isOpen) return;
    client.send(frame);
    await client.drained();
  }
}

function greetAndLeave(response: Response): void {
  writeStreamHead(response);
  response.end(Buffer.concat([GREETING, FAREWELL]));
}
