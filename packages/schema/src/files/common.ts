import Type, { type TSchema } from 'typebox';
import { CLOSED, KEY_REGEXP } from '../wire/common.ts';

export { CLOSED };

/** Fields of a file; in YAML `field:` with nothing behind it is `null` and means the same as leaving it out. */
export const text = (description: string, more: Readonly<Record<string, unknown>> = {}) =>
  Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], minLength: 1, ...more, description }));

export const integer = (description: string, minimum: number, maximum: number, more: Readonly<Record<string, unknown>> = {}) =>
  Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum, maximum, ...more, description }));

export const number = (description: string, minimum: number, maximum: number, more: Readonly<Record<string, unknown>> = {}) =>
  Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'], minimum, maximum, ...more, description }));

export const boolean = (description: string) => Type.Optional(Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description }));

export const texts = (description: string, more: Readonly<Record<string, unknown>> = {}) =>
  Type.Optional(Type.Unsafe<readonly string[] | null>({ type: ['array', 'null'], items: { type: 'string', ...more }, description }));

export const port = (description: string) => integer(description, 1, 65_535);

/** A map from a key that people choose to `value`. */
export const mapOf = <T extends TSchema>(value: T, description: string) =>
  Type.Record(Type.String(), value, { propertyNames: { pattern: KEY_REGEXP }, description });
