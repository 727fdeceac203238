import type { KnownFlag, ManagedFlag } from '@spark-control/core';
import type { WireVllmFlag } from '@spark-control/schema';

export function knownFlagView({ name, type, description, danger, default: usual, since, group }: KnownFlag): WireVllmFlag {
  const range: Readonly<{ min?: number; max?: number; aboveMin?: boolean }> =
    type.kind === 'integer' || type.kind === 'number' ? type : type.kind === 'level_or_json' ? { min: 0, max: type.max } : {};
  return {
    name,
    type: type.kind,
    minimum: range.min ?? null,
    maximum: range.max ?? null,
    exclusive_minimum: range.aboveMin ?? false,
    values: type.kind === 'choice' ? [...type.values] : null,
    open: type.kind === 'choice' && type.open,
    default: usual,
    since,
    group,
    description,
    danger,
    managed: null,
  };
}

/** A flag that is there to be explained: an entry cannot set it. */
export function managedFlagView({ name, reason }: ManagedFlag): WireVllmFlag {
  const nothing = {
    minimum: null,
    maximum: null,
    exclusive_minimum: false,
    values: null,
    open: false,
    default: null,
    since: null,
    danger: null,
  };
  return { name, type: 'text', ...nothing, group: 'managed', description: 'Set by Spark Control or the launcher.', managed: reason };
}
