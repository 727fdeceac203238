#!/usr/bin/env node
// Tells OpenClaw which model Spark Control serves. It receives the webhook `swap_complete`, checks its signature, and sets the
// provider's base URL, its model entry and the default model through OpenClaw's own Gateway; nothing else is written.
// Needs Node 20 or newer and nothing besides. docs/openclaw.md says how to set it up; the settings are below.
import { execFile } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

const env = process.env;
const SECRET_FILE = env.SPARK_WEBHOOK_SECRET_FILE;
const SECRET = env.SPARK_WEBHOOK_SECRET;
const HOST = env.LISTEN_HOST ?? '127.0.0.1';
const PORT = Number(env.LISTEN_PORT ?? 18790);
const OPENCLAW = env.OPENCLAW_BIN ?? 'openclaw';
const PROVIDER = env.OPENCLAW_PROVIDER ?? 'spark';
/** Only swaps of this cluster count; without it those of every cluster do. */
const CLUSTER = env.SPARK_CLUSTER;
const STATE_FILE = env.STATE_FILE ?? join(homedir(), '.openclaw-receiver.json');
const RETRY_MS = Number(env.RETRY_SECONDS ?? 60) * 1_000;

const MAX_BODY_BYTES = 256 * 1024;
const TOLERANCE_SECONDS = 300;
const KEPT_IDS = 200;

// What openclaw is started with: all but the secret, which is none of its business.
const { SPARK_WEBHOOK_SECRET: _secret, ...openclawEnv } = env;

const log = (text) => console.log(`${new Date().toISOString()} ${text}`);

/** What has to outlive a restart: the last sequence taken, the last ids, and the endpoint that is still to be set. */
let state = readState();
let isWorking = false;
let retryTimer;

const server = createServer((request, response) => {
  receive(request).then(
    ([status, text]) => response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text),
    (error) => {
      log(`an event could not be taken: ${error.message}`);
      response.writeHead(500, { connection: 'close' }).end();
    },
  );
});

/** Answers as soon as the event is safe on disk; OpenClaw may take longer than a sender waits. */
async function receive(request) {
  if (request.method !== 'POST') return [405, 'Only POST.\n'];
  const body = await bodyOf(request);
  if (body === null) return [413, 'Too long.\n'];
  const id = request.headers['webhook-id'];
  const fault = faultOf(request.headers, body);
  if (fault !== null) {
    log(`refused: ${fault}`);
    return [401, `${fault}\n`];
  }
  const event = parse(body);
  if (event === null) return [400, 'Not an event.\n'];
  const verdict = take(id, event);
  if (verdict !== null) log(`${event.type} ${event.sequence}: ${verdict}`);
  work();
  return [200, ''];
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Standard Webhooks: the signature covers id, time and body; while a secret is rotated there are several. */
function faultOf(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !/^\d+$/.test(timestamp ?? '') || !signatures) return 'The headers of Standard Webhooks are missing.';
  const given = signatures.split(' ').filter((signature) => signature.startsWith('v1,'));
  const isSigned = secrets().some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
    return given.some((signature) => signature.length === expected.length && timingSafeEqual(Buffer.from(signature), expected));
  });
  if (!isSigned) return 'The signature is wrong.';
  const age = Math.abs(Date.now() / 1_000 - Number(timestamp));
  return age > TOLERANCE_SECONDS ? 'The timestamp is off by more than 5 minutes; check the clocks.' : null;
}

/** One per line, so that old and new can stand together; read for every event, so that a rotation needs no restart. */
function secrets() {
  const text = SECRET_FILE === undefined ? (SECRET ?? '') : readFileSync(SECRET_FILE, 'utf8');
  return text.split(/\s+/).filter((secret) => secret !== '');
}

function parse(body) {
  try {
    const event = JSON.parse(body);
    return typeof event?.type === 'string' && Number.isInteger(event.sequence) && typeof event.data === 'object' ? event : null;
  } catch {
    return null;
  }
}

/** Notes what the event asks for. Returns why it asks for nothing, `null` when it does. */
function take(id, { type, sequence, data }) {
  if (type !== 'swap_complete') return 'nothing to do';
  if (CLUSTER !== undefined && data?.cluster !== CLUSTER) return 'of another cluster';
  if (state.ids.includes(id)) return 'came before';
  const isOld = sequence <= state.sequence;
  const endpoint = endpointOf(data);
  save({
    sequence: Math.max(sequence, state.sequence),
    ids: [...state.ids, id].slice(-KEPT_IDS),
    pending: isOld ? state.pending : endpoint,
  });
  if (isOld) return `older than ${state.sequence}, which came before`;
  return endpoint === null ? 'nothing serves now; OpenClaw stays as it is' : null;
}

function endpointOf(data) {
  const { base_url: baseUrl, model_id: modelId, max_model_len: maxModelLen } = data?.endpoint ?? {};
  if (typeof modelId !== 'string' || typeof baseUrl !== 'string' || !/^https?:\/\//.test(baseUrl)) return null;
  return { baseUrl, modelId, maxModelLen: Number.isInteger(maxModelLen) ? maxModelLen : null };
}

/** Sets what is pending, one at a time; a newer event takes the place of one that could not be set yet. */
async function work() {
  clearTimeout(retryTimer);
  if (isWorking) return;
  isWorking = true;
  try {
    for (let { pending } = state; pending !== null; { pending } = state) {
      const hasChanged = await setEndpoint(pending);
      log(`OpenClaw ${hasChanged ? 'now uses' : 'already used'} ${PROVIDER}/${pending.modelId} at ${pending.baseUrl}`);
      if (state.pending === pending) save({ ...state, pending: null });
    }
  } catch (error) {
    log(`OpenClaw could not be told, next try in ${RETRY_MS / 1_000} s: ${error.message}`);
    retryTimer = setTimeout(work, RETRY_MS);
  } finally {
    isWorking = false;
  }
}

/** Read, change, write back with the hash of what was read. Somebody else may write in between: then once more. */
async function setEndpoint(endpoint) {
  for (let isRetry = false; ; isRetry = true) {
    const { hash, config } = await readConfig();
    const patch = patchOf(config, endpoint);
    if (patch === null) return false;
    try {
      await gateway('config.patch', { raw: JSON.stringify(patch), baseHash: hash });
      return true;
    } catch (error) {
      if (isRetry || !/changed since|base ?hash|hash (mismatch|conflict)/i.test(error.message)) throw error;
      log('OpenClaw was configured by somebody else meanwhile; reading it again');
    }
  }
}

async function readConfig() {
  const answer = await gateway('config.get', {});
  const { hash, parsed, config } = answer.payload ?? answer;
  if (typeof hash !== 'string') throw new Error('config.get gave no hash');
  // As it is written in the file where that says it all: then no default becomes a setting.
  return { hash, config: parsed?.models?.providers?.[PROVIDER] === undefined ? config : parsed };
}

/** The JSON merge patch, `null` when there is nothing to change. Arrays are replaced as a whole, so the other models go with it. */
function patchOf(config, { baseUrl, modelId, maxModelLen }) {
  const provider = config?.models?.providers?.[PROVIDER];
  if (provider === undefined)
    throw new Error(`there is no provider "${PROVIDER}" in its configuration yet; docs/openclaw.md has one to copy`);
  const before = provider.models ?? [];
  const known = before.find(({ id }) => id === modelId);
  const entry = { ...(known ?? { id: modelId, name: modelId }), ...(maxModelLen !== null && { contextWindow: maxModelLen }) };
  const models = known === undefined ? [...before, entry] : before.map((model) => (model === known ? entry : model));
  const primary = `${PROVIDER}/${modelId}`;
  const model = config.agents?.defaults?.model;
  const isSame = provider.baseUrl === baseUrl && JSON.stringify(models) === JSON.stringify(before) && (model?.primary ?? model) === primary;
  return isSame ? null : { models: { providers: { [PROVIDER]: { baseUrl, models } } }, agents: { defaults: { model: { primary } } } };
}

function gateway(method, params) {
  const args = ['gateway', 'call', method, '--params', JSON.stringify(params), '--json'];
  return new Promise((resolve, reject) => {
    execFile(OPENCLAW, args, { timeout: 60_000, env: openclawEnv, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error)
        return reject(
          new Error(`${method} failed: ${(stderr || stdout || error.code || 'no reason given').toString().trim().slice(0, 500)}`),
        );
      try {
        resolve(JSON.parse(stdout.slice(stdout.indexOf('{'))));
      } catch {
        reject(new Error(`${method} answered something else than JSON`));
      }
    });
  });
}

function readState() {
  try {
    return { sequence: 0, ids: [], pending: null, ...JSON.parse(readFileSync(STATE_FILE, 'utf8')) };
  } catch (error) {
    if (error.code === 'ENOENT') return { sequence: 0, ids: [], pending: null };
    throw new Error(`${STATE_FILE} cannot be read (${error.message}); repair or remove it`);
  }
}

/** Written beside and moved into place, so that a crash leaves the old one or the new one. */
function save(next) {
  writeFileSync(`${STATE_FILE}.new`, JSON.stringify(next), { mode: 0o600, flush: true });
  renameSync(`${STATE_FILE}.new`, STATE_FILE);
  state = next;
}

if (secrets().length === 0) {
  console.error('Put the secret of the webhook into a file and name it in SPARK_WEBHOOK_SECRET_FILE.');
  process.exit(2);
}
server.listen(PORT, HOST, () => {
  log(`listening on ${HOST} port ${server.address().port}`);
  work();
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
