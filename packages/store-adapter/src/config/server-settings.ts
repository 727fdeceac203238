import { DEFAULT_DEADLINES, type DeadlineSettings } from '@spark-control/core';
import type { EnvReader } from './env-reader.ts';
import type { SettingReader } from './setting-reader.ts';

/** Where and how the server listens. */
export type ServerSettings = Readonly<{
  host: string;
  /** 0: any free port. */
  port: number;
  /** Names beside loopback, the listening addresses and `*.local`, in lower case. */
  allowedHosts: readonly string[];
  /** Largest JSON body. */
  bodyLimitBytes: number;
  /** Of a swap that names none. */
  drainSeconds: number;
}>;

/** How often is looked at what changes by itself. */
export type PollSettings = Readonly<{ observeMs: number; telemetryMs: number; catalogMs: number }>;

const ALLOWED_HOST = /^(?:\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$|^\[?[0-9a-f:]+\]?$/;

/** Settings of the server: the environment goes before the file. */
export function serverSettings(read: SettingReader, env: EnvReader): ServerSettings {
  return {
    host: read.text('/server/host', 'HOST', '127.0.0.1'),
    port: read.number('/server/port', 'PORT', 9999),
    allowedHosts: allowedHosts(read.words('/server/allowed_hosts', 'ALLOWED_HOSTS'), env),
    bodyLimitBytes: read.number('/limits/body_bytes', 'BODY_LIMIT_BYTES', 2 ** 20),
    drainSeconds: read.number('/limits/drain_seconds', 'DRAIN_SECONDS', 30),
  };
}

function allowedHosts(given: readonly string[], env: EnvReader): readonly string[] {
  const names = given.map((name) => name.toLowerCase());
  const bad = names.find((name) => !ALLOWED_HOST.test(name));
  if (bad !== undefined)
    env.fault('ALLOWED_HOSTS', `${JSON.stringify(bad)} is not a host name: give names alone, without http:// and port.`);
  return [...new Set(names)];
}

export function pollSettings(read: SettingReader): PollSettings {
  const ms = (name: string, fallback: number): number =>
    Math.round(read.number(`/polls/${name}_seconds`, `POLL_${name.toUpperCase()}_SECONDS`, fallback) * 1_000);
  return { observeMs: ms('observe', 2), telemetryMs: ms('telemetry', 5), catalogMs: ms('catalog', 2) };
}

/** Limits of a swap's steps in ms: the defaults, and over them what the file and the environment say in seconds. */
export function deadlineSettings(read: SettingReader): DeadlineSettings {
  const plain = (field: string, fallback: number): number =>
    read.number(`/deadlines/${field}`, `DEADLINE_${field.toUpperCase()}`, fallback);
  const ms = (name: string, fallbackMs: number): number => Math.round(plain(`${name}_seconds`, fallbackMs / 1_000) * 1_000);
  const base = DEFAULT_DEADLINES;
  return {
    validateMs: ms('validate', base.validateMs),
    stopMs: ms('stop', base.stopMs),
    launchMs: ms('launch', base.launchMs),
    launchQuietMs: ms('launch_quiet', base.launchQuietMs),
    pullQuietMs: ms('pull_quiet', base.pullQuietMs),
    loadFloorMs: ms('load_floor', base.loadFloorMs),
    loadHistoryFactor: plain('load_history_factor', base.loadHistoryFactor),
    loadFirstMs: ms('load_first', base.loadFirstMs),
    loadFirstPerGiBMs: ms('load_first_per_gib', base.loadFirstPerGiBMs),
    loadAssumedGiB: plain('load_assumed_gib', base.loadAssumedGiB),
    loadQuietMs: ms('load_quiet', base.loadQuietMs),
    loadSilentQuietMs: ms('load_silent_quiet', base.loadSilentQuietMs),
    warmMs: ms('warm', base.warmMs),
    warmQuietMs: ms('warm_quiet', base.warmQuietMs),
  };
}
