import { isSettled, type SwapId } from '@spark-control/core';
import type { Request, Response } from 'express';
import { swapNotFound } from '../swaps/swap-not-found.ts';
import type { StreamEvent } from './event-hub.ts';
import { type Frame, frameOf } from './frame.ts';
import { swapLogFrame } from './frames-of-events.ts';
import { type Joined, joinStream, type StreamTools, sendPaced } from './stream-tools.ts';

/**
 * `/api/swap/{id}/stream`: snapshot (or what came after a known `Last-Event-ID`), the log so far, then live until the swap
 * settles. A stream that has ended answers 204 to a `Last-Event-ID` at its end, which stops an EventSource.
 */
export function openSwapStream(tools: StreamTools, id: SwapId, request: Request, response: Response): Promise<void> {
  const framesOf = async (event: StreamEvent) => {
    if (event.kind === 'host' || event.kind === 'operation' || event.kind === 'operation_log' || event.swapId !== id) return [];
    return event.kind === 'log' ? [tools.logFrames.ofSwapStream(event)] : tools.swapFrames.of(event);
  };
  return joinStream(tools, request, response, 'settled', framesOf, (joined) => start(tools, id, joined, response));
}

async function start(tools: StreamTools, id: SwapId, { client, position, resumeAfter }: Joined, response: Response): Promise<void> {
  const { core } = tools;
  const swap = await core.swap(id);
  if (swap === null) throw swapNotFound(id);
  const view = await tools.swapViews.view(swap);
  if (resumeAfter === null) {
    client.begin();
    client.sendUncounted(frameOf('snapshot', view, position));
    await sendPaced(client, logOf(tools, id));
  } else {
    if (isSettled(swap) && (await core.replay(resumeAfter, 1, id)).length === 0) {
      response.status(204).end();
      return;
    }
    client.begin();
    await sendPaced(client, logOf(tools, id));
    for await (const event of tools.hub.replay(resumeAfter, id)) await sendPaced(client, await tools.swapFrames.of(event));
  }
  // Not left to a live event, which came before this reader did. A replay may have ended the stream with it already.
  if (isSettled(swap)) client.sendUncounted(frameOf('settled', view, (await core.eventRange()).newest));
  client.goLive();
}

function* logOf({ core }: StreamTools, id: SwapId): Generator<Frame> {
  for (const line of core.logTail(id)) yield swapLogFrame(id, line);
}
