import { type NimOrder, type NimSite, shellQuote } from '@spark-control/core';
import { freeSpace } from './free-space.ts';
import { parseFreeBytes } from './parse-df.ts';
import { parseMeminfo } from './parse-meminfo.ts';
import { describePortOwner, parsePortSection, portSection } from './port-section.ts';
import { section, sectionsOf } from './script-text.ts';

/** Which work made a container. */
export const JOB_LABEL = 'spark-control.nim';

/** Docker also takes the beginning of an id for a name, so the name is asked for. */
const FORMAT = `{{.Name}} {{.State.Running}} [{{range $p, $b := .HostConfig.PortBindings}}{{range $b}}{{.HostPort}} {{end}}{{end}}] {{index .Config.Labels "${JOB_LABEL}"}}`;

export const surveyScript = ({ image, container, port, cache }: Pick<NimOrder, 'image' | 'container' | 'port' | 'cache'>): string =>
  [
    section('docker'),
    `spark_docker=$(timeout 10 docker info --format '{{.Architecture}} {{.DockerRootDir}}' 2>/dev/null </dev/null)`,
    `printf '%s\\n' "$spark_docker"`,
    section('runtimes'),
    `timeout 10 docker info --format '{{json .Runtimes}}' 2>/dev/null </dev/null`,
    `command -v nvidia-container-runtime-hook nvidia-container-runtime 2>/dev/null`,
    section('machine'),
    'uname -m',
    section('memory'),
    'cat /proc/meminfo',
    section('image_disk'),
    `case \${spark_docker#* } in /*) df -Pk "\${spark_docker#* }" 2>/dev/null ;; esac`,
    section('cache_disk'),
    freeSpace(cache),
    section('image'),
    `timeout 10 docker image inspect --format '{{.Id}}' ${shellQuote(image)} 2>/dev/null </dev/null`,
    section('port'),
    portSection(port),
    section('names'),
    `timeout 10 docker ps --no-trunc --format '{{.ID}} {{.Names}}' 2>/dev/null </dev/null`,
    section('container'),
    `timeout 10 docker container inspect --format ${shellQuote(FORMAT)} ${shellQuote(container)} 2>/dev/null </dev/null`,
    section('end'),
  ].join('\n');

/** `null`: Docker did not answer. */
export function parseSite(stdout: string, { container: name, port }: Pick<NimOrder, 'container' | 'port'>): NimSite | null {
  const sections = sectionsOf(stdout);
  const text = (name: string): string => sections.get(name) ?? '';
  const [architecture = ''] = text('docker').trim().split(' ');
  if (!sections.has('end') || architecture === '') return null;
  const containers = text('names')
    .split('\n')
    .flatMap((line) => {
      const [id, name] = line.split(' ');
      return id !== undefined && name !== undefined ? [{ id, name }] : [];
    });
  const [, seen = '', running = '', ports = '', label = ''] =
    /^\/(\S+) (true|false) \[([\d ]*)\](?: (.*))?$/m.exec(text('container')) ?? [];
  const isThere = seen === name;
  const holds = isThere && running === 'true' && ports.split(' ').includes(String(port));
  const job = label.trim();
  return {
    architecture: dockerArchitecture(architecture) ?? dockerArchitecture(text('machine').trim()),
    hasGpuRuntime: /nvidia/.test(text('runtimes')),
    imageFreeBytes: parseFreeBytes(text('image_disk')),
    cacheFreeBytes: parseFreeBytes(text('cache_disk')),
    memAvailableBytes: parseMeminfo(text('memory')).get('MemAvailable') ?? null,
    hasImage: /^sha256:/m.test(text('image')),
    portOwner: describePortOwner(parsePortSection(text('port')), containers, holds ? [name] : []),
    container: !isThere ? null : { running: running === 'true', job: job === '' || job === '<no value>' ? null : job },
  };
}

/** `docker info` speaks like `uname`, manifests like Go. */
function dockerArchitecture(word: string): string | null {
  switch (word) {
    case 'aarch64':
    case 'arm64':
      return 'arm64';
    case 'x86_64':
    case 'amd64':
      return 'amd64';
    default:
      return /^[a-z0-9_]{2,20}$/.test(word) ? word : null;
  }
}
