#!/bin/bash
# Stand-in of eugr's launch-cluster.sh as of September 2026: the same options, the same lines, the same traps. Each trap
# is marked TRAP and must stay as it is: the runtime is tested against them. Pauses are shortened by RIG_PAUSE_SECONDS.

PAUSE=${RIG_PAUSE_SECONDS:-2}
POLL=${RIG_POLL_SECONDS:-5}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
IMAGE=vllm-node
NAME= NODES= LOCAL= ETH= IB= PORT= CONFIG=${CONFIG_FILE:-}
SOLO= RAY= DAEMON= CHECK= SCRIPT= ACTION= COMMAND= PUBLISH= RUNNING=
NON_PRIVILEGED= MEMORY=110 MEMORY_SWAP= PIDS=4096 SHM=64
CACHES=1 KEEP_ENTRYPOINT= EARLYOOM= EARLYOOM_ARGS=${VLLM_SPARK_EARLYOOM_ARGS:-}
ENVS=() VOLUMES=() MODS=() WORKERS=() TEMPORARY=()

usage() {
  cat <<TEXT
Usage: $0 [OPTIONS] [ACTION | exec COMMAND...]

Options:
  -n, --nodes IPS          comma-separated nodes, head first
  -t IMAGE                 Docker image (default: vllm-node)
  --name NAME              container name (default: vllm_node)
  --eth-if IF  --ib-if IF  interfaces
  -e, --env VAR=VALUE      environment of the container (repeatable)
  -j N                     build jobs
  --nccl-debug [LEVEL]     NCCL debug level
  --apply-mod PATH         run a mod before the command (repeatable)
  --apply-vllm-pr PR       patch at container start
  --launch-script FILE     script to run in the container instead of a command
  --check-config           print the configuration, start nothing
  --solo                   one node, no discovery
  --ray | --no-ray         multi-node backend (default: no Ray)
  --master-port, --head-port PORT
  -p, --publish SPEC       solo only
  -v, --volume SPEC        (repeatable)
  --no-cache-dirs  --keep-entrypoint  --earlyoom  --earlyoom-args ARGS
  --non-privileged  --mem-limit-gb N  --mem-swap-limit-gb N  --pids-limit N  --shm-size-gb N
  --config FILE            alternative .env
  --setup  --discover      interactive discovery
  -d                       daemon mode

Actions: start, stop, status, exec COMMAND
TEXT
  exit 1 # TRAP: help is not a success
}

fail() {
  echo "$1"
  exit 1
}

# Words quoted for another shell.
quoted() {
  local out
  printf -v out '%q ' "$@"
  printf '%s' "${out% }"
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    -n | --nodes) NODES=$2; shift ;;
    -t) IMAGE=$2; shift ;;
    --name) NAME=$2; shift ;;
    --eth-if) ETH=$2; shift ;;
    --ib-if) IB=$2; shift ;;
    -e | --env) ENVS+=("$2"); shift ;;
    -j) ENVS+=("MAX_JOBS=$2"); shift ;;
    --nccl-debug)
      case ${2-} in
        VERSION | WARN | INFO | TRACE) ENVS+=("NCCL_DEBUG=$2"); shift ;;
        *) ENVS+=(NCCL_DEBUG=INFO) ;;
      esac
      ;;
    --apply-mod) MODS+=("$2"); shift ;;
    --apply-vllm-pr) shift ;;
    --launch-script) SCRIPT=$2; shift ;;
    --check-config) CHECK=1 ;;
    --solo) SOLO=1 ;;
    --ray) RAY=1 ;;
    --no-ray) NO_RAY=1 ;;
    --master-port | --head-port) PORT=$2; shift ;;
    -p | --publish) PUBLISH+=" -p $2"; shift ;;
    -v | --volume) VOLUMES+=("$2"); shift ;;
    --no-cache-dirs) CACHES= ;;
    --keep-entrypoint) KEEP_ENTRYPOINT=1 ;;
    --earlyoom) EARLYOOM=1 ;;
    --earlyoom-args) EARLYOOM_ARGS=$2; shift ;;
    --non-privileged) NON_PRIVILEGED=1 ;;
    --mem-limit-gb) MEMORY=$2; shift ;;
    --mem-swap-limit-gb) MEMORY_SWAP=$2; shift ;;
    --pids-limit) PIDS=$2; shift ;;
    --shm-size-gb) SHM=$2; shift ;;
    --config) CONFIG=$2; shift ;;
    --setup | --discover) ;;
    -d) DAEMON=1 ;;
    start | stop | status) ACTION=$1 ;;
    exec)
      ACTION=exec
      shift
      COMMAND=$(quoted "$@")
      break
      ;;
    *) fail "Error: Unknown argument or action: $1" ;;
  esac
  shift
done

if [ -n "$SOLO" ] && [ -n "$RAY$NO_RAY" ]; then fail 'Error: --ray and --no-ray cannot be used with --solo.'; fi
if [ -n "$PUBLISH" ] && [ -z "$SOLO" ]; then fail 'Error: --publish is only available with --solo.'; fi
if [ -n "$SCRIPT" ]; then
  [ -f "$SCRIPT" ] || fail "Error: Launch script '$SCRIPT' not found."
  ACTION=${ACTION:-exec}
fi
[ -n "$ACTION$CHECK" ] || fail 'Error: No action specified'

read_config() {
  local file=${CONFIG:-$HERE/.env} line key value
  [ -f "$file" ] || return 0
  echo 'Loading configuration from .env file...'
  local -A seen=()
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | '#'*) continue ;; esac
    key=${line%%=*} value=${line#*=}
    value=${value#[\"\']} value=${value%[\"\']}
    if ! [[ $key =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || [ -n "${seen[$key]-}" ]; then
      fail 'Error: Invalid .env file syntax. Aborting.'
    fi
    seen[$key]=1
    case $key in
      CLUSTER_NODES) NODES=${NODES:-$value} ;;
      LOCAL_IP) LOCAL=$value ;;
      ETH_IF) ETH=${ETH:-$value} ;;
      IB_IF) IB=${IB:-$value} ;;
      MASTER_PORT) PORT=${PORT:-$value} ;;
      CONTAINER_NAME) NAME=${NAME:-$value} ;;
      CONTAINER_*) ENVS+=("${key#CONTAINER_}=$value") ;;
    esac
  done <"$file"
}
read_config
NAME=${NAME:-vllm_node} PORT=${PORT:-29501} ETH=${ETH:-eth0} IB=${IB:-rocep1s0f0}

if [ -n "$SOLO" ]; then
  echo 'Solo mode enabled. Skipping node detection.'
  LOCAL=127.0.0.1 NODES=127.0.0.1
else
  if [ -z "$NODES" ]; then
    echo 'Auto-detecting interfaces...'
    [ -n "${RIG_DISCOVERED:-}" ] || fail 'Error: No active IB interfaces found.'
    sleep "$PAUSE"
    NODES=$RIG_DISCOVERED
  fi
  : "${LOCAL:=$(ip -4 -o address show dev "$ETH" 2>/dev/null | sed -n 's/.* inet \([0-9.]*\).*/\1/p')}"
  case ",$NODES," in
    *",$LOCAL,"*) ;;
    *) fail "Error: Local IP ($LOCAL) is not in the list of nodes ($NODES)." ;;
  esac
  [ "$NODES" = "$LOCAL" ] && SOLO=1
fi
IFS=, read -ra ALL <<<"$NODES"
HEAD=$LOCAL
for node in "${ALL[@]}"; do [ "$node" = "$HEAD" ] || WORKERS+=("$node"); done

# TRAP: whatever in the text looks like a parallelism flag decides on the number of nodes.
degree() { # SHORT LONG
  grep -oE -- "(^|[[:space:]])(-$1|--$2)[[:space:]=]+[0-9]+" <<<"$TEXT" | head -1 | grep -oE '[0-9]+$'
}
TEXT=$COMMAND
[ -z "$SCRIPT" ] || TEXT=$(cat "$SCRIPT")
if [ "$ACTION" = exec ]; then
  tp=$(degree tp tensor-parallel-size) pp=$(degree pp pipeline-parallel-size) dp=$(degree dp data-parallel-size)
  if [ -n "$tp$pp$dp" ]; then
    required=$((${tp:-1} * ${pp:-1} * ${dp:-1})) configured=$((${#WORKERS[@]} + 1))
    because="tp=${tp:-1} * pp=${pp:-1} * dp=${dp:-1}"
    if [ "$required" -gt "$configured" ]; then
      fail "Error: Command requires $required nodes ($because) but only $configured node(s) are configured."
    elif [ "$required" -lt "$configured" ]; then
      echo "Note: Command requires $required node(s) ($because); using $required of $configured configured node(s)."
      WORKERS=("${WORKERS[@]:0:$((required - 1))}")
      [ "$required" -gt 1 ] || SOLO=1
    fi
  fi
fi

echo "Head Node: $HEAD"
echo "Worker Nodes: ${WORKERS[*]}"
echo "Container Name: $NAME"
echo "Image Name: $IMAGE"
echo "Action: $ACTION"

DOCKER_ARGS="--privileged --ulimit nofile=${VLLM_SPARK_NOFILE_LIMIT:-1048576} --ipc=host"
if [ -n "$NON_PRIVILEGED" ]; then
  DOCKER_ARGS="--ulimit nofile=${VLLM_SPARK_NOFILE_LIMIT:-1048576} --cap-add=IPC_LOCK --shm-size=${SHM}g --memory ${MEMORY}g"
  DOCKER_ARGS+=" --memory-swap ${MEMORY_SWAP:-$((MEMORY + 10))}g --pids-limit $PIDS"
fi
# TRAP: values of -e with blanks fall apart, because all of this is one string.
for each in "${ENVS[@]}"; do DOCKER_ARGS+=" -e $each"; done
for each in "${VOLUMES[@]}"; do DOCKER_ARGS+=" -v $each"; done
DOCKER_ARGS+=' -e NCCL_IGNORE_CPU_AFFINITY=1 -e PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True'
DOCKER_ARGS+=" -v ${HF_HOME:-$HOME/.cache/huggingface}:/root/.cache/huggingface"
if [ -n "$CACHES" ]; then
  for each in .cache/vllm .cache/flashinfer .triton .tilelang; do DOCKER_ARGS+=" -v $HOME/$each:/root/$each"; done
fi
NETWORK='--network host'
[ -z "$PUBLISH" ] || NETWORK=$PUBLISH
ENTRYPOINT='--entrypoint='
[ -z "$KEEP_ENTRYPOINT" ] || ENTRYPOINT=

# TRAP: the head splits VLLM_SPARK_EXTRA_DOCKER_ARGS into words and looks at no quotes; the worker's shell does.
run_words() { # NODE
  printf '%s' "$DOCKER_ARGS -e VLLM_HOST_IP=$1 -e NCCL_SOCKET_IFNAME=$ETH -e NCCL_IB_HCA=$IB -e NCCL_IB_DISABLE=0"
  printf ' %s' "-e GLOO_SOCKET_IFNAME=$ETH -e TP_SOCKET_IFNAME=$ETH --gpus all -d --rm $NETWORK --name $NAME $ENTRYPOINT"
  printf ' %s' "${VLLM_SPARK_EXTRA_DOCKER_ARGS:-} $IMAGE"
  if [ -n "$EARLYOOM" ]; then printf ' %s' "earlyoom $EARLYOOM_ARGS"; else printf ' sleep infinity'; fi
}

if [ -n "$CHECK" ]; then
  echo "Local IP: $LOCAL"
  echo "Docker args: $(run_words "$HEAD")" # TRAP: secrets among them are printed
  exit 0
fi

stop_all() {
  echo 'Stopping cluster...'
  echo "Stopping head node ($HEAD)..."
  docker stop "$NAME" >/dev/null 2>&1
  for worker in "${WORKERS[@]}"; do
    echo "Stopping worker node ($worker)..."
    ssh "$worker" "docker stop $NAME" >/dev/null 2>&1 # TRAP: an unreachable worker goes unmentioned
  done
  echo 'Cluster stopped.'
}

if [ "$ACTION" = stop ]; then
  stop_all
  exit 0 # TRAP: whatever happened
fi

if [ "$ACTION" = status ]; then
  echo 'Checking status...'
  # TRAP: a part of a name is enough, and who cannot be asked "is NOT running".
  if docker ps --format '{{.Names}}' 2>/dev/null | grep -q "$NAME"; then
    echo "[HEAD] $HEAD: Container '$NAME' is RUNNING."
    if [ -n "$SOLO" ]; then
      echo '--- Ray Status ---'
      docker exec "$NAME" ray status || echo 'Failed to get ray status.'
    fi
  else
    echo "[HEAD] $HEAD: Container '$NAME' is NOT running."
  fi
  for worker in "${WORKERS[@]}"; do
    if ssh "$worker" "docker ps --format '{{.Names}}'" 2>/dev/null | grep -q "$NAME"; then
      echo "[WORKER] $worker: Container '$NAME' is RUNNING."
    else
      echo "[WORKER] $worker: Container '$NAME' is NOT running."
    fi
  done
  exit 0
fi

cleanup() {
  trap - EXIT INT TERM HUP
  if [ -n "$RUNNING" ]; then
    echo 'Cluster was already running when script started. Skipping cleanup.'
  else
    stop_all
  fi
  remove_temporary
}
remove_temporary() { [ ${#TEMPORARY[@]} -eq 0 ] || rm -f "${TEMPORARY[@]}"; }
# TRAP: without -d the end of this script is the end of the containers.
if [ -n "$DAEMON" ]; then trap remove_temporary EXIT; else trap cleanup EXIT INT TERM HUP; fi

. "$HERE/launch-parts.sh"

if [ ${#WORKERS[@]} -gt 0 ]; then check_ssh; fi
find_running
if [ -n "$RUNNING" ]; then
  echo 'Cluster containers are already running. Skipping launch.' # TRAP: and yet the command is executed in them
else
  if [ ${#WORKERS[@]} -gt 0 ]; then check_images; fi
  start_containers
fi
apply_mods
if [ -n "$SOLO" ]; then sleep "$PAUSE"; elif [ -n "$RAY" ]; then start_ray; fi
if [ -n "$SCRIPT" ]; then COMMAND=/workspace/exec-script.sh; fi

if [ "$ACTION" = start ]; then
  if [ -n "$DAEMON" ]; then
    echo 'Cluster started in background (Daemon mode).'
    exit 0
  fi
  echo 'Cluster started. Tailing logs from head node...'
  echo 'Press Ctrl+C to stop the cluster.'
  docker logs -f "$NAME"
  exit 0
fi
execute
