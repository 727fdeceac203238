#!/bin/bash
# Stand-in of eugr's launch-cluster.sh as of January 2026: Ray always, and the traps of that time, marked TRAP. They must
# stay as they are: the runtime is tested against them. Pauses are shortened by RIG_PAUSE_SECONDS.

PAUSE=${RIG_PAUSE_SECONDS:-5}
IMAGE=vllm-node NAME=vllm_node
NODES= ETH= IB= NCCL= DAEMON= CHECK= ACTION=start COMMAND= RUNNING=

usage() {
  cat <<TEXT
Usage: $0 [-n <node_ips>] [-t <image_name>] [--name <container_name>] [--eth-if <if_name>] [--ib-if <if_name>] [--nccl-debug <level>] [--check-config] [-d] [action] [command]
  -n, --nodes      comma-separated nodes
  -t               Docker image name (default: vllm-node)
  --name           container name (default: vllm_node)
  --eth-if         Ethernet interface
  --ib-if          InfiniBand interface
  --nccl-debug     NCCL debug level
  --check-config   check the configuration without starting
  -d               daemon mode (for start)
  action           start | stop | status | exec (default: start)
  command          command to run (for exec)
TEXT
  exit 1 # TRAP: help is not a success
}

fail() {
  echo "$1"
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    -n | --nodes) NODES=$2; shift ;;
    -t) IMAGE=$2; shift ;;
    --name) NAME=$2; shift ;;
    --eth-if) ETH=$2; shift ;;
    --ib-if) IB=$2; shift ;;
    --nccl-debug) NCCL=$2; shift ;;
    --check-config) CHECK=1 ;;
    -d) DAEMON=1 ;;
    start | stop | status) ACTION=$1 ;;
    exec)
      ACTION=exec
      shift
      COMMAND="$*" # TRAP: joined by blanks, and parsed again in the container
      break
      ;;
    *)
      # TRAP: a word it does not know is a command, so even an option starts a cluster.
      ACTION=exec
      COMMAND="$*"
      break
      ;;
  esac
  shift
done

if [ -z "$ETH" ] || [ -z "$NODES" ]; then
  echo 'Auto-detecting interfaces...'
  ETH=${ETH:-eth0} IB=${IB:-rocep1s0f0}
fi
if [ -z "$NODES" ]; then
  [ -n "${RIG_DISCOVERED:-}" ] || fail 'Error: No active IB interfaces found.'
  sleep "$PAUSE"
  NODES=$RIG_DISCOVERED
fi
HEAD=$(ip -4 -o address show dev "$ETH" 2>/dev/null | sed -n 's/.* inet \([0-9.]*\).*/\1/p')
case ",$NODES," in
  *",$HEAD,"*) ;;
  *) fail "Error: Local IP ($HEAD) is not in the list of nodes ($NODES)." ;;
esac
WORKERS=()
IFS=, read -ra ALL <<<"$NODES"
for node in "${ALL[@]}"; do [ "$node" = "$HEAD" ] || WORKERS+=("$node"); done

echo "Head Node: $HEAD"
echo "Worker Nodes: ${WORKERS[*]}"
echo "Container Name: $NAME"
echo "Image Name: $IMAGE"
echo "Action: $ACTION"

# TRAP: the head splits VLLM_SPARK_EXTRA_DOCKER_ARGS into words and looks at no quotes; the worker's shell does.
run_words() { # NODE ROLE
  printf '%s' "--privileged --gpus all -d --rm --ipc=host --network host --name $NAME -e NCCL_IGNORE_CPU_AFFINITY=1"
  [ -z "$NCCL" ] || printf ' %s' "-e NCCL_DEBUG=$NCCL"
  printf ' %s' "-v ${HF_HOME:-$HOME/.cache/huggingface}:/root/.cache/huggingface ${VLLM_SPARK_EXTRA_DOCKER_ARGS:-} $IMAGE"
  printf ' %s' "./run-cluster-node.sh --role $2 --host-ip $1 --eth-if $ETH --ib-if $IB"
  [ "$2" = head ] || printf ' %s' "--head-ip $HEAD"
}

if [ -n "$CHECK" ]; then
  echo "Docker args: $(run_words "$HEAD" head)"
  exit 0
fi

if [ ${#WORKERS[@]} -gt 0 ]; then
  # `stop` and `status` ask no one and hang on a dead worker.
  case $ACTION in
    start | exec)
      echo 'Checking SSH connectivity to worker nodes...'
      for worker in "${WORKERS[@]}"; do
        ssh -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no "$worker" true 2>/dev/null ||
          fail "Error: Passwordless SSH to $worker failed."
        echo "  SSH to $worker: OK"
      done
      ;;
  esac
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
  if docker ps 2>/dev/null | grep -q "$NAME"; then
    echo "[HEAD] $HEAD: Container '$NAME' is RUNNING."
    echo '--- Ray Status ---'
    docker exec "$NAME" ray status || echo 'Failed to get ray status.'
  else
    echo "[HEAD] $HEAD: Container '$NAME' is NOT running."
  fi
  for worker in "${WORKERS[@]}"; do
    if ssh "$worker" 'docker ps' 2>/dev/null | grep -q "$NAME"; then
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
}
# TRAP: for `exec`, -d changes nothing: the script stays, and its end is the end of the containers.
if [ "$ACTION" = exec ] || [ -z "$DAEMON" ]; then trap cleanup EXIT INT TERM HUP; fi

if docker ps --format '{{.Names}}' | grep -qx -- "$NAME"; then
  echo "Warning: Container '$NAME' is already running on head node ($HEAD)."
  RUNNING=1
fi
for worker in "${WORKERS[@]}"; do
  if ssh "$worker" "docker ps --format '{{.Names}}'" | grep -qx -- "$NAME"; then
    echo "Warning: Container '$NAME' is already running on worker node ($worker)."
    RUNNING=1
  fi
done

if [ -n "$RUNNING" ]; then
  echo 'Cluster containers are already running. Skipping launch.'
else
  echo "Starting Head Node on $HEAD..."
  # shellcheck disable=SC2046 # the words are split on purpose
  docker run $(run_words "$HEAD" head) # TRAP: its exit code is not looked at, nor the worker's
  for worker in "${WORKERS[@]}"; do
    echo "Starting Worker Node on $worker..."
    ssh "$worker" "docker run $(run_words "$worker" node)"
  done
  echo 'Waiting for cluster to be ready...'
  responsive=
  for ((try = 0; try < 30; try++)); do
    if docker exec "$NAME" ray status >/dev/null 2>&1; then
      responsive=1
      break
    fi
    sleep "$PAUSE"
  done
  [ -n "$responsive" ] || fail 'Timeout waiting for cluster to start.'
  echo 'Cluster head is responsive.'
  sleep "$PAUSE"
fi

if [ "$ACTION" = exec ]; then
  echo "Executing command on head node: $COMMAND"
  terminal=-i
  [ ! -t 0 ] || terminal=-it
  docker exec "$terminal" "$NAME" bash -i -c "$COMMAND"
  exit $?
fi
if [ -n "$DAEMON" ]; then
  echo 'Cluster started in background (Daemon mode).'
  exit 0
fi
echo 'Cluster started. Tailing logs from head node...'
echo 'Press Ctrl+C to stop the cluster.'
docker logs -f "$NAME"
