#!/usr/bin/env node
import { existsSync, realpathSync } from 'node:fs';
import type { Server } from 'node:http';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { type Issue, isSparkError, type Logger } from '@spark-control/core';
import { createSparkControl, type SparkControl } from './create-spark-control.ts';
import { defaultConfigFolder } from './default-config.ts';
import { failpointFrom } from './failpoints.ts';
import { createJsonLogger, type LogLevel } from './json-logger.ts';
import { listen, stop, urlOf } from './listen.ts';
import { VERSION } from './version.ts';

const HELP = `Spark Control ${VERSION}: swaps the model on a small GPU cluster, safely, while everyone can watch.

Usage: npm start                 in a clone, or: npx spark-control
       spark-control init        write a spark.yaml by asking, or from flags
       spark-control doctor      test everything and say what to fix

Environment
  HOST, PORT              address to listen on (127.0.0.1, 9999)
  SPARK_CONTROL_DATA      folder of the state (./data)
  SPARK_CONTROL_CONFIG    folder of models.yaml, services.yaml, spark.yaml (./config, or the models that come with the package)
  SPARK1_HOST, SPARK1_USER, SPARK1_FINGERPRINT, SPARK1_KEY_FILE, SPARK2_...   hosts, in place of spark.yaml
  LAUNCHER_DIR            folder of launch-cluster.sh on the first of these hosts
  VLLM_PORT, VLLM_CONTAINER, VLLM_IMAGE, LAUNCHER, MODEL_ROOTS   of clusters that the file says nothing of
  MODELS_OVERRIDES, SERVICES_OVERRIDES   files of changes (in the data folder); DISABLED_SERVICES hides services
  ALLOWED_HOSTS           further names under which this server is called, comma separated
  BODY_LIMIT_BYTES, DRAIN_SECONDS, POLL_..._SECONDS, DEADLINE_...   limits, as in spark.yaml; GET /api/settings lists them
  SWAP_WEBHOOK_URL        is told of every event; SWAP_WEBHOOK_SECRET signs (24 to 64 bytes in base64)
  LOG_LEVEL               debug, info, warn (default) or error
  SPARK_SIMULATION_SPEED  simulated seconds in one second, when no host is configured (1)

Without any host it runs on two simulated Sparks and says so everywhere.
`;

/** The server as a program: settings, start, listen, stop on SIGTERM. */
export async function main(): Promise<void> {
  const words = argv.slice(2);
  const [command = '', ...rest] = words;
  if (command === 'init' || command === 'doctor') {
    // Loaded only when it is asked for: a server needs none of it.
    const { runCommand } = await import('./commands.ts');
    process.exitCode = await runCommand(command, rest);
    return;
  }
  if (words.includes('--help') || words.includes('-h')) return void stdout.write(HELP);
  if (words.includes('--version')) return void stdout.write(`${VERSION}\n`);
  if (words.length > 0) return refuse(`There is no option ${words[0]}. Settings are environment variables; --help lists them.`);
  keepHeapSmall();
  const logger = createJsonLogger({ level: levelOf(env['LOG_LEVEL']) });
  const begun = begin(logger);
  onStopSignal(async () => {
    const running = await begun.catch(() => null);
    if (running !== null) await stop(running.server, running.control);
    await logger.end();
  });
  try {
    const { server, control } = await begun;
    const about = control.isSimulated ? ' on two SIMULATED Sparks (no host is configured; see README)' : '';
    stdout.write(`Spark Control ${VERSION} is ready${about}\n  ${urlOf(server)}\n`);
  } catch (error) {
    await logger.end();
    refuse(describe(error));
  }
}

/** V8 lets the heap of a server that has much memory around it grow fourfold before it collects; ours stays near what it needs. */
const keepHeapSmall = (): void => setFlagsFromString('--heap-growing-percent=50');

function refuse(message: string): void {
  stderr.write(`${message}\n`);
  exit(1);
}

type Running = Readonly<{ server: Server; control: SparkControl }>;

async function begin(logger: Logger): Promise<Running> {
  const control = await createSparkControl({
    dataFolder: env['SPARK_CONTROL_DATA'] || './data',
    configFolder: env['SPARK_CONTROL_CONFIG'] || (existsSync('./config') ? './config' : defaultConfigFolder()),
    env,
    logger,
    simulation: { speed: speedOf(env['SPARK_SIMULATION_SPEED']) },
    failpoint: failpointFrom(env['SPARK_FAILPOINT']),
  });
  try {
    for (const warning of control.warnings) stderr.write(`warning: ${warning}\n`);
    return { control, server: await listen(control) };
  } catch (error) {
    await control.close();
    throw new Error(describeListenError(error as NodeJS.ErrnoException, control.settings.host, control.settings.port));
  }
}

/** Runs `task` at the first signal, also while the server still starts. Later ones change nothing: npm and shells send several for one Ctrl-C. */
function onStopSignal(task: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => exit(1), 9_000).unref();
    task().then(
      () => exit(0),
      (error: unknown) => refuse(describe(error)),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', onSignal);
}

function describe(error: unknown): string {
  if (!isSparkError(error)) return error instanceof Error ? error.message : String(error);
  const issues = error.details.issues ?? []; // the message has the first
  return [`${error.code}: ${error.message}`, ...(issues.length > 1 ? issues.map(describeIssue) : [])].join('\n');
}

const describeIssue = (issue: Issue): string =>
  `  ${issue.path}${issue.line === undefined ? '' : ` (line ${issue.line})`}: ${issue.message}`;

function describeListenError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is taken. Stop what listens there, or set PORT.`;
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${host}. Set HOST to one of its own.`;
  if (error.code === 'EACCES') return `Port ${port} needs more rights than this user has. Set PORT to 1024 or above.`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A value that cannot be used falls back to the default with a warning that names it: no reason not to start. */
function levelOf(text: string | undefined): LogLevel {
  const level = LEVELS.find((known) => known === text);
  if (level === undefined && text !== undefined && text !== '') warn(`LOG_LEVEL=${text} is none of ${LEVELS.join(', ')}; warn is used.`);
  return level ?? 'warn';
}

function speedOf(text: string | undefined): number {
  const speed = Number(text);
  const isUsable = Number.isFinite(speed) && speed > 0;
  if (!isUsable && text !== undefined && text !== '') warn(`SPARK_SIMULATION_SPEED=${text} is no number above 0; 1 is used.`);
  return isUsable ? speed : 1;
}

const warn = (message: string): void => void stderr.write(`warning: ${message}\n`);

// Installed, this file is called through a link in node_modules/.bin.
if (argv[1] !== undefined && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) await main();
