export type Answer = Readonly<{ status: number; body: unknown }>;

export const ok = (body: unknown, status = 200): Answer => ({ status, body });

export const problem = (status: number, code: string, detail: string, more: Record<string, unknown> = {}): Answer => ({
  status,
  body: { type: `urn:stub:${code}`, title: code, status, detail, code, request_id: 'req_stub', remedy: 'Do as the test says.', ...more },
});
