import { type Clock, isOver, type Operation, type OperationId, type OperationLogLine } from '@spark-control/core';
import { type Frame, frameOf } from '../streams/frame.ts';
import { operationLogView, operationView } from './view.ts';

/** Frames of operations, made once of each state and line, however many readers ask for them. */
export class OperationFrames {
  readonly #clock: Clock;
  readonly #own = new WeakMap<Operation, Frame>();
  readonly #forAll = new WeakMap<Operation, Frame>();
  readonly #lines = new WeakMap<OperationLogLine, Frame>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `progress` or `settled` of the operation's own stream, numbered by its revision. */
  ofStream(operation: Operation): Frame {
    return cached(this.#own, operation, () => this.named(isOver(operation) ? 'settled' : 'progress', operation));
  }

  named(event: 'snapshot' | 'progress' | 'settled', operation: Operation): Frame {
    return frameOf(event, operationView(operation, this.#clock.now()), operation.revision);
  }

  /** Of `/api/events`, whose numbers are those of the journal: so it has none. */
  ofEventStream(operation: Operation): Frame {
    return cached(this.#forAll, operation, () => frameOf('operation', operationView(operation, this.#clock.now())));
  }

  ofLine(id: OperationId, line: OperationLogLine): Frame {
    return cached(this.#lines, line, () => frameOf('log', operationLogView(line), null, { of: id, seq: line.seq }));
  }
}

function cached<Key extends object>(frames: WeakMap<Key, Frame>, key: Key, make: () => Frame): Frame {
  const frame = frames.get(key) ?? make();
  frames.set(key, frame);
  return frame;
}
