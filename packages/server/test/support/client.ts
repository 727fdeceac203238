import { expect } from 'chai';

export type Body = Readonly<Record<string, unknown>>;

/** Settled or at the phase asked for, within this time, or the test fails. */
const PATIENCE_MS = 15_000;

export async function getJson<T = Body>(url: string): Promise<T> {
  const response = await fetch(url);
  expect(response.status, `GET ${url}`).to.be.below(500);
  return (await response.json()) as T;
}

export async function postJson<T = Body>(url: string, body: unknown): Promise<Readonly<{ status: number; body: T }>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}

export type WireSwapOf = Readonly<{
  id: string;
  phase: string;
  settled: boolean;
  model: string;
  cause: Readonly<{ code: string; message: string }> | null;
}>;

/** Asks for a swap that must be accepted. */
export async function requestSwap(url: string, model: string): Promise<WireSwapOf> {
  const { status, body } = await postJson<WireSwapOf>(`${url}/api/swap`, { model });
  expect(status, JSON.stringify(body)).to.equal(202);
  return body;
}

/** Follows a swap until `isThere`. */
export async function swapUntil(url: string, id: string, isThere: (swap: WireSwapOf) => boolean): Promise<WireSwapOf> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const swap = await getJson<WireSwapOf>(`${url}/api/swap/${id}`);
    if (isThere(swap)) return swap;
    if (performance.now() > until) throw new Error(`the swap stays in ${swap.phase}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const settled = (swap: WireSwapOf): boolean => swap.settled;

/** Asks again until `isThere` holds of the answer. */
export async function getUntil<T>(url: string, isThere: (body: T) => boolean): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const body = await getJson<T>(url);
    if (isThere(body)) return body;
    if (performance.now() > until) throw new Error(`${url} stays ${JSON.stringify(body).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
