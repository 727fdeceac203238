import { isOver, type OperationId } from '@spark-control/core';
import type { Request, Response } from 'express';
import type { StreamEvent } from '../streams/event-hub.ts';
import type { Frame } from '../streams/frame.ts';
import type { StreamClient } from '../streams/stream-client.ts';
import { lastEventIdOf, openStream, type StreamTools, sendPaced } from '../streams/stream-tools.ts';
import { operationNotFound } from './not-found.ts';

/**
 * `/api/operations/{id}/stream`: snapshot, the log so far, then live until it is over. Every event carries the whole operation, so that
 * after a known `Last-Event-ID` its present state stands for all that was missed. A stream that has ended answers 204 to one at its end.
 */
export function openOperationStream(tools: StreamTools, id: OperationId, request: Request, response: Response): Promise<void> {
  const framesOf = (event: StreamEvent): readonly Frame[] => {
    if (event.kind === 'operation_log') return event.id === id ? [tools.operationFrames.ofLine(id, event.line)] : [];
    return event.kind === 'operation' && event.operation.id === id ? [tools.operationFrames.ofStream(event.operation)] : [];
  };
  const start = (client: StreamClient): Promise<void> => begin(tools, id, client, request, response);
  return openStream(tools, request, response, 'settled', framesOf, start);
}

async function begin(tools: StreamTools, id: OperationId, client: StreamClient, request: Request, response: Response): Promise<void> {
  const { operationFrames: frames } = tools;
  const operation = await tools.operations.get(id);
  if (operation === null) throw operationNotFound(id);
  const known = lastEventIdOf(request, 2, operation.revision);
  if (isOver(operation) && known === operation.revision) {
    response.status(204).end();
    return;
  }
  client.begin();
  if (known === null) client.send(frames.named('snapshot', operation));
  await sendPaced(client, logOf(tools, id));
  // Not left to a live event, which came before this reader did.
  if (isOver(operation)) client.sendUncounted(frames.ofStream(operation));
  else if (known !== null && known < operation.revision) client.send(frames.ofStream(operation));
  client.goLive();
}

function* logOf({ operations, operationFrames }: StreamTools, id: OperationId): Generator<Frame> {
  for (const line of operations.logTail(id)) yield operationFrames.ofLine(id, line);
}
