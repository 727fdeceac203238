#!/bin/sh
# The hub's client without a hub: `hf download org/name [--revision=REV]`. It lays the cache out as the real one does, goes on where an
# earlier run was broken off, and fails in the real one's words for repositories that are called so. It notes each run in ~/hf.log,
# and waits half-way for ~/gate while there is a ~/gated.
set -eu
repo=$2
revision=main
for word; do case $word in --revision=*) revision=${word#--revision=} ;; esac; done
printf '%s token=%s\n' "$*" "${HF_TOKEN:-none}" >>"$HOME/hf.log"
case $repo in
  */gated) [ "${HF_TOKEN:-}" = hf_good ] || { echo "Error: Access denied. Cannot access gated repo for url /$repo/resolve/main/config.json."; exit 1; } ;;
  */nobodys) echo 'Error: Repository Not Found for url: /api/models (404 Client Error).'; exit 1 ;;
  */huge) echo 'OSError: [Errno 28] No space left on device'; exit 1 ;;
  */offline) echo 'httpx.ConnectError: [Errno -3] Temporary failure in name resolution'; exit 1 ;;
  */odd) echo 'ValueError: something new'; exit 3 ;;
esac
folder=$HF_HUB_CACHE/models--$(printf '%s' "$repo" | sed 's,/,--,')
mkdir -p "$folder/blobs" "$folder/refs" "$folder/snapshots/abc123"
printf abc123 >"$folder/refs/$revision"
printf '{"model_type":"fake"}' >"$folder/blobs/1111"
part=$folder/blobs/2222.incomplete
[ -e "$folder/blobs/2222" ] || {
  [ ! -e "$part" ] || echo "goes on at $(wc -c <"$part")"
  i=0
  while [ "$(cat "$part" 2>/dev/null | wc -c)" -lt 400000 ]; do
    head -c 40000 /dev/zero >>"$part"
    i=$((i + 1))
    if [ "$i" -eq 5 ]; then
      : >"$HOME/half"
      while [ -e "$HOME/gated" ] && [ ! -e "$HOME/gate" ]; do sleep 0.02; done
    fi
  done
  mv "$part" "$folder/blobs/2222"
}
ln -sf ../../blobs/1111 "$folder/snapshots/abc123/config.json"
case $repo in */unfinished) exit 0 ;; esac
ln -sf ../../blobs/2222 "$folder/snapshots/abc123/model.safetensors"
echo "$folder/snapshots/abc123"
