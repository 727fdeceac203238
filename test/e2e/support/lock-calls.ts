import type { WireGrant, WireLock, WireProblem, WireSwap } from '@spark-control/schema';

export type Reply = Readonly<{ status: number; body: unknown }>;

/** The lock of a server, and its swaps, as anybody with curl gets at it. */
export class LockCalls {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.#url}${path}`, { method, ...(body !== undefined && { headers, body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  }

  async show(): Promise<WireLock> {
    return (await this.call('GET', '/api/swap/lock')).body as WireLock;
  }

  async acquire(holder: string, reason: string): Promise<WireGrant> {
    const { status, body } = await this.call('POST', '/api/swap/lock', { holder, reason, ttl_seconds: 600 });
    if (status !== 201) throw new Error(`no lock for ${holder}: ${(body as WireProblem).detail}`);
    return body as WireGrant;
  }

  async release(lockId: string): Promise<number> {
    return (await this.call('DELETE', '/api/swap/lock', { lock_id: lockId })).status;
  }

  async renew(lockId: string): Promise<Reply> {
    return this.call('PUT', '/api/swap/lock', { lock_id: lockId });
  }

  async breakIt(): Promise<number> {
    return (await this.call('DELETE', '/api/swap/lock?force=true&reason=to%20see%20what%20happens')).status;
  }

  async swaps(): Promise<readonly WireSwap[]> {
    return ((await this.call('GET', '/api/swaps')).body as { items: readonly WireSwap[] }).items;
  }

  async newestSwap(): Promise<WireSwap | null> {
    return (await this.swaps())[0] ?? null;
  }
}
