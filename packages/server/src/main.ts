import { argv, env, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Issue, isSparkError } from '@spark-control/core';
import { createSparkControl } from './create-spark-control.ts';
import { failpointFrom } from './failpoints.ts';
import { createJsonLogger, type LogLevel } from './json-logger.ts';
import { listen, stop, urlOf } from './listen.ts';
import { VERSION } from './version.ts';

const HELP = `Spark Control ${VERSION}: swaps the model on a small GPU cluster, safely, while everyone can watch.

Usage: npm start            or, once built: node packages/server/dist/main.js

Environment
  HOST, PORT              address to listen on (127.0.0.1, 9999)
  SPARK_CONTROL_DATA      folder of the state (./data)
  SPARK_CONTROL_CONFIG    folder of models.yaml, services.yaml, spark.yaml (./config)
  SPARK1_HOST, SPARK1_USER, SPARK1_FINGERPRINT, SPARK1_KEY_FILE, SPARK2_...   hosts, in place of spark.yaml
  ALLOWED_HOSTS           further names under which this server is called, comma separated
  LOG_LEVEL               debug, info, warn (default) or error
  SPARK_SIMULATION_SPEED  simulated seconds in one second, when no host is configured (1)

Without any host it runs on two simulated Sparks and says so everywhere.
`;

/** The server as a program: settings, start, listen, stop on SIGTERM. */
export async function main(): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) return void stdout.write(HELP);
  if (argv.includes('--version')) return void stdout.write(`${VERSION}\n`);
  const logger = createJsonLogger({ level: levelOf(env['LOG_LEVEL']) });
  try {
    const control = await createSparkControl({
      dataFolder: env['SPARK_CONTROL_DATA'] || './data',
      configFolder: env['SPARK_CONTROL_CONFIG'] || './config',
      env,
      logger,
      simulation: { speed: speedOf(env['SPARK_SIMULATION_SPEED']) },
      failpoint: failpointFrom(env['SPARK_FAILPOINT']),
    });
    for (const warning of control.warnings) stderr.write(`warning: ${warning}\n`);
    const server = await listen(control).catch(async (error: NodeJS.ErrnoException) => {
      await control.close();
      throw new Error(describeListenError(error, control.settings.host, control.settings.port));
    });
    const about = control.isSimulated ? ' on two SIMULATED Sparks (no host is configured; see README)' : '';
    stdout.write(`Spark Control ${VERSION} is ready${about}\n  ${urlOf(server)}\n`);
    onStopSignal(async () => {
      await stop(server, control);
      await logger.end();
    });
  } catch (error) {
    stderr.write(`${describe(error)}\n`);
    await logger.end();
    exit(1);
  }
}

/** Runs `task` at the first signal. Later ones change nothing: npm and shells send several for one Ctrl-C. */
function onStopSignal(task: () => Promise<void>): void {
  let isStopping = false;
  const begin = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => exit(1), 9_000).unref();
    task().then(
      () => exit(0),
      (error: unknown) => {
        stderr.write(`${describe(error)}\n`);
        exit(1);
      },
    );
  };
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
  process.on('SIGHUP', begin);
}

function describe(error: unknown): string {
  if (!isSparkError(error)) return error instanceof Error ? error.message : String(error);
  const issues = (error.details.issues ?? []).map(describeIssue);
  return [`${error.code}: ${error.message}`, ...issues].join('\n');
}

const describeIssue = (issue: Issue): string =>
  `  ${issue.path}${issue.line === undefined ? '' : ` (line ${issue.line})`}: ${issue.message}`;

function describeListenError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is taken. Stop what listens there, or set PORT.`;
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${host}. Set HOST to one of its own.`;
  if (error.code === 'EACCES') return `Port ${port} needs more rights than this user has. Set PORT to 1024 or above.`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

const levelOf = (text: string | undefined): LogLevel => (text === 'debug' || text === 'info' || text === 'error' ? text : 'warn');

function speedOf(text: string | undefined): number {
  const speed = Number(text);
  return Number.isFinite(speed) && speed > 0 ? speed : 1;
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
