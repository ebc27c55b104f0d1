# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034 # what is set here is for the suites
#
# Other people's programs as judges: load lib (after ../lib/common). Nothing is started by a service manager, nothing
# leaves the machine, and everything a test starts it ends in teardown with judges_end.
#
#   registry_start        docker-registry on a free loopback port; sets REGISTRY (127.0.0.1:PORT)
#   registry_digest REPO TAG   the digest that it serves under that name
#   podman_here ARG...    podman with storage of its own; PODMAN_RUN: what `podman run` needs on machines like CI's
#   containerd_start      containerd of its own; ctr_here ARG... talks to it
#   dockerd_start         dockerd of its own; docker_here ARG... talks to it
#   unpack_bundle TAR DIR [TAG]   umoci unpacks the image into a runtime bundle (config.json, rootfs)
#   runc_bundle DIR [COMMAND...], crun_bundle ...   runs the bundle's program, or COMMAND, in it
#   crun_here ARG...      crun itself
#   oci_schemas_ok DIR    every document of an image layout keeps to OCI's JSON schemas
#   need_judge WHAT       skips where root, or a program, is missing

JUDGE_STATE=

# A folder outside bats' own: overlay mounts and sockets want a short path
judge_state() {
  if [ -z "$JUDGE_STATE" ]; then
    JUDGE_STATE=$(mktemp -d /tmp/ashlar-judge.XXXXXX)
    JUDGE_PIDS=()
  fi
}

judges_end() {
  local pid mount
  [ -n "$JUDGE_STATE" ] || return 0
  for pid in "${JUDGE_PIDS[@]}"; do
    kill "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
  done
  awk -v state="$JUDGE_STATE" 'index($2, state) == 1 {print $2}' /proc/self/mounts | sort -r | while read -r mount; do
    umount -l "$mount" || true
  done
  rm -rf "$JUDGE_STATE"
  JUDGE_STATE=
}

# waits until COMMAND succeeds, while the process PID lives; else fails with LOG
await() {
  local pid=$1 log=$2
  shift 2
  while ! "$@" > /dev/null 2>&1; do
    kill -0 "$pid" 2> /dev/null || { cat "$log"; return 1; }
    sleep 0.1
  done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

registry_start() {
  need docker-registry curl
  judge_state
  local port
  port=$(free_port)
  cat > "$JUDGE_STATE/registry.yml" <<END
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $JUDGE_STATE/registry}, delete: {enabled: true}}
http: {addr: 127.0.0.1:$port}
END
  docker-registry serve "$JUDGE_STATE/registry.yml" > "$JUDGE_STATE/registry.log" 2>&1 3>&- &
  JUDGE_PIDS+=($!)
  REGISTRY=127.0.0.1:$port
  await $! "$JUDGE_STATE/registry.log" curl -sf "http://$REGISTRY/v2/"
}

registry_digest() {
  curl -sfI -H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' \
    "http://$REGISTRY/v2/$1/manifests/$2" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}'
}

# Limits are given by hand: podman asks for more than a root without CAP_SYS_RESOURCE may have
PODMAN_RUN=(--ulimit "nofile=1024:1024" --ulimit "nproc=1024:1024" --network none --rm)

podman_here() {
  need podman runc
  need_root
  judge_state
  podman --root "$JUDGE_STATE/podman" --runroot "$JUDGE_STATE/podman-run" --storage-driver overlay \
    --cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}

containerd_start() {
  need containerd ctr runc
  need_root
  judge_state
  cat > "$JUDGE_STATE/containerd.toml" <<END
version = 2
root = "$JUDGE_STATE/containerd"
state = "$JUDGE_STATE/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "$JUDGE_STATE/c.sock"
END
  containerd -c "$JUDGE_STATE/containerd.toml" > "$JUDGE_STATE/containerd.log" 2>&1 3>&- &
  JUDGE_PIDS+=($!)
  await $! "$JUDGE_STATE/containerd.log" ctr_here version
}

ctr_here() {
  ctr -a "$JUDGE_STATE/c.sock" -n tests "$@"
}

dockerd_start() {
  need dockerd docker
  need_root
  judge_state
  dockerd --data-root "$JUDGE_STATE/docker" --exec-root "$JUDGE_STATE/docker-exec" -p "$JUDGE_STATE/docker.pid" \
    -H "unix://$JUDGE_STATE/d.sock" --iptables=false --ip6tables=false --bridge=none > "$JUDGE_STATE/dockerd.log" 2>&1 3>&- &
  JUDGE_PIDS+=($!)
  await $! "$JUDGE_STATE/dockerd.log" docker_here version
}

# The packaged client first: another one in PATH may be too new for the packaged daemon
docker_here() {
  local client=/usr/bin/docker
  [ -x $client ] || client=docker
  "$client" -H "unix://$JUDGE_STATE/d.sock" "$@"
}

unpack_bundle() {
  need umoci jq
  need_root
  local layout=$2.layout name
  mkdir -p "$layout"
  tar -xf "$1" -C "$layout"
  name=${3:-$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$layout/index.json")}
  umoci --log=error unpack --image "$layout:$name" "$2"
}

# the bundle's own program, or another one, without a terminal, within the limits of any root, in the version that every
# runtime takes
prepare_bundle() {
  local bundle=$1
  shift
  local args=[]
  [ $# = 0 ] || args=$(printf '%s\0' "$@" | jq -Rs 'split("\u0000") | map(select(. != ""))')
  jq --argjson args "$args" '.ociVersion = "1.0.2" | .process.terminal = false | .process.rlimits = []
    | if $args == [] then . else .process.args = $args end' "$bundle/config.json" > "$bundle/config.new"
  mv "$bundle/config.new" "$bundle/config.json"
}

runc_bundle() {
  need runc
  prepare_bundle "$@"
  runc --root "$1.runc" run --bundle "$1" "ashlar-$$-$RANDOM" < /dev/null
}

# crun refuses a half-unified cgroup hierarchy: it is hidden from it where there is one
crun_here() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare -m sh -c 'umount /sys/fs/cgroup/unified 2> /dev/null; exec crun "$@"' sh "$@"
}

crun_bundle() {
  need crun
  prepare_bundle "$@"
  crun_here --root "$1.crun" run --bundle "$1" "ashlar-$$-$RANDOM" < /dev/null
}

oci_schemas_ok() {
  local schemas=$ASHLAR_JUDGES/usr/share/gocode/src/github.com/opencontainers/image-spec/schema
  need node
  if [ ! -d "$ASHLAR_JUDGES/node_modules/ajv-draft-04" ] || [ ! -d "$schemas" ]; then
    skip "ajv or OCI's schemas are not installed (scripts/bootstrap --judges)"
  fi
  node "$TOP/tests/interop/oci-schemas.js" "$schemas" "$1"
}
