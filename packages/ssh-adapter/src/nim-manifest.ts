import { type NimImage, shellQuote } from '@spark-control/core';
import { isLoopback, loginScript, NO_LOGIN, registryHeader, registryOf } from './nim-login.ts';
import { section, sectionsOf } from './script-text.ts';

/**
 * Asks the registry of an image what it is made for. The client's `manifest inspect` tells sizes too, but knows neither the mirrors nor the
 * plain HTTP that the engine is allowed; so the engine is asked where the client fails.
 */
export function inspectScript(image: string, key: string | null): string {
  const insecure = isLoopback(registryOf(image)) ? '--insecure ' : '';
  const config = key === null ? '' : `--config "$spark_auth/curl" `;
  return [
    key === null ? NO_LOGIN : loginScript(image, key),
    key === null ? ':' : `printf '%s' ${shellQuote(registryHeader(image, key))} >"$spark_auth/curl"`,
    section('machine'),
    `timeout 10 docker version --format '{{.Server.Arch}}' 2>/dev/null </dev/null`,
    section('manifest'),
    `timeout 90 docker manifest inspect -v ${insecure}${shellQuote(image)} 2>&1 </dev/null`,
    'spark_code=$?',
    section('engine'),
    `spark_socket=\${DOCKER_HOST:-unix:///var/run/docker.sock}`,
    `case $spark_code$spark_socket in 0*) ;; *unix://*)`,
    `  curl -sS --max-time 60 ${config}--unix-socket "\${spark_socket#unix://}" ${shellQuote(`http://localhost/distribution/${image}/json`)} 2>&1 </dev/null ;;`,
    'esac',
    section('end'),
  ].join('\n');
}

/** What was printed. `problem`: what the registry said when it told nothing; outside text. */
export function parseInspection(image: string, stdout: string): Readonly<{ found: NimImage } | { problem: string }> {
  const sections = sectionsOf(stdout);
  const [own = '', told = '', engine = ''] = ['machine', 'manifest', 'engine'].map((name) => (sections.get(name) ?? '').trim());
  const manifests = listOf(jsonIn(told)).flatMap((entry) => {
    const architecture = text(field(field(field(entry, 'Descriptor'), 'platform'), 'architecture'));
    return architecture === null || architecture === 'unknown' ? [] : [{ architecture, bytes: layersOf(entry) }];
  });
  if (manifests.length > 0) {
    const bytes = manifests.find(({ architecture }) => architecture === own)?.bytes ?? null;
    return { found: { image, architectures: unique(manifests.map(({ architecture }) => architecture)), bytes } };
  }
  const platforms = listOf(field(jsonIn(engine), 'Platforms')).flatMap((platform) => text(field(platform, 'architecture')) ?? []);
  const known = platforms.filter((architecture) => architecture !== 'unknown' && architecture !== '');
  if (known.length > 0) return { found: { image, architectures: unique(known), bytes: null } };
  if (field(jsonIn(engine), 'Descriptor') !== undefined) return { found: { image, architectures: [], bytes: null } };
  return {
    problem: [told, engine]
      .filter((words) => words !== '')
      .join('\n')
      .slice(0, 4_096),
  };
}

function layersOf(entry: unknown): number | null {
  const manifest = field(entry, 'SchemaV2Manifest') ?? field(entry, 'OCIManifest');
  const sizes = listOf(field(manifest, 'layers')).map((layer) => field(layer, 'size'));
  return sizes.length > 0 && sizes.every((size) => typeof size === 'number') ? sizes.reduce((sum, size) => sum + size, 0) : null;
}

/** The JSON in some output; Docker may print warnings before it. */
function jsonIn(output: string): unknown {
  const start = output.search(/^[[{]/m);
  try {
    return start < 0 ? null : JSON.parse(output.slice(start));
  } catch {
    return null;
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
const unique = (words: readonly string[]): readonly string[] => [...new Set(words)];
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
