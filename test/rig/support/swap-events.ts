import type { WireSwap } from '@spark-control/schema';
import type { ControlPlane } from './control-plane.ts';

/** The stream of one swap, read from its beginning as a browser would. */
export class SwapEvents {
  readonly #aborter = new AbortController();
  readonly #phases: string[] = [];
  #buffer = '';
  #changed: () => void = () => {};

  /** Resolves when the stream is open. */
  async open(control: ControlPlane, id: string): Promise<this> {
    const answer = await fetch(`${control.url}/api/swap/${id}/stream`, { signal: this.#aborter.signal });
    if (answer.body === null || !answer.ok) throw new Error(`the stream of ${id} was answered ${answer.status}`);
    this.#read(answer.body).catch(() => undefined); // it ends with the swap, with the control plane, or with close()
    return this;
  }

  /** Resolves with the phase as soon as one of `phases` was shown: a short one may be over before anybody can look, so name those after it too. */
  async reached(phases: readonly string[]): Promise<string> {
    for (;;) {
      const found = this.#phases.find((phase) => phases.includes(phase));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  close(): void {
    this.#aborter.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      this.#buffer += decoder.decode(chunk, { stream: true });
      const frames = this.#buffer.split('\n\n');
      this.#buffer = frames.pop() ?? '';
      for (const frame of frames) this.#take(frame);
      this.#changed();
    }
  }

  #take(frame: string): void {
    const data = /^data: (.*)$/m.exec(frame)?.[1];
    if (data === undefined || /^event: log$/m.test(frame)) return;
    const { phase } = JSON.parse(data) as WireSwap;
    if (phase !== this.#phases.at(-1)) this.#phases.push(phase);
  }
}
