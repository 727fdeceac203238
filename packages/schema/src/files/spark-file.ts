import Type, { type Static } from 'typebox';
import { KEY_REGEXP } from '../wire/common.ts';
import { boolean, CLOSED, integer, mapOf, number, port, text, texts } from './common.ts';

const HOST_PATH = '^(/|~/|~$)';
const USER = '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$';

const SshDefaults = Type.Object(
  {
    user: text('Login user.', { pattern: USER }),
    port: port('SSH port. Default: 22.'),
    key_file: text('Private key on this machine; `~` is your home, a relative path counts from this file. Default: the SSH agent.'),
  },
  { ...CLOSED, description: 'For every host that does not say it itself.' },
);

export const HostEntry = Type.Object(
  {
    name: text('Name that people read. Default: the key.', { maxLength: 100 }),
    address: Type.String({ minLength: 1, maxLength: 253, description: 'DNS name or IP address.', examples: ['192.168.1.50'] }),
    port: port('SSH port. Default: 22.'),
    user: text('Login user.', { pattern: USER }),
    key_file: text('Private key on this machine; `~` is your home, a relative path counts from this file. Default: the SSH agent.'),
    fingerprint: text('Host key as `ssh-keygen -lf` prints it: SHA256: and 43 characters.', { pattern: '^SHA256:[A-Za-z0-9+/]{43}=?$' }),
    fabric_address: text('Address on the fast link between the hosts. Default: `address`.'),
  },
  CLOSED,
);

const DefaultModel = Type.Object(
  {
    model: Type.String({ pattern: KEY_REGEXP, description: 'Key of a model in models.yaml.' }),
    after_lock_release: boolean('When a lock was released, has expired or was broken, and nobody took it within seconds. Default: true.'),
    after_idle_seconds: integer('When another model, or none, has had no request for so long. Default: never.', 60, 30 * 86_400),
    after_reboot: boolean('When a host has booted and nothing serves. Default: true.'),
  },
  { ...CLOSED, description: 'Model that the cluster goes back to by itself, as far as the lock allows. Default: none.' },
);

export const ClusterEntry = Type.Object(
  {
    name: text('Name that people read. Default: the key.', { maxLength: 100 }),
    hosts: Type.Array(Type.String(), { minItems: 1, maxItems: 64, description: 'Hosts, head first. `docker_run` takes one.' }),
    launcher: Type.Optional(
      Type.Enum(['launch_cluster', 'docker_run'], {
        description: '`launch_cluster`: the script of spark-vllm-docker. `docker_run`: plain `docker run`. Default: launch_cluster.',
      }),
    ),
    port: port('Port of the OpenAI API on the head. Default: VLLM_PORT, else 8888.'),
    container: text('Name of the container that serves. Default: VLLM_CONTAINER, else vllm_node.', {
      pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$',
    }),
    image: text('Docker image. Default: VLLM_IMAGE, else vllm-node (launch_cluster) or vllm/vllm-openai:latest (docker_run).'),
    launcher_directory: text('Folder of launch-cluster.sh on the head. Default: LAUNCHER_DIR, else ~/spark-vllm-docker.', {
      pattern: HOST_PATH,
    }),
    hf_cache: text('Hugging Face cache on the hosts. Default: ~/.cache/huggingface.', { pattern: HOST_PATH }),
    model_roots: texts('Folders below which a `local_path` may lie. Default: /models and /srv/models.', { pattern: '^/.' }),
    default_model: Type.Optional(DefaultModel),
  },
  CLOSED,
);

const seconds = (description: string) => number(`${description}, in seconds.`, 0.001, 7 * 86_400);

const DeadlinesSection = Type.Object(
  {
    validate_seconds: seconds('Longest pre-flight'),
    stop_seconds: seconds('Longest stop of the previous model'),
    launch_seconds: seconds('From the launch to the observed process, without an image pull'),
    launch_quiet_seconds: seconds('Longest silence of a launch'),
    pull_quiet_seconds: seconds('Longest silence of an image pull'),
    load_floor_seconds: seconds('Least limit of a load whose past times are known'),
    load_history_factor: number('That limit as a multiple of the p90 of past loads.', 1, 100),
    load_first_seconds: seconds('Limit of a first load: the base'),
    load_first_per_gib_seconds: seconds('Limit of a first load: more for each GiB of weights'),
    load_assumed_gib: number('Size assumed for weights of unknown size, in GiB.', 0, 100_000),
    load_quiet_seconds: seconds('Longest silence of a load'),
    load_silent_quiet_seconds: seconds('Longest silence while the engine compiles or warms up'),
    warm_seconds: seconds('Longest wait for the first completion'),
    warm_quiet_seconds: seconds('Longest silence during that wait'),
  },
  { ...CLOSED, description: 'How long the steps of a swap may take.' },
);

const LimitsSection = Type.Object(
  {
    body_bytes: integer('Largest JSON body of a request. Default: 1 MiB. The variable BODY_LIMIT_BYTES goes first.', 1_024, 2 ** 30),
    drain_seconds: integer('Time for running requests to finish, where a swap asked for over the API names none. Default: 30.', 0, 3_600),
  },
  { ...CLOSED, description: 'Limits of the HTTP interface.' },
);

const PollsSection = Type.Object(
  {
    observe_seconds: number('How often an idle cluster is looked at, in seconds. Default: 2.', 0.2, 300),
    telemetry_seconds: number('How often memory, GPU and disk of the hosts are read, in seconds. Default: 5.', 0.5, 600),
    catalog_seconds: number('How often the files of the catalog are looked at, in seconds. Default: 2.', 0.2, 600),
  },
  { ...CLOSED, description: 'How often is looked at what changes by itself.' },
);

const ServerSection = Type.Object(
  {
    host: text('Address to listen on. Default: 127.0.0.1. The variable HOST goes first.'),
    port: integer('Port to listen on. Default: 9999. The variable PORT goes first.', 0, 65_535),
    allowed_hosts: texts('Further names under which the dashboard is opened. ALLOWED_HOSTS adds to them.'),
  },
  { ...CLOSED, description: 'Where the dashboard and the API listen.' },
);

/** `config/spark.yaml`: which hosts there are and how they are grouped. */
export const SparkFile = Type.Object(
  {
    ssh: Type.Optional(SshDefaults),
    hosts: Type.Optional(mapOf(HostEntry, 'GPU hosts: key and entry. May be left out where SPARK1_HOST names them.')),
    clusters: Type.Optional(mapOf(ClusterEntry, 'Hosts that serve one model together. Default: one cluster `default` of all hosts.')),
    deadlines: Type.Optional(DeadlinesSection),
    limits: Type.Optional(LimitsSection),
    polls: Type.Optional(PollsSection),
    server: Type.Optional(ServerSection),
  },
  { ...CLOSED, title: 'Hosts and clusters of Spark Control' },
);

export type FileSpark = Static<typeof SparkFile>;
export type FileHostEntry = Static<typeof HostEntry>;
export type FileClusterEntry = Static<typeof ClusterEntry>;
