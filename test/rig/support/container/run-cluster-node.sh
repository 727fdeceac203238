#!/bin/bash
# Main process of a node in the launcher's older generation: Ray's head or worker, which ends on TERM at once.
role=
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2; shift ;;
  esac
  shift
done
trap 'kill %1; exit 0' TERM
echo "Starting Ray node: $role"
# What `ps` shows of Ray on every node.
(exec -a /usr/local/lib/python3.12/dist-packages/ray/core/src/ray/raylet/raylet bash -c 'while :; do sleep 3600; done' raylet) &
[ "$role" = head ] && : >/tmp/ray-head
wait
