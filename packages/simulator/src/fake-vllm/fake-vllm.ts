import type { Clock } from '@spark-control/core';
import { Engine } from './engine.ts';
import type { HostMemory, MemoryClaim } from './host-memory.ts';
import { httpSurface, ROUTES } from './http-surface.ts';
import { isPortFree, Listener } from './listener.ts';
import { loadScript, startScript } from './load-script.ts';
import { PHASES } from './load-timeline.ts';
import { LogWriter } from './log-writer.ts';
import type { FakeVllmProfile } from './profile.ts';
import type { Step } from './script-step.ts';
import { parseCommandLine, type ServeOptions } from './serve-options.ts';
import { SteadyLog } from './steady-log.ts';

export type FakeVllmSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

export type FakeVllmOptions = Readonly<{
  /** Words after the program's name: `serve`, the model, flags. */
  argv: readonly string[];
  /** Receives what the process prints, in pieces that need not be whole lines. */
  write: (chunk: string) => void;
  memory: HostMemory;
  /** Runs at the speed of the simulation. */
  clock: Clock;
  /** Chosen once the command line is understood. */
  profile: (options: ServeOptions) => FakeVllmProfile;
  pid: number;
  /** Address to listen on, in place of `--host`. */
  listenHost?: string;
  /** Simulated seconds of the load that are over already: to bring back a server that ran before. Default 0. */
  elapsedSeconds?: number;
}>;

/** A running fake. */
export interface FakeVllm {
  readonly pid: number;
  /** True once it serves (a worker rank: once it is loaded), false when it ended before. */
  readonly ready: Promise<boolean>;
  /** `null` until it listens. */
  readonly port: number | null;
  /** Exit code: 0 after SIGTERM, 137 after SIGKILL, 1 or 2 when it could not start. */
  readonly exited: Promise<number>;
  /** Requests being answered now. */
  readonly requestsRunning: number;
  stop(signal: FakeVllmSignal): void;
  /** Takes the port off the network, or back on: the process itself goes on. */
  setReachable(isReachable: boolean): Promise<void>;
}

const SLOW_STOP_SECONDS = 60;
/** Exit code when the fake itself is at fault, told apart from what it plays. */
const DEFECT = 70;

/** Starts a fake vLLM in this process. It never throws: what goes wrong is printed and ends in an exit code, like a real one. */
export function startFakeVllm(options: FakeVllmOptions): FakeVllm {
  return new FakeProcess(options);
}

class FakeProcess implements FakeVllm {
  readonly pid: number;
  readonly ready: Promise<boolean>;
  readonly exited: Promise<number>;
  readonly #options: FakeVllmOptions;
  readonly #term = new AbortController();
  readonly #kill = new AbortController();
  readonly #startedAt: number;
  #announce: (isReady: boolean) => void = () => undefined;
  #engine: Engine | null = null;
  #listener: Listener | null = null;
  #port: number | null = null;
  #isReachable = true;
  #exposure: Promise<unknown> = Promise.resolve();

  constructor(options: FakeVllmOptions) {
    this.#options = options;
    this.pid = options.pid;
    this.#startedAt = options.clock.monotonic() - (options.elapsedSeconds ?? 0) * 1000;
    this.ready = new Promise((resolve) => {
      this.#announce = resolve;
    });
    this.exited = this.#run()
      .catch((error: unknown) => {
        options.write(`the fake vllm itself failed: ${error instanceof Error ? error.stack : String(error)}\n`);
        return DEFECT;
      })
      .finally(() => this.#announce(false));
  }

  get port(): number | null {
    return this.#port;
  }

  get requestsRunning(): number {
    return this.#engine?.counts.running ?? 0;
  }

  stop(signal: FakeVllmSignal): void {
    if (signal === 'SIGKILL') this.#kill.abort();
    this.#term.abort();
  }

  async setReachable(isReachable: boolean): Promise<void> {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    const change = (): Promise<unknown> | undefined => (isReachable ? this.#listener?.open() : this.#listener?.close());
    this.#exposure = this.#exposure.then(change).catch(() => undefined);
    await this.#exposure;
  }

  async #run(): Promise<number> {
    const parsed = parseCommandLine(this.#options.argv);
    if (parsed.kind === 'exit') {
      this.#options.write(parsed.output);
      return parsed.exitCode;
    }
    const { options } = parsed;
    const profile = this.#options.profile(options);
    const claim = await this.#options.memory.claim();
    try {
      return await this.#live(options, profile, claim);
    } finally {
      await this.#exposure;
      await this.#listener?.close();
      this.#listener = null;
      await claim.release(profile.settleSeconds * 1000);
    }
  }

  async #live(options: ServeOptions, profile: FakeVllmProfile, claim: MemoryClaim): Promise<number> {
    const { pid, clock, write } = this.#options;
    const workerName = options.headless ? `Worker_TP${options.nodeRank}` : null;
    const log = new LogWriter({ write, clock, pid, enginePid: pid + 60, workerName });
    try {
      const failed = await this.#load(options, profile, claim, log);
      return failed ?? (await this.#serve(options, profile, log));
    } catch (error) {
      if (!this.#term.signal.aborted) throw error;
      return this.#shutDown(profile, log);
    }
  }

  /** @returns the exit code when it fails, otherwise `null`. */
  async #load(options: ServeOptions, profile: FakeVllmProfile, claim: MemoryClaim, log: LogWriter): Promise<number | null> {
    const situation = { options, profile };
    const host = this.#listenHost(options);
    if (!options.headless && (profile.fault === 'port_taken' || !(await isPortFree(options.port, host))))
      return this.#portTaken(options, log);
    const early = await this.#play(startScript(situation), claim, log);
    if (early !== null) return early;
    return this.#play(loadScript(situation, await this.#options.memory.snapshot()), claim, log);
  }

  async #play(steps: readonly Step[], claim: MemoryClaim, log: LogWriter): Promise<number | null> {
    for (const { at, action } of steps) {
      await this.#until(at);
      switch (action.kind) {
        case 'line':
          log.line(action.source, action.file, action.message, action.level);
          break;
        case 'plain':
          log.plain(action.source, action.text);
          break;
        case 'bar':
          log.bar(action.source, action.text);
          break;
        case 'raw':
          log.raw(action.text);
          break;
        case 'memory':
          await claim.set(action.bytes);
          break;
        case 'exit':
          return action.code;
        case 'hang':
          await this.#forever(async () => undefined);
          break;
      }
    }
    return null;
  }

  async #serve(options: ServeOptions, profile: FakeVllmProfile, log: LogWriter): Promise<number> {
    if (options.headless) {
      log.line('api', 'multiproc_executor.py:612', 'Worker is ready and waits for its head.');
      this.#announce(true);
      return this.#forever(async () => undefined);
    }
    const engine = new Engine(this.#options.clock, profile);
    this.#engine = engine;
    const host = this.#listenHost(options);
    const created = Math.floor(this.#options.clock.now() / 1000);
    const access = (line: string): void => log.plain('api', `INFO:     ${line}`);
    const maxModelLen = options.maxModelLen ?? profile.maxModelLen;
    const { servedModelNames, isPooling } = options;
    const failsAlways = profile.fault === 'warmup_fails';
    const surface = {
      options,
      engine,
      isPooling,
      servedModelNames,
      maxModelLen,
      failsAlways,
      created,
      now: () => this.#options.clock.now(),
      access,
    };
    await this.#until(profile.loadSeconds * PHASES.server);
    log.line('api', 'api_server.py:580', `Supported tasks: ['${isPooling ? 'embed' : 'generate'}']`);
    log.line('api', 'api_server.py:585', `Starting vLLM server on http://${options.host ?? '0.0.0.0'}:${options.port}`);
    log.line('api', 'launcher.py:37', 'Available routes are:');
    for (const [path, method] of ROUTES) log.line('api', 'launcher.py:46', `Route: ${path}, Methods: ${method}`);
    log.plain('api', `INFO:     Started server process [${this.pid}]\nINFO:     Waiting for application startup.`);
    await this.#until(profile.loadSeconds);
    const listener = new Listener(httpSurface(surface), options.port, host);
    let port = options.port;
    try {
      if (this.#isReachable) port = await listener.open();
    } catch {
      return this.#portTaken(options, log);
    }
    this.#listener = listener;
    log.plain(
      'api',
      `INFO:     Application startup complete.\nINFO:     Uvicorn running on http://${options.host ?? '0.0.0.0'}:${port} (Press CTRL+C to quit)`,
    );
    this.#port = port;
    this.#announce(true);
    if (profile.fault === 'unhealthy_after_ready') {
      await this.#options.clock.sleep(profile.unhealthyAfterSeconds * 1000, this.#term.signal);
      log.line('engine', 'core.py:1031', 'EngineCore encountered a fatal error.', 'ERROR');
      log.line(
        'api',
        'async_llm.py:708',
        'AsyncLLM output_handler failed.\nvllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.',
        'ERROR',
      );
      engine.die();
    }
    const steady = new SteadyLog(engine, log);
    return this.#forever(async (seconds) => steady.tick(seconds));
  }

  /** Waits, also as a handle that keeps the process alive, until it is told to end. */
  async #forever(each: (seconds: number) => Promise<void>): Promise<never> {
    const seconds = 10;
    for (;;) {
      await this.#options.clock.sleep(seconds * 1000, this.#term.signal);
      await each(seconds);
    }
  }

  async #shutDown(profile: FakeVllmProfile, log: LogWriter): Promise<number> {
    try {
      if (profile.fault === 'slow_stop') await this.#options.clock.sleep(SLOW_STOP_SECONDS * 1000, this.#kill.signal);
      if (this.#kill.signal.aborted) return 137;
      if (this.#listener === null) {
        log.plain('api', 'KeyboardInterrupt: terminated');
        await this.#options.clock.sleep(profile.stopSeconds * 1000, this.#kill.signal);
        return 0;
      }
      log.plain('api', 'INFO:     Shutting down');
      await this.#exposure;
      await this.#listener.close();
      await this.#options.clock.sleep(profile.stopSeconds * 1000, this.#kill.signal);
      log.plain(
        'api',
        `INFO:     Waiting for application shutdown.\nINFO:     Application shutdown complete.\nINFO:     Finished server process [${this.pid}]`,
      );
      return 0;
    } catch (error) {
      if (this.#kill.signal.aborted) return 137;
      throw error;
    }
  }

  #portTaken(options: ServeOptions, log: LogWriter): number {
    const address = `('${options.host ?? '0.0.0.0'}', ${options.port})`;
    log.plain('api', `ERROR:    [Errno 98] error while attempting to bind on address ${address}: address already in use`);
    return 1;
  }

  #listenHost(options: ServeOptions): string {
    return this.#options.listenHost ?? options.host ?? '0.0.0.0';
  }

  async #until(seconds: number): Promise<void> {
    const { clock } = this.#options;
    const wait = this.#startedAt + seconds * 1000 - clock.monotonic();
    if (wait > 0) await clock.sleep(wait, this.#term.signal);
    else this.#term.signal.throwIfAborted();
  }
}
