import { type Cluster, type ProbeQuestions, shellQuote } from '@spark-control/core';
import { nearestFolder } from './free-space.ts';
import { commitLine, DISK_FUNCTION, SYSTEM_FILES, SYSTEM_LINES } from './host-system.ts';
import { folderWord, helpSection } from './launcher-script.ts';
import { GPU_FIELDS, PROCESS_FIELDS } from './parse-nvidia-smi.ts';
import { portSection } from './port-section.ts';
import { section } from './script-text.ts';
import { weightsContent } from './weights-content.ts';
import { weightsSection } from './weights-section.ts';

/**
 * What a host said before, by the stamps of the files that it hangs on: as long as those are the same it is not asked again. A
 * pre-flight knows nothing and asks for all.
 */
export type KnownParts = Readonly<{ dockerStamp: string | null; dockerRoot: string | null; launcherStamp: string | null }>;

/** Made anew whenever dockerd starts; where socket activation keeps the one, dockerd still makes the other. */
const DOCKER_FILES = '/run/docker.pid /run/docker.sock';

export type ProbeScriptInput = Readonly<{ cluster: Cluster; questions: ProbeQuestions; isHead: boolean; known: KnownParts }>;

/**
 * The script that reads a host, in one go. What takes its time (Docker, nvidia-smi) runs side by side: as the stages of a pipeline, in
 * which each passes on what the one before it printed, behind its own. So no temporary file is needed, and the lines of two
 * stages never mix.
 */
export function probeScript({ cluster, questions, isHead, known }: ProbeScriptInput): string {
  const asksLauncher = isHead && cluster.launcher === 'launch_cluster' && cluster.launcherDirectory !== null;
  const directory = asksLauncher ? folderWord(cluster.launcherDirectory ?? '') : null;
  const stages = [
    dockerStage(known),
    `${section('port')}\n${portSection(cluster.port)}`,
    smiStage('gpu', `--query-gpu=${GPU_FIELDS}`),
    smiStage('gpu_processes', `--query-compute-apps=${PROCESS_FIELDS}`),
    hostStage(cluster, questions, directory, known),
  ];
  const [first = ':', ...others] = stages;
  const pipeline = [`{\n${first}\n} </dev/null`, ...others.map((stage) => `{\n{\n${stage}\n} </dev/null\ncat\n}`)].join(' | ');
  return `${DISK_FUNCTION}\n${pipeline}\n${section('end')}`;
}

/**
 * Which containers run is asked every time, and is what tells whether Docker answers. Version and folder come with `docker info`,
 * which takes twice as long, and are those of one dockerd for as long as it runs.
 */
const dockerStage = ({ dockerStamp, dockerRoot }: KnownParts): string => `${section('docker_stamp')}
spark_stamp=$(stat -L -c '%Y.%Z.%i' ${DOCKER_FILES} 2>/dev/null)
printf '%s\\n' "$spark_stamp"
if [ -z "$spark_stamp" ] || [ "$spark_stamp" != ${shellQuote(dockerRoot === null ? '' : (dockerStamp ?? ''))} ]; then
  ${section('docker')}
  spark_docker=$(timeout 10 docker info --format '{{.ServerVersion}} {{.DockerRootDir}}' 2>/dev/null)
  printf '%s\\n' "$spark_docker"
  ${section('docker_disk')}
  case \${spark_docker#* } in /*) spark_disks docker "\${spark_docker#* }" ;; esac
fi
${section('names')}
timeout 10 docker ps --no-trunc --format '{{.ID}} {{.Names}}' 2>/dev/null && ${section('docker_answers')}`;

const smiStage = (name: string, query: string): string => `${section(name)}
timeout 5 nvidia-smi ${query} --format=csv,noheader,nounits 2>/dev/null`;

const hostStage = (cluster: Cluster, questions: ProbeQuestions, directory: string | null, known: KnownParts): string =>
  [
    section('memory'),
    `cat ${SYSTEM_FILES} 2>/dev/null`,
    section('system'),
    SYSTEM_LINES,
    directory === null ? ':' : commitLine(directory),
    section('disk'),
    diskCommands(cluster.hfCache, known.dockerRoot),
    section('image'),
    questions.image === null ? ':' : imageCommands(questions.image),
    section('weights'),
    weightsSection(questions.source, cluster.hfCache),
    weightsContent(questions.source),
    directory === null ? ':' : launcherCommands(directory, known.launcherStamp),
  ].join('\n');

/** Weights go where they are, or will be: the folder may not be there yet. */
const diskCommands = (hfCache: string, dockerRoot: string | null): string => `${nearestFolder(hfCache)}
set -- / "$spark_folder"${dockerRoot === null ? '' : ` ${shellQuote(dockerRoot)}`}
spark_roles='root cache${dockerRoot === null ? '' : ' docker'}'
if [ -d /boot ]; then spark_disks "$spark_roles boot" "$@" /boot; else spark_disks "$spark_roles" "$@"; fi`;

const imageCommands = (
  image: string,
): string => `if spark_image=$(timeout 10 docker image inspect --format '{{.Id}}' -- ${shellQuote(image)} 2>&1); then
  printf 'id %s\\n' "$spark_image"
else
  case $spark_image in *[Nn]o\\ such\\ image*) printf 'missing\\n' ;; *) printf 'unknown\\n' ;; esac
fi`;

/** The launcher is asked for its help only when it is another file than the one that was asked before. */
const launcherCommands = (directory: string, stamp: string | null): string => `${section('launcher_stamp')}
spark_stamp=$(stat -L -c '%Y.%Z.%s.%i' ${directory}/launch-cluster.sh 2>/dev/null)
printf '%s\\n' "$spark_stamp"
if [ -z "$spark_stamp" ] || [ "$spark_stamp" != ${shellQuote(stamp ?? '')} ]; then
${helpSection(directory)}
fi`;
