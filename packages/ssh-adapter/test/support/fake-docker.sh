# Enough of docker for one container: its files lie in $SPARK_FOLDER/fs, what is known of it in $SPARK_FOLDER/container.
box="$SPARK_FOLDER/container"
printf '%s\n' "$*" >>"$SPARK_FOLDER/calls"
# A name, or the beginning of an id.
known() {
  [ -e "$box/id" ] || return 1
  [ "$1" != "$(cat "$box/name")" ] || return 0
  case $(cat "$box/id") in "$1"*) return 0 ;; *) return 1 ;; esac
}
missing() { echo "Error response from daemon: No such container: $1" >&2; exit 1; }
case $1 in
  container | inspect)
    while [ "$1" != --format ]; do shift; done
    known "$3" || missing "$3"
    id=$(cat "$box/id")
    case $2 in
      '{{.Id}} {{.Name}}') echo "$id /$(cat "$box/name")" ;;
      '{{.State.Pid}}') echo 0 ;;
      '{{.State.Running}}') cat "$box/running" ;;
      '{{.HostConfig.Memory}}') cat "$box/memory" ;;
      *)
        printf '{"id":"%s","name":"/%s","image":"svc:1","image_id":"sha256:1","state":{"Status":"running","StartedAt":"%s"},' "$id" "$(cat "$box/name")" "$(cat "$box/started")"
        printf '"restarts":0,"memory":%s,"policy":"unless-stopped"}\n' "$(cat "$box/memory")"
        ;;
    esac
    ;;
  restart)
    known "$2" || missing "$2"
    date -u +%Y-%m-%dT%H:%M:%SZ >"$box/started"
    ;;
  logs)
    tail -n "$3" "$box/log"
    ;;
  update)
    memory=0
    while [ $# -gt 1 ]; do [ "$1" != --memory ] || memory=$2; shift; done
    [ "$memory" = 0 ] || echo "$memory" >"$box/memory"
    ;;
  cp)
    if [ "$2" = - ]; then
      known "${3%%:*}" || missing "${3%%:*}"
      [ -d "$SPARK_FOLDER/fs${3#*:}" ] || { echo "Error response from daemon: Could not find the file ${3#*:} in container" >&2; exit 1; }
      exec tar -C "$SPARK_FOLDER/fs${3#*:}" --no-same-owner -xf -
    fi
    known "${2%%:*}" || missing "${2%%:*}"
    path="$SPARK_FOLDER/fs${2#*:}"
    [ -e "$path" ] || { echo "Error response from daemon: Could not find the file ${2#*:} in container" >&2; exit 1; }
    exec tar -C "${path%/*}" --no-unquote -cf - -- "${path##*/}"
    ;;
  exec)
    [ "$2 $3 $5 $6 $7" = '-u 0 rm -f --' ] || exit 2
    known "$4" || missing "$4"
    rm -f -- "$SPARK_FOLDER/fs$8"
    ;;
  *) exit 2 ;;
esac
