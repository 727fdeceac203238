import { type SwapId, swapId } from '@spark-control/core';
import type { Request, Response } from 'express';
import type { StreamEvent } from './event-hub.ts';
import { type Frame, frameOf } from './frame.ts';
import { eventLogFrame } from './frames-of-events.ts';
import { joinStream, type StreamTools, sendPaced } from './stream-tools.ts';

/** `/api/events`: everything the dashboard shows; log lines only of the swaps in `logs`. */
export function openEventStream(tools: StreamTools, logs: readonly string[], request: Request, response: Response): Promise<void> {
  const followed: readonly SwapId[] = logs.map(swapId);
  const framesOf = async (event: StreamEvent) => {
    if (event.kind !== 'log') return tools.eventFrames.of(event);
    return followed.includes(event.swapId) ? [tools.logFrames.ofEventStream(event)] : [];
  };
  return joinStream(tools, request, response, null, framesOf, async ({ client, position, resumeAfter }) => {
    if (resumeAfter === null) {
      const status = await tools.statusView(position);
      client.begin();
      client.sendUncounted(frameOf('snapshot', status, position));
    } else {
      client.begin();
      for await (const event of tools.hub.replay(resumeAfter)) await sendPaced(client, await tools.eventFrames.of(event));
      // They have no numbers here, so that nobody knows what this reader missed of them.
      await sendPaced(
        client,
        tools.operations
          .recent()
          .toReversed()
          .map((operation) => tools.operationFrames.ofEventStream(operation)),
      );
    }
    for (const id of followed) await sendPaced(client, logOf(tools, id));
    client.goLive();
  });
}

function* logOf({ core }: StreamTools, id: SwapId): Generator<Frame> {
  for (const line of core.logTail(id)) yield eventLogFrame(id, line);
}
