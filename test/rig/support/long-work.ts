import type { WireOperation, WireOperationLogEvent } from '@spark-control/schema';
import { eventually } from './commands.ts';
import type { Answer, ControlPlane, ProblemBody } from './control-plane.ts';

/** What an answer has to be before a test goes on. Returns its body. */
export function expectStatus<T>({ status, body }: Answer<T | ProblemBody>, wanted: number): T {
  if (status !== wanted) throw new Error(`answered ${status} in place of ${wanted}: ${JSON.stringify(body)}`);
  return body as T;
}

/** Asks for long work, which has to be taken on. */
export async function begin(control: ControlPlane, path: string, body: object = {}): Promise<WireOperation> {
  return expectStatus(await control.call<WireOperation>('POST', path, body), 202);
}

/** Waits until an operation is over, however it ended. */
export function settledOperation(control: ControlPlane, { id }: Readonly<{ id: string }>, timeoutMs = 60_000): Promise<WireOperation> {
  return eventually(
    `operation ${id} to be over`,
    async () => {
      const { body } = await control.call<WireOperation>('GET', `/api/operations/${id}?wait_seconds=5`);
      return body.settled ? body : null;
    },
    timeoutMs,
  );
}

/** Waits until an operation has gone well. */
export async function succeeded(control: ControlPlane, operation: Readonly<{ id: string }>, timeoutMs?: number): Promise<WireOperation> {
  const over = await settledOperation(control, operation, timeoutMs);
  if (over.state !== 'succeeded') throw new Error(`${over.kind} ended as ${over.state}: ${JSON.stringify(over.cause)}`);
  return over;
}

export type StreamEvent = Readonly<{ event: string; id: number | null; data: unknown }>;

/** The stream of one operation, read as a browser would. */
export class OperationStream {
  readonly #aborter = new AbortController();
  readonly events: StreamEvent[] = [];
  text = '';
  #ended: Promise<void> = Promise.resolve();

  /** Resolves with the status when the stream is open. */
  async open(control: ControlPlane, id: string, lastEventId: number | null = null): Promise<number> {
    const headers: Record<string, string> = lastEventId === null ? {} : { 'last-event-id': String(lastEventId) };
    const answer = await fetch(`${control.url}/api/operations/${id}/stream`, { headers, signal: this.#aborter.signal });
    if (answer.status === 200 && answer.body !== null) this.#ended = this.#read(answer.body).catch(() => undefined);
    return answer.status;
  }

  /** Resolves when the server has ended the stream. */
  ended(): Promise<void> {
    return this.#ended;
  }

  close(): void {
    this.#aborter.abort();
  }

  names(): readonly string[] {
    return this.events.map(({ event }) => event);
  }

  operations(): readonly WireOperation[] {
    return this.events.filter(({ event }) => event !== 'log').map(({ data }) => data as WireOperation);
  }

  lines(): readonly string[] {
    return this.events.filter(({ event }) => event === 'log').map(({ data }) => (data as WireOperationLogEvent).line);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let buffer = '';
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      const text = decoder.decode(chunk, { stream: true });
      this.text += text;
      buffer += text;
      const frames = buffer.split('\n\n');
      buffer = frames.pop() ?? '';
      for (const frame of frames) this.#take(frame);
    }
  }

  #take(frame: string): void {
    const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? null;
    const data = field('data');
    if (data === null) return;
    const id = field('id');
    this.events.push({ event: field('event') ?? 'message', id: id === null ? null : Number(id), data: JSON.parse(data) as unknown });
  }
}
