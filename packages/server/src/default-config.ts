import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A packed server carries a copy of the workspace's `config` beside its code; inside the workspace there is only the original. */
const PLACES = ['./config/', '../../../config/'];

/** Folder with the models and services that come with Spark Control. It names no host. */
export function defaultConfigFolder(): string {
  const places = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return places.find((place) => existsSync(`${place}models.yaml`)) ?? './config';
}
