import { type Acquired, acquireLease } from '../../lease/acquire-lease.ts';
import { LeaseKeeper } from '../../lease/lease-keeper.ts';
import { type Call, type Connection, defineCommand, type Options } from '../command.ts';
import { isHeld, lockedLine } from '../describe.ts';
import { formatDuration, parseSeconds } from '../duration.ts';
import { EXIT, WITH_LOCK_OFFSET } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import { Output } from '../output.ts';
import { checkProgram } from '../with-lock/find-program.ts';
import { releaseLease } from '../with-lock/release.ts';
import { runChild } from '../with-lock/run-child.ts';
import { swapUnderLock } from '../with-lock/swap-under-lock.ts';
import { LEAST_TTL, MOST_TTL } from './lock.ts';
import { LONGEST_WAIT_SECONDS, waitIsOver } from './lock-acquire.ts';

const OPTIONS = {
  holder: { type: 'string', value: 'NAME', help: 'who takes the lock, USER@HOST when not given' },
  ttl: { type: 'string', value: 'DURATION', help: 'how long the lock lasts when it is not renewed, 5s to 1d; 30m when not given' },
  model: { type: 'string', value: 'MODEL', help: 'load this model first, and wait until it serves' },
  wait: { type: 'string', value: 'DURATION', help: 'wait in line for this long' },
  reason: { type: 'string', value: 'TEXT', help: 'what for; shown to everybody' },
  'keep-on-lost': { type: 'boolean', help: 'let the command go on when the lock is lost' },
  verbose: { type: 'boolean', short: 'v', help: 'say how things go; on a terminal that is so anyway' },
} as const satisfies Options;

export const withLock = defineCommand({
  name: 'with-lock',
  summary: 'Run a command while you hold the lock',
  arguments: [],
  options: OPTIONS,
  takesCommand: true,
  exitOffset: WITH_LOCK_OFFSET,
  details: `Takes the lock, renews it in the background, runs the command without a shell, and gives the lock back however the command ends.
The command finds SPARK_LOCK_ID, SPARK_BASE_URL, SPARK_CLUSTER and SPARK_MODEL_ID (the name under which the model is served).
Signals are handed on to it; the second one kills. When the lock is lost the command gets SIGTERM, and SIGKILL ten seconds later.

Ends with the code of the command (128 + n when signal n ended it, 126 or 127 when it cannot be run). Codes of its own have 100
added: 102 usage, 103 locked, 105 waited too long, 106 the swap was rolled back, 107 unreachable, 109 lock lost, 112 refused by pre-flight.`,
  examples: [
    ['with-lock --holder nightly --ttl 2h --model gpt-oss-120b --wait 30m -- ./evaluate.sh', 'load a model and evaluate it, undisturbed'],
    ['with-lock --reason "reboot" -- ssh spark-1.local sudo reboot', 'nobody swaps meanwhile'],
  ],
  async run(call) {
    const { values, io, command, interrupts } = call;
    const [program] = command;
    if (program === undefined) throw new UsageError('with-lock needs a command after --');
    const ttlSeconds = parseSeconds(values.ttl ?? '30m', '--ttl', LEAST_TTL, MOST_TTL);
    const waitMs = values.wait === undefined ? 0 : parseSeconds(values.wait, '--wait', 0, LONGEST_WAIT_SECONDS) * 1_000;
    const connection = call.connect();
    const { client, settings } = connection;
    // cron mails whatever a job writes, so that one that went well writes nothing.
    const isQuiet = values.quiet || !(values.verbose || io.stderr.isTTY);
    const out = new Output(io, { isJson: values.json, isQuiet, isStdoutTaken: true });
    const missing = checkProgram(program, io.env['PATH'] ?? '');
    if (missing !== null) {
      out.warn(missing.problem);
      return missing.exitCode;
    }
    const ask = { holder: values.holder ?? io.user, ttlSeconds, reason: values.reason, cluster: settings.cluster, waitMs };
    const acquired = await acquireLease(client, {
      ...ask,
      signal: interrupts.signal,
      onHeld: (problem) => problem !== null && out.note(`waiting: ${lockedLine(problem)}`),
      onTrouble: (error) => out.note(`${error.message}; trying again`),
    }).catch((error: unknown) => {
      throw waitMs > 0 && isHeld(error) && error.problem !== null ? waitIsOver(lockedLine(error.problem)) : error;
    });
    return underLock(call, connection, acquired, out);
  },
});

async function underLock(call: Call<typeof OPTIONS>, connection: Connection, acquired: Acquired, out: Output): Promise<number> {
  const { values, io, command, interrupts } = call;
  const { client } = connection;
  const { grant } = acquired;
  out.note(`holding the lock of ${grant.cluster} as ${grant.holder}, fence ${grant.fence}`);
  const keeper = new LeaseKeeper(client, acquired, {
    onTrouble: (error, left) => out.warn(`the lock cannot be renewed (${error.message}); trying for ${formatDuration(left)} more`),
    onRecovered: () => out.warn('the lock is renewed again'),
  });
  try {
    const surroundings = { io, out, interrupts };
    if (values.model !== undefined) await swapUnderLock(connection, grant, values.model, keeper, surroundings);
    const modelId = await servedModel(connection, grant.cluster, values.model ?? null, interrupts.signal);
    interrupts.signal.throwIfAborted();
    keeper.lost.throwIfAborted();
    const env = {
      ...io.env,
      SPARK_LOCK_ID: grant.lock_id,
      SPARK_BASE_URL: client.baseUrl,
      SPARK_CLUSTER: grant.cluster,
      SPARK_MODEL_ID: modelId ?? undefined,
    };
    const { exitCode, isStopped } = await runChild(command, env, keeper, values['keep-on-lost'], surroundings);
    return isStopped ? EXIT.leaseLost + WITH_LOCK_OFFSET : exitCode;
  } finally {
    out.endLive();
    await keeper.stop();
    if (!keeper.lost.aborted) {
      const warn = (text: string): void => out.warn(text);
      const isReleased = await releaseLease({ client, lockId: grant.lock_id, endsAt: keeper.endsAt, signal: interrupts.hardSignal, warn });
      if (isReleased) out.note('the lock is released');
    }
  }
}

/**
 * The name under which a model is served: of the one that was just loaded, which has to be known, or of what serves anyway, which is
 * a courtesy. `null`: nothing serves, or it could not be asked.
 */
async function servedModel({ client }: Connection, cluster: string, model: string | null, signal: AbortSignal): Promise<string | null> {
  try {
    const { clusters } = await client.status({ signal });
    const found = clusters.find(({ key }) => key === cluster);
    const isServing = model === null ? found?.state === 'running' && found.healthy : found?.serving === model;
    if (isServing && found?.served_model_name != null) return found.served_model_name;
    if (model === null) return null;
    const { items } = await client.models({ signal });
    return items.find(({ key }) => key === model)?.served_model_name ?? null;
  } catch (error) {
    if (model !== null || signal.aborted) throw error;
    return null;
  }
}
