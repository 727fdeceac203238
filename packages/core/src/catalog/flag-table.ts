import { ENGINE_FLAGS } from './engine-flags.ts';
import type { FlagSpec } from './flag-spec.ts';
import { MODEL_FLAGS } from './model-flags.ts';

/** The flags that an entry may set by name; others go into `extra_args`. */
export const FLAG_TABLE: Readonly<Record<string, FlagSpec>> = { ...ENGINE_FLAGS, ...MODEL_FLAGS };
