import Type, { type Static } from 'typebox';
import { CLOSED, NullableString } from './common.ts';

export const Setting = Type.Object({
  path: Type.String({ description: 'JSON pointer into spark.yaml' }),
  value: Type.Unknown(),
  source: Type.Enum(['file', 'environment', 'default']),
  variable: NullableString,
  secret: Type.Boolean(),
  writable: Type.Boolean(),
  description: Type.String(),
});

export const Settings = Type.Object({
  items: Type.Array(Setting),
  files: Type.Array(
    Type.Object({ name: Type.String(), path: Type.String(), exists: Type.Boolean(), writable: Type.Boolean(), problem: NullableString }),
  ),
  warnings: Type.Array(Type.String()),
  /** The file has changes that take effect at the next start. */
  restart_required: Type.Boolean(),
});

/** `value: null` takes a value away. */
export const ChangeSettingsBody = Type.Object(
  {
    changes: Type.Array(Type.Object({ path: Type.String({ pattern: '^/', maxLength: 500 }), value: Type.Unknown() }, CLOSED), {
      minItems: 1,
      maxItems: 100,
    }),
  },
  CLOSED,
);

export type WireSetting = Static<typeof Setting>;
export type WireSettings = Static<typeof Settings>;
