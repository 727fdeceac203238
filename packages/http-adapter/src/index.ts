export { type AppDeps, createApp, DEFAULT_BODY_LIMIT_BYTES, type SparkApp } from './app.ts';
export { HttpModelEndpoint } from './endpoint/http-model-endpoint.ts';
export { renderErrorsDoc } from './errors/errors-doc.ts';
export { STATUS_BY_CODE } from './errors/status.ts';
export { listeningAddresses } from './middleware/host-guard.ts';
export { openApiDocument } from './routing/route-table.ts';
export { HttpWebhookSender, type HttpWebhookSenderDeps } from './webhooks/http-webhook-sender.ts';
export type { Resolve } from './webhooks/resolve-target.ts';
export type { Listener } from './webhooks/target-policy.ts';
