import { ModelsFile, ServicesFile, SparkFile, type TSchema } from '@spark-control/schema';
import { flagProperties } from './flag-schema.ts';
import type { GeneratedFile } from './generated-file.ts';

type Json = { [name: string]: Json } & Record<string, unknown>;

/** JSON Schemas of the YAML files, for editors. Draft 7, because that is what YAML language servers know best. */
export function fileSchemas(): readonly GeneratedFile[] {
  return [
    { path: 'config/models.schema.json', content: render(withFlags(ModelsFile)) },
    { path: 'config/services.schema.json', content: render(ServicesFile) },
    { path: 'config/spark.schema.json', content: render(SparkFile) },
  ];
}

const render = (schema: unknown): string =>
  `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...(schema as object) }, null, 2)}\n`;

/** The flags are known to the core alone, which the schema package must not import; here both meet. */
function withFlags(schema: TSchema): Json {
  const copy = JSON.parse(JSON.stringify(schema)) as Json;
  const [entry] = Object.values(copy['properties']?.['models']?.['patternProperties'] ?? {}) as Json[];
  const flags = entry?.['properties']?.['flags'];
  if (flags === undefined) throw new Error('the schema of models.yaml has no flags any more: adapt scripts/file-schemas.ts');
  flags['properties'] = flagProperties() as Json;
  flags['additionalProperties'] = false as unknown as Json;
  return copy;
}
