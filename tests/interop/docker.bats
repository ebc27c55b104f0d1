# SPDX-License-Identifier: Apache-2.0
#
# The tarball before docker 26, with its own image store and with containerd's
load ../lib/common
load ../lib/image
load ../lib/store
load lib
load demo
load trixie

setup() {
  setup_test
  own_store
  need jq
}

teardown() { judges_end; }

CONTAINERD_STORE='{"features": {"containerd-snapshotter": true}}'

# loaded_as ID: demo-1.oci.tar is loaded, has that ID, and its program runs
loaded_as() {
  trixie_docker load -q -i "$T/demo-1.oci.tar"
  [ "$(trixie_docker image inspect --format '{{.Id}}' demo:1)" = "$1" ]
  [ "$(trixie_docker run --pull never --rm --network none demo:1)" = "$MESSAGE" ]
  trixie_docker rmi -f demo:1 > /dev/null
}

@test "docker 26: gzip is loaded, by its configuration's digest, and runs" {
  need_trixie
  trixie_dockerd_start
  [ "$(trixie_docker info --format '{{.Driver}}')" = overlay2 ]
  demo gzip amd64
  image_open demo-1.oci.tar i
  loaded_as "$(image_manifest i | jq -r .config.digest)"
}

@test "docker 26 with containerd's store: every compression is loaded, by our digest, and runs" {
  need_trixie
  trixie_dockerd_start "$CONTAINERD_STORE"
  [ "$(trixie_docker info --format '{{.Driver}}')" = overlayfs ]
  for compression in gzip zstd zstd:chunked; do
    demo $compression amd64
    loaded_as "$DIGEST"
  done
}

@test "docker 26 with containerd's store: an index is loaded, by our digest, and this machine's image of it runs" {
  need_trixie
  trixie_dockerd_start "$CONTAINERD_STORE"
  for compression in gzip zstd; do
    demo $compression amd64 arm64
    loaded_as "$DIGEST"
  done
}

@test "docker 26 pulls all of it from a registry, digest preserved, and runs it" {
  need_trixie
  need oras
  registry_start
  trixie_dockerd_start
  for compression in gzip zstd zstd:chunked; do
    demo $compression amd64 arm64
    rm -rf layout
    mkdir layout
    tar -xf demo-1.oci.tar -C layout
    oras cp --no-tty --from-oci-layout layout:1 --to-plain-http "$REGISTRY/demo:1" > /dev/null
    trixie_docker pull -q "$REGISTRY/demo:1"
    [ "$(trixie_docker image inspect --format '{{index .RepoDigests 0}}' "$REGISTRY/demo:1")" = "$REGISTRY/demo@$DIGEST" ]
    [ "$(trixie_docker run --pull never --rm --network none "$REGISTRY/demo:1")" = "$MESSAGE" ]
    trixie_docker rmi -f "$REGISTRY/demo:1" > /dev/null
  done
}
