#!/bin/bash
# Main process of a node in the launcher's older generation: Ray's head or worker, which ends on TERM at once.
role=
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2; shift ;;
  esac
  shift
done
trap 'exit 0' TERM
echo "Starting Ray node: $role"
[ "$role" = head ] && : >/tmp/ray-head
while :; do
  sleep 3600 &
  wait $!
done
