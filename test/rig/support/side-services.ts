import { eventually } from './commands.ts';
import { IMAGES } from './image.ts';
import type { SparkHost } from './spark-host.ts';

/** Ports of the services of one {@link startSideServices}, by the kind that answers there. */
export const SIDE_PORTS = {
  asr: 9_101,
  diarizer: 9_102,
  tts: 9_103,
  embeddings: 9_104,
  openai: 9_105,
  open_webui: 9_106,
  http: 9_107,
} as const;

/** Servers that answer what each kind of service is asked, as the real ones do. The web UI wants the key `sk-webui`. Text for sh's single quotes. */
const PROGRAM = `
const { createServer } = require("http");
const json = (response, body, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const answers = {
  "POST /v1/audio/transcriptions": (q, r, body) => json(r, body.includes("RIFF") ? { text: "ready" } : { detail: "no audio" }, body.includes("RIFF") ? 200 : 400),
  "POST /v1/audio/diarize": (q, r) => json(r, { segments: [{ speaker: "A", start: 0, end: 0.4 }] }),
  "POST /v1/audio/speech": (q, r) => r.writeHead(200, { "content-type": "audio/wav" }).end(Buffer.alloc(2000, 1)),
  "POST /v1/embeddings": (q, r) => json(r, { data: [{ embedding: [0.1, 0.2, 0.3] }] }),
  "GET /v1/models": (q, r) => json(r, { data: [{ id: "little-one" }] }),
  "POST /v1/chat/completions": (q, r) => json(r, { choices: [{ message: { role: "assistant", content: "x" }, finish_reason: "length" }], usage: { completion_tokens: 1 } }),
  "POST /v1/completions": (q, r) => json(r, { choices: [{ text: "x", finish_reason: "length" }], usage: { completion_tokens: 1 } }),
  "GET /api/models": (q, r) => q.headers.authorization === "Bearer sk-webui" ? json(r, { data: [{ id: "alpha" }] }) : json(r, {}, 401),
  "GET /health": (q, r) => json(r, { status: "ok" }),
};
for (const port of ${JSON.stringify(Object.values(SIDE_PORTS))}) createServer((request, response) => {
  let body = "";
  request.setEncoding("latin1").on("data", (text) => { body += text; }).on("end", () => {
    const answer = answers[request.method + " " + request.url.split("?")[0]];
    answer ? answer(request, response, body) : json(response, {}, 404);
  });
}).listen(port);
// More than the least cap.
const held = Buffer.alloc(100 << 20, 1);
console.log(held.length, "serving; NGC_API_KEY=nvapi-0123456789abcdefghijklmnopqrstuvwxyz");
process.on("SIGTERM", () => process.exit());
`;

/** All of them in one container of a host. */
export async function startSideServices(host: SparkHost, name: string): Promise<void> {
  await host.docker('run', '-d', '--network', 'host', '--name', name, '--restart', 'unless-stopped', IMAGES.node, 'node', '-e', PROGRAM);
  await eventually(`${name} on ${host.name}`, async () => {
    const answer = await fetch(`http://${host.address}:${SIDE_PORTS.http}/health`).catch(() => null);
    return answer?.ok;
  });
}
