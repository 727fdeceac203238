import { DEFAULT_DEADLINES, type DeadlineSettings } from '@spark-control/core';
import type { FileSpark } from '@spark-control/schema';
import type { EnvReader } from './env-reader.ts';

/** Where and how the server listens. */
export type ServerSettings = Readonly<{
  host: string;
  /** 0: any free port. */
  port: number;
  /** Names beside loopback, the listening addresses and `*.local`, in lower case. */
  allowedHosts: readonly string[];
  /** Largest JSON body. */
  bodyLimitBytes: number;
}>;

const ALLOWED_HOST = /^(?:\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$|^\[?[0-9a-f:]+\]?$/;

/** Settings of the server: the environment goes before the file. */
export function serverSettings(env: EnvReader, spark: FileSpark | null): ServerSettings {
  const server = spark?.server;
  return {
    host: env.text('HOST') ?? server?.host ?? '127.0.0.1',
    port: env.integer('PORT', 0, 65_535) ?? server?.port ?? 9999,
    allowedHosts: allowedHosts(env, server?.allowed_hosts ?? []),
    bodyLimitBytes: env.integer('BODY_LIMIT_BYTES', 1_024, 2 ** 30) ?? spark?.limits?.body_bytes ?? 2 ** 20,
  };
}

function allowedHosts(env: EnvReader, ofFile: readonly string[]): readonly string[] {
  const names = [...ofFile, ...env.list('ALLOWED_HOSTS')].map((name) => name.toLowerCase());
  const bad = names.find((name) => !ALLOWED_HOST.test(name));
  if (bad !== undefined)
    env.fault('ALLOWED_HOSTS', `${JSON.stringify(bad)} is not a host name: give names alone, without http:// and port.`);
  return [...new Set(names)];
}

/** Limits of a swap's steps in ms: the defaults, and over them what the file says in seconds. */
export function deadlineSettings(spark: FileSpark | null): DeadlineSettings {
  const own = spark?.deadlines ?? {};
  const ms = (seconds: number | null | undefined, fallback: number): number =>
    typeof seconds === 'number' ? Math.round(seconds * 1_000) : fallback;
  const base = DEFAULT_DEADLINES;
  return {
    validateMs: ms(own.validate_seconds, base.validateMs),
    stopMs: ms(own.stop_seconds, base.stopMs),
    launchMs: ms(own.launch_seconds, base.launchMs),
    launchQuietMs: ms(own.launch_quiet_seconds, base.launchQuietMs),
    pullQuietMs: ms(own.pull_quiet_seconds, base.pullQuietMs),
    loadFloorMs: ms(own.load_floor_seconds, base.loadFloorMs),
    loadHistoryFactor: own.load_history_factor ?? base.loadHistoryFactor,
    loadFirstMs: ms(own.load_first_seconds, base.loadFirstMs),
    loadFirstPerGiBMs: ms(own.load_first_per_gib_seconds, base.loadFirstPerGiBMs),
    loadAssumedGiB: own.load_assumed_gib ?? base.loadAssumedGiB,
    loadQuietMs: ms(own.load_quiet_seconds, base.loadQuietMs),
    loadSilentQuietMs: ms(own.load_silent_quiet_seconds, base.loadSilentQuietMs),
    warmMs: ms(own.warm_seconds, base.warmMs),
    warmQuietMs: ms(own.warm_quiet_seconds, base.warmQuietMs),
  };
}
