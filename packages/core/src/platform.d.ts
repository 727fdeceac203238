// The few globals that core may use. They exist in Node and in browsers; nothing here does I/O or knows the time.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean; signal?: AbortSignal }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: { new (): AbortController };

interface URL {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

declare const URL: { new (url: string): URL };
