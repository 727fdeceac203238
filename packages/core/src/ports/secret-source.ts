/** Looks up a secret by the name that a catalog entry gives (`env: { HF_TOKEN: { from_env: HF_TOKEN } }`). */
export interface SecretSource {
  /** The value, or `null` when it is not set. It must not be logged, stored or put in an argv. */
  read(name: string): string | null;
}
