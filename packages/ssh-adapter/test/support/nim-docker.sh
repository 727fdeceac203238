#!/bin/sh
# Stands in for docker: containers and images are files below $HOME/docker, and every call is written down with its argv and environment.
state=$HOME/docker
mkdir -p "$state/containers" "$state/images"
{ printf '%s\n' "--- $*"; env; } >>"$state/environments"
printf '%s\n' "$*" >>"$state/calls"
fact() { sed -n "s/^$1=//p" "$state/containers/$2" 2>/dev/null; }
fail() { echo "$1" >&2; exit 1; }
has_auth() { grep -q "$(cat "$state/auth")" "$DOCKER_CONFIG/config.json" 2>/dev/null; }
last() { for word in "$@"; do :; done; printf '%s' "$word"; }
# Until the stand-in for docker-proxy listens, or does not any more.
listens() { ss -ltnH "sport = :$1" | grep -q LISTEN; }
publish() { : >"$state/listen.$1"; n=0; while [ -e "$state/served.$1" ] && ! listens "$1" && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.02; done; }
withdraw() { rm -f "$state/listen.$1"; n=0; while [ -e "$state/served.$1" ] && listens "$1" && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.02; done; }
format_of() { while [ $# -gt 0 ]; do [ "$1" != --format ] || { printf '%s' "$2"; return; }; shift; done; }

case $1 in
  context) echo "unix://$state/docker.sock" ;;
  info)
    case $(format_of "$@") in
      *Runtimes*) echo '{"nvidia":{"path":"nvidia-container-runtime"},"runc":{}}' ;;
      *) echo 'aarch64 /' ;;
    esac ;;
  version) echo arm64 ;;
  login)
    [ -n "$DOCKER_CONFIG" ] || fail 'no configuration of its own'
    key=$(cat)
    [ "$key" = "$(cat "$state/key")" ] || fail 'Error response from daemon: unauthorized: authentication required'
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$2" "$(cat "$state/auth")" >"$DOCKER_CONFIG/config.json"
    echo 'Login Succeeded' ;;
  manifest)
    [ ! -e "$state/no-manifest" ] || fail 'unsupported manifest format'
    image=$(last "$@")
    case $image in *public*) ;; *) has_auth || fail "unauthorized: access to the requested resource is not authorized" ;; esac
    case $image in *missing*) fail "no such manifest: $image" ;; *for-amd64*) arch=amd64 ;; *) arch=arm64 ;; esac
    printf '[{"Ref":"x","Descriptor":{"platform":{"architecture":"%s","os":"linux"}},"SchemaV2Manifest":{"layers":[{"size":1000},{"size":2345}]}},\n' "$arch"
    printf '{"Ref":"y","Descriptor":{"platform":{"architecture":"unknown","os":"unknown"}},"SchemaV2Manifest":{"layers":[{"size":7}]}}]\n' ;;
  image) [ ! -e "$state/images/$(last "$@" | tr '/:' '__')" ] || echo "sha256:$(printf '%064d' 7)" ;;
  pull) fail 'unauthorized: docker pull has no login' ;;
  ps) for file in "$state"/containers/*; do [ ! -e "$file" ] || echo "$(fact id "${file##*/}") ${file##*/}"; done ;;
  container)
    name=$(last "$@")
    [ -e "$state/containers/$name" ] || fail "Error: No such container: $name"
    job=$(fact job "$name")
    case $(format_of "$@") in
      *State.Status*) echo "$(fact status "$name") $(fact code "$name")" ;;
      *HostConfig*) [ "$(fact status "$name")" = running ] && running=true || running=false; echo "/$name $running [$(fact port "$name") ] ${job:-<no value>}" ;;
      *) echo "/$name ${job:-<no value>}" ;;
    esac ;;
  run)
    shift 2
    while [ $# -gt 1 ]; do
      case $1 in
        --name) name=$2; shift ;;
        --label) job=${2#spark-control.nim=}; shift ;;
        -p) port=${2%:*}; shift ;;
        -e|-v|--gpus) shift ;;
      esac
      shift
    done
    [ ! -e "$state/containers/$name" ] || fail "Conflict. The container name \"/$name\" is already in use"
    status=running
    code=0
    case $1 in *crash*) status=exited; code=1 ;; esac
    [ ! -e "$state/run-fails" ] || { printf 'job=%s\nstatus=created\n' "$job" >"$state/containers/$name"; fail 'driver failed: port is already allocated'; }
    printf 'id=%s\njob=%s\nport=%s\nstatus=%s\ncode=%s\n' "$(printf '%064d' $$)" "$job" "$port" "$status" "$code" >"$state/containers/$name"
    [ "$status" != running ] || publish "$port"
    echo "$(printf '%064d' $$)" ;;
  stop) sed -i 's/^status=.*/status=exited/' "$state/containers/$(last "$@")"; withdraw "$(fact port "$(last "$@")")" ;;
  start) sed -i 's/^status=.*/status=running/' "$state/containers/$2"; publish "$(fact port "$2")" ;;
  rename) [ ! -e "$state/containers/$3" ] || fail 'in use'; mv "$state/containers/$2" "$state/containers/$3" ;;
  rm) name=$(last "$@"); [ "$(fact status "$name")" != running ] || withdraw "$(fact port "$name")"; rm -f "$state/containers/$name" ;;
  logs) echo 'starting'; echo "token=$(cat "$state/key")"; echo 'Loading weights' ;;
  *) fail "unknown command $1" ;;
esac
