# The second half of launch-cluster-modern.sh, read by it: what happens on the nodes, in the order it happens.

check_ssh() {
  echo 'Checking SSH connectivity to worker nodes...'
  for worker in "${WORKERS[@]}"; do
    if ! ssh -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no "$worker" true 2>/dev/null; then
      fail "Error: Passwordless SSH to $worker failed."
    fi
    echo "  SSH to $worker: OK"
  done
}

find_running() {
  if docker ps --format '{{.Names}}' | grep -qx -- "$NAME"; then
    echo "Warning: Container '$NAME' is already running on head node ($HEAD)."
    RUNNING=1
  fi
  for worker in "${WORKERS[@]}"; do
    # TRAP: a left-over worker alone suppresses the start of the head.
    if ssh "$worker" "docker ps --format '{{.Names}}'" | grep -qx -- "$NAME"; then
      echo "Warning: Container '$NAME' is already running on worker node ($worker)."
      RUNNING=1
    fi
  done
}

check_images() {
  local id theirs
  echo 'Verifying Docker image consistency across cluster nodes...'
  if ! id=$(docker image inspect --format '{{.Id}}' "$IMAGE" 2>/dev/null); then
    echo "Error: Could not inspect image '$IMAGE' on head node ($HEAD)."
    fail "Error: Cluster launch aborted because image '$IMAGE' is not in sync."
  fi
  echo "  [HEAD] $HEAD: $id"
  for worker in "${WORKERS[@]}"; do
    if ! theirs=$(ssh "$worker" "docker image inspect --format '{{.Id}}' $IMAGE" 2>/dev/null); then
      echo "Error: Could not inspect image '$IMAGE' on worker node ($worker)."
      fail "Error: Cluster launch aborted because image '$IMAGE' is not in sync."
    fi
    if [ "$theirs" != "$id" ]; then
      echo "Error: Docker image mismatch on worker node ($worker):"
      echo "  Expected: $id"
      echo "  Found:    $theirs"
      fail "Error: Cluster launch aborted because image '$IMAGE' is not in sync."
    fi
    echo "  [WORKER] $worker: $theirs (match)"
  done
  echo 'Docker image consistency check passed.'
}

start_containers() {
  [ -z "$NON_PRIVILEGED" ] || echo 'Running in non-privileged mode...'
  echo "Starting Head Node on $HEAD..."
  # shellcheck disable=SC2046 # the words are split on purpose
  docker run $(run_words "$HEAD") # TRAP: its exit code is not looked at, nor the worker's
  for worker in "${WORKERS[@]}"; do
    echo "Starting Worker Node on $worker..."
    ssh "$worker" "docker run $(run_words "$worker")"
  done
}

# Copies a file into the container of a node.
copy_in() { # NODE FILE PATH
  if [ "$1" = "$HEAD" ]; then
    docker cp "$2" "$NAME:$3"
  else
    local there=/tmp/.launch-cluster-copy.$$
    scp -q -r "$2" "$1:$there" && ssh "$1" "docker cp $there $NAME:$3; rm -rf $there"
  fi
}

on_node() { # NODE WORDS...: docker exec there
  local node=$1
  shift
  if [ "$node" = "$HEAD" ]; then docker exec "$@"; else ssh "$node" "docker exec $(quoted "$@")"; fi
}

apply_mods() {
  [ ${#MODS[@]} -gt 0 ] || return 0
  echo 'Applying modifications to cluster nodes...'
  for mod in "${MODS[@]}"; do
    local base
    base=$(basename "$mod")
    for node in "$HEAD" "${WORKERS[@]}"; do
      echo "Applying mod '$base' to $node..."
      on_node "$node" "$NAME" mkdir -p /workspace/mods
      copy_in "$node" "$mod" "/workspace/mods/$base"
      echo "  Running patch script on $node..."
      if ! on_node "$node" "$NAME" bash -c "cd /workspace/mods/$base && bash run.sh"; then
        echo "Error: Patch script failed on $node"
        [ -z "$DAEMON" ] || stop_all
        exit 1
      fi
    done
  done
}

start_ray() {
  echo "Starting Ray HEAD node on $HEAD..."
  docker exec -d "$NAME" ray start --head --port "$PORT" --num-cpus 2
  for worker in "${WORKERS[@]}"; do
    echo "Starting Ray WORKER node on $worker..."
    on_node "$worker" -d "$NAME" ray start "--address=$HEAD:$PORT"
  done
  echo 'Waiting for cluster to be ready...'
  for ((try = 0; try < 30; try++)); do
    if docker exec "$NAME" ray status >/dev/null 2>&1; then
      echo 'Cluster head is responsive.'
      sleep "$PAUSE"
      return 0
    fi
    sleep "$PAUSE"
  done
  fail 'Timeout waiting for cluster to start.'
}

without_backend() { sed -E 's/--distributed-executor-backend[ =]+[^ ]+//g'; }

# A copy of the launch script as one node gets it: the last line is extended.
script_for() { # NODE EXTRA
  local copy
  copy=$(mktemp /tmp/.launch-cluster-script.XXXXXX)
  TEMPORARY+=("$copy")
  if [ -n "$RAY" ]; then cp "$SCRIPT" "$copy"; else without_backend <"$SCRIPT" >"$copy"; fi
  [ -z "$2" ] || sed -i "\$ s|\$| $2|" "$copy" # TRAP: `vllm serve` must be in the last line
  chmod +x "$copy"
  echo "Copying launch script to $1..."
  copy_in "$1" "$copy" /workspace/exec-script.sh
}

distributed() { # RANK HEADLESS
  printf '%s' "--nnodes $((${#WORKERS[@]} + 1)) --node-rank $1 --master-addr $HEAD --master-port $PORT$2"
}

execute() {
  local fans_out=
  if [ -z "$SOLO$RAY" ] && [ ${#WORKERS[@]} -gt 0 ]; then
    case $TEXT in *'vllm serve'*) fans_out=1 ;; esac
    [ -z "$SCRIPT" ] || fans_out=1
  fi
  if [ -n "$fans_out" ]; then execute_on_all; else execute_on_head; fi
}

execute_on_head() {
  if [ -n "$RAY" ]; then
    echo 'Adding --distributed-executor-backend ray' >&2
    [ -n "$SCRIPT" ] || COMMAND+=' --distributed-executor-backend ray'
  fi
  if [ -n "$SCRIPT" ]; then script_for "$HEAD" "${RAY:+--distributed-executor-backend ray}"; fi
  echo "Executing command: $COMMAND"
  if [ -n "$DAEMON" ]; then
    docker exec -d "$NAME" bash -c "$COMMAND >> /proc/1/fd/1 2>&1"
    echo "Command dispatched in background (Daemon mode). Container: $NAME"
    exit 0 # TRAP: also when the line above it failed
  fi
  local terminal=-i
  [ ! -t 0 ] || terminal=-it
  docker exec "$terminal" "$NAME" bash -c "$COMMAND"
  exit $?
}

execute_on_all() {
  local rank=0 command
  [ -n "$SCRIPT" ] || COMMAND=$(without_backend <<<"$COMMAND")
  for worker in "${WORKERS[@]}"; do # the head waits for them, so they go first
    rank=$((rank + 1))
    command=$COMMAND
    if [ -n "$SCRIPT" ]; then script_for "$worker" "$(distributed "$rank" ' --headless')"; else command+=" $(distributed "$rank" ' --headless')"; fi
    echo "Launching worker (rank $rank) on $worker..."
    on_node "$worker" -d "$NAME" bash -c "$command >> /proc/1/fd/1 2>&1"
  done
  command=$COMMAND
  if [ -n "$SCRIPT" ]; then script_for "$HEAD" "$(distributed 0 '')"; else command+=" $(distributed 0 '')"; fi
  echo "Executing command on head node (rank 0): $command"
  local sentinel=/tmp/.launch-cluster-head-exit
  if ! docker exec -d "$NAME" bash -c "rm -f $sentinel; $command >> /proc/1/fd/1 2>&1; echo \$? > $sentinel"; then
    # TRAP: the workers' ranks stay behind
    trap remove_temporary EXIT
    fail "Error: failed to start the command inside container '$NAME'."
  fi
  if [ -n "$DAEMON" ]; then
    echo "Command dispatched in background (Daemon mode). Container: $NAME"
    exit 0
  fi
  follow_head "$sentinel"
}

follow_head() { # SENTINEL
  local status
  docker logs -f "$NAME" &
  while :; do
    if status=$(docker exec "$NAME" cat "$1" 2>/dev/null) && [ -n "$status" ]; then exit "$status"; fi
    if ! docker ps --format '{{.Names}}' | grep -qx -- "$NAME"; then
      echo "Container '$NAME' is no longer running; head command did not report completion."
      exit 1
    fi
    sleep "$POLL"
  done
}
