import type { WireFieldDiff, WireModel, WireModelDiskHost } from '@spark-control/schema';
import { defineCommand } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import { gib, table, time } from '../text.ts';
import { models } from './models.ts';

export const modelList = { ...models, name: 'model list' };

export const modelShow = defineCommand({
  name: 'model show',
  summary: 'Show one model of the catalog',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: {},
  examples: [['model show gpt-oss-120b', 'its source, flags and state']],
  async run({ args: [key = ''], out, signal, connect }) {
    out.result(await connect().client.catalog.get(key, { signal }), modelLines);
    return EXIT.ok;
  },
});

/** A model in full, for people. */
export function modelLines(model: WireModel): string {
  const { load_seconds: load, flags, env, extra_args } = model;
  const rows: readonly (readonly [string, string])[] = [
    ['key', model.key],
    ['name', model.name],
    ['from', model.local_path ?? `${model.repo ?? '-'}${model.revision === null ? '' : ` at ${model.revision}`}`],
    ['entry', model.source],
    ['state', model.state],
    ['served as', model.served_model_name],
    ['image', model.image ?? '-'],
    ['hosts', String(model.nodes)],
    ['clusters', model.clusters.join(', ') || '-'],
    ['weights', gib(model.weights_bytes)],
    ['fits', model.fits === null ? 'not known' : model.fits ? 'yes' : 'no'],
    ['loads in', load.p50 === null ? 'not known yet' : `${formatDuration(load.p50)} (${load.samples} loads)`],
  ];
  const words = [
    ...Object.entries(flags).map(([name, value]) => ['  flag', `${name}=${JSON.stringify(value)}`]),
    ...extra_args.map((word) => ['  extra', word]),
    ...Object.entries(env).map(([name, value]) => ['  env', `${name}=${value}`]),
  ];
  return table([...rows, ...words]);
}

export const modelHistory = defineCommand({
  name: 'model history',
  summary: 'Show how the entry of a model has changed',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: {},
  examples: [['model history gpt-oss-120b', 'then "model revert" takes one back']],
  async run({ args: [key = ''], out, signal, connect }) {
    out.result(await connect().client.catalog.history(key, { signal }), ({ items }) => {
      const lines = items.map(({ revision, at, actor, action, diff }) =>
        [`${revision}  ${time(at)}  ${action} by ${actor}`, ...diff.map((field) => `  ${diffLine(field)}`)].join('\n'),
      );
      return lines.length === 0 ? 'it was never changed' : lines.join('\n');
    });
    return EXIT.ok;
  },
});

function diffLine({ path, before, after }: WireFieldDiff): string {
  const shown = (value: unknown): string => (value === undefined ? '(not there)' : JSON.stringify(value));
  return `${path}: ${shown(before)} -> ${shown(after)}`;
}

export const modelDisk = defineCommand({
  name: 'model disk',
  summary: 'Show how much the weights of a model take on each host',
  arguments: [{ name: 'MODEL', kind: 'model' }],
  options: {},
  examples: [['model disk gpt-oss-120b', 'where it is, how large, and what is free']],
  async run({ args: [key = ''], out, signal, connect }) {
    out.result(await connect().client.catalog.disk(key, { signal }), ({ items, deletable, reason }) => {
      const rows = items.map((host) => [
        host.host,
        stateOf(host),
        gib(host.bytes),
        gib(host.free_bytes),
        host.path ?? '-',
        host.problem ?? '',
      ]);
      const note = deletable ? [] : [`not to be deleted here: ${reason ?? 'it is in use'}`];
      return [table([['HOST', 'WEIGHTS', 'SIZE', 'FREE', 'PATH', 'PROBLEM'], ...rows]), ...note].join('\n');
    });
    return EXIT.ok;
  },
});

function stateOf({ present, complete, downloading }: WireModelDiskHost): string {
  if (downloading) return 'downloading';
  if (present === null) return 'not known';
  return present ? (complete ? 'complete' : 'incomplete') : 'none';
}
