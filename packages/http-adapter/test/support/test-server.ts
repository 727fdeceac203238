import { Agent, createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOperationDesk, createScheduleDesk, type Ids, type LogFields, type Logger } from '@spark-control/core';
import { FakeClock } from '../../../core/test/support/fake-clock.ts';
import { MemoryAnswers } from '../../../core/test/support/memory-answers.ts';
import { MemoryAudit } from '../../../core/test/support/memory-audit.ts';
import { MemoryOperations } from '../../../core/test/support/memory-operations.ts';
import { MemorySchedules } from '../../../core/test/support/memory-schedules.ts';
import { PlainCalendar } from '../../../core/test/support/plain-calendar.ts';
import { type AppDeps, createApp, type SparkApp } from '../../src/index.ts';
import { automationsOver } from './automations-over.ts';
import { ScriptedCore } from './scripted-core.ts';
import { ScriptedSettings } from './scripted-settings.ts';
import { ScriptedWebhooks } from './scripted-webhooks.ts';

export type LogEntry = Readonly<{ level: string; message: string; fields: LogFields }>;

export type TestServer = Readonly<{
  url: string;
  port: number;
  core: ScriptedCore;
  audit: MemoryAudit;
  clock: FakeClock;
  logs: LogEntry[];
  server: Server;
  closeStreams: SparkApp['closeStreams'];
  close(): Promise<void>;
}>;

/** The real app on a port of its own, over a scripted core and a clock that stands still. */
export async function startServer(over: Partial<AppDeps> = {}, core = new ScriptedCore()): Promise<TestServer> {
  const clock = new FakeClock();
  const logs: LogEntry[] = [];
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void logs.push({ level, message, fields });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const audit = new MemoryAudit();
  let idCount = 0;
  const ids: Ids = { next: (prefix) => `${prefix}_${idCount++}` };
  const { app, closeStreams } = createApp({
    core,
    webhooks: new ScriptedWebhooks(),
    settings: new ScriptedSettings(),
    answers: new MemoryAnswers(),
    audit,
    schedules: createScheduleDesk({
      store: new MemorySchedules(audit),
      calendar: new PlainCalendar(),
      clock,
      logger,
      core,
      automations: async () => [],
    }),
    automations: automationsOver(core, { clock }),
    operations: createOperationDesk({ store: new MemoryOperations(audit), clock, ids, logger, isSimulated: false }),
    clock,
    ids,
    logger,
    version: '1.2.3',
    listenHost: '127.0.0.1',
    allowedHosts: [],
    bodyLimitBytes: 64 * 1024,
    cookieSecret: 'a secret of the tests',
    webRoot: null,
    ...over,
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    closeStreams();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${port}`, port, core, audit, clock, logs, server, closeStreams, close };
}

export type Answer = Readonly<{ status: number; headers: IncomingHttpHeaders; text: string }>;
export type Ask = Readonly<{ method?: string; headers?: Record<string, string>; body?: string | Buffer }>;

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request, with full control over its headers. */
export function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Without a length Node would send the body of a DELETE unframed.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers: { ...length, ...headers }, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export const post = (port: number, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(port, path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

export const bodyOf = <T = Record<string, unknown>>(answer: Answer): T => JSON.parse(answer.text) as T;
