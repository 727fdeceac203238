#!/bin/bash
# Process 1 of one rig host. It runs in namespaces of its own (mounts, network, processes, names), lays private folders
# over the machine's, starts sshd and dockerd, and lives exactly as long as its standard input is open: when the test
# process goes away, however it goes, the kernel ends everything in here with it, and all mounts and links vanish.
set -eu

dir=$1      # folder of this host: home, docker, sim, etc, bin, logs
name=$2     # host name
docker=$3   # the real client
cgroup=$4   # parent of the containers' cgroups
node=$5

hostname "$name"
mount -t tmpfs -o mode=755 rig-run /run
mkdir -p /run/rig/bin /run/rig/sim /run/sshd /run/lock
mount --bind "$dir/bin" /run/rig/bin
mount --bind "$dir/sim" /run/rig/sim
# These may lie in a folder that is hidden below.
touch /run/rig/real-docker /run/rig/node
mount --bind "$(readlink -f "$docker")" /run/rig/real-docker
mount --bind "$(readlink -f "$node")" /run/rig/node
mount --bind "$dir/home" /home
mount -t tmpfs -o mode=1777 rig-tmp /tmp
for file in passwd group shadow hosts hostname; do
  if [ -e "/etc/$file" ]; then mount --bind "$dir/etc/$file" "/etc/$file"; fi
done
# A host's memory is what the fake model server writes here, in place: the mount follows the inode.
mount --bind "$dir/sim/meminfo" /proc/meminfo
# The wrapper takes the real client's place everywhere, so that no PATH leads around it.
for client in /usr/bin/docker /usr/local/bin/docker; do
  if [ -e "$client" ]; then mount --bind "$dir/bin/docker" "$client"; fi
done

ip link set lo up

/usr/sbin/sshd -D -e -f "$dir/etc/sshd_config" </dev/null >"$dir/logs/sshd.log" 2>&1 &
dockerd --host unix:///run/docker.sock --group docker --data-root "$dir/docker" --exec-root /run/docker --pidfile /run/dockerd.pid \
  --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver overlay2 \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "$cgroup" --shutdown-timeout 1 --log-level warn \
  </dev/null >"$dir/logs/dockerd.log" 2>&1 &

# Model servers that are killed cannot give their memory back in the books, so one process keeps them.
FAKE_VLLM_CONFIG=/run/rig/sim/config.json /run/rig/node "$dir/bin/fake-vllm.mjs" sim-keep-meminfo </dev/null >"$dir/logs/meminfo.log" 2>&1 &

echo up
# Bash reaps whatever is orphaned to process 1 while it waits here.
read -r _ || true
