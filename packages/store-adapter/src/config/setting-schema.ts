import { SparkFile } from '@spark-control/schema';

/** What the schema of spark.yaml says of one value. */
export type SettingSchema = Readonly<{ type?: unknown; minimum?: number; maximum?: number; description?: string }>;

type Node = Readonly<{ properties?: Readonly<Record<string, Node>>; patternProperties?: Readonly<Record<string, Node>> }> & SettingSchema;

/** The schema at a JSON pointer into spark.yaml; `null`: nothing may stand there. A key that people choose stands for any. */
export function settingSchema(pointer: string): SettingSchema | null {
  let node: Node | undefined = SparkFile as unknown as Node;
  for (const step of pointer.split('/').slice(1)) {
    node = node?.properties?.[step] ?? Object.values(node?.patternProperties ?? {})[0];
  }
  return node ?? null;
}
