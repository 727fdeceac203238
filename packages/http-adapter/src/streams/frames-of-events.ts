import { type CoreEvent, isSettled, type NumberedEvent, type NumberedLogLine, type SparkCore, type SwapId } from '@spark-control/core';
import type { WireLogEvent, WireSwapLogEvent } from '@spark-control/schema';
import { clusterViewOf } from '../clusters/view.ts';
import type { PinOf } from '../hosts/pins.ts';
import { hostEventsOf } from '../hosts/view.ts';
import { lockViewOf } from '../locks/view.ts';
import type { OperationFrames } from '../operations/frames.ts';
import type { SwapViews } from '../swaps/view.ts';
import { timestamp } from '../wire-time.ts';
import type { StreamEvent } from './event-hub.ts';
import { type Frame, frameOf } from './frame.ts';

/** Makes the frames of each event once, however many readers ask for them. */
class FrameCache {
  readonly #made = new WeakMap<StreamEvent, Promise<readonly Frame[]>>();

  get(event: StreamEvent, make: () => Promise<readonly Frame[]>): Promise<readonly Frame[]> {
    let frames = this.#made.get(event);
    if (frames === undefined) {
      frames = make();
      this.#made.set(event, frames);
    }
    return frames;
  }
}

const NONE: readonly Frame[] = [];

/** Frames of `/api/swap/{id}/stream`: phase, progress, settled. */
export class SwapFrames {
  readonly #cache = new FrameCache();
  readonly #views: SwapViews;

  constructor(views: SwapViews) {
    this.#views = views;
  }

  async of(event: NumberedEvent): Promise<readonly Frame[]> {
    if (event.kind === 'model' || event.kind === 'lock') return NONE;
    const name = event.kind === 'progress' ? 'progress' : isSettled(event.swap) ? 'settled' : 'phase';
    return this.#cache.get(event, async () => [frameOf(name, await this.#views.view(event.swap, { at: event.at }), event.id)]);
  }
}

/** Frames of `/api/events`: swap, model, lock, host, operation. Every one is a whole object, never a difference. */
export class EventFrames {
  readonly #cache = new FrameCache();
  readonly #views: SwapViews;
  readonly #core: SparkCore;
  readonly #operations: OperationFrames;
  readonly #pinOf: PinOf;

  constructor(core: SparkCore, views: SwapViews, operations: OperationFrames, pinOf: PinOf) {
    this.#core = core;
    this.#views = views;
    this.#operations = operations;
    this.#pinOf = pinOf;
  }

  async of(event: StreamEvent): Promise<readonly Frame[]> {
    switch (event.kind) {
      case 'swap':
      case 'progress':
        return this.#cache.get(event, async () => [frameOf('swap', await this.#views.view(event.swap, { at: event.at }), event.id)]);
      case 'model':
        return this.#cache.get(event, async () => clusterViewOf(this.#core, event.view).map((view) => frameOf('model', view, event.id)));
      case 'lock':
        return this.#cache.get(event, async () => lockViewOf(this.#core, event.lock).map((view) => frameOf('lock', view, event.id)));
      case 'host':
        return this.#cache.get(event, async () => hostEventsOf(this.#core, this.#pinOf, event).map((view) => frameOf('host', view)));
      case 'operation':
        return [this.#operations.ofEventStream(event.operation)];
      case 'log':
      case 'operation_log':
        return NONE;
      default:
        return event satisfies never;
    }
  }
}

/** Frames of log lines, for the two kinds of streams. They carry their own `seq` and no id. */
export class LogFrames {
  readonly #forSwap = new WeakMap<CoreEvent, Frame>();
  readonly #forAll = new WeakMap<CoreEvent, Frame>();

  ofSwapStream(event: CoreEvent & { kind: 'log' }): Frame {
    return cached(this.#forSwap, event, () => swapLogFrame(event.swapId, { ...event.line, seq: event.seq }));
  }

  ofEventStream(event: CoreEvent & { kind: 'log' }): Frame {
    return cached(this.#forAll, event, () => eventLogFrame(event.swapId, { ...event.line, seq: event.seq }));
  }
}

function cached(frames: WeakMap<CoreEvent, Frame>, event: CoreEvent, make: () => Frame): Frame {
  const frame = frames.get(event) ?? make();
  frames.set(event, frame);
  return frame;
}

export function swapLogFrame(swap: SwapId, { seq, host, at, line }: NumberedLogLine): Frame {
  const data: WireSwapLogEvent = { seq, host, at: timestamp(at), line };
  return frameOf('log', data, null, { of: swap, seq });
}

export function eventLogFrame(swap: SwapId, { seq, host, at, line }: NumberedLogLine): Frame {
  const data: WireLogEvent = { swap_id: swap, seq, host, at: timestamp(at), line };
  return frameOf('log', data, null, { of: swap, seq });
}
