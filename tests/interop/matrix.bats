# SPDX-License-Identifier: Apache-2.0
#
# Recipes that ship before every program that takes images: read, copied with the digest kept, loaded, and what is in it runs; one
# of them in each compression
load ../lib/common
load ../lib/store
load lib

setup() {
  setup_test
  shared_store
  need jq skopeo umoci runc podman ctr
  registry_start
  containerd_start
}

teardown() { judges_end; }

# built NAME COMPRESSION: the recipe as it ships but for its outputs (its last key); sets $TAR and $DIGEST
built() {
  rm -rf "$1"
  cp -r "$TOP/recipes/$1" .
  rm -f "$1"/*.lock
  sed -i '/^outputs:/,$d' "$1/$1.yaml"
  printf 'outputs: [{oci: {compression: "%s"}}]\n' "$2" >> "$1/$1.yaml"
  ok build "$1/$1.yaml" -o . --json
  TAR=$(jq -r '.outputs[0].path' <<< "$out")
  DIGEST=$(jq -r '.outputs[0].digest' <<< "$out")
  IMAGE=docker.io/library/$1:$(jq -r .version <<< "$out")
}

copied_with_the_digest_kept() {
  [ "$(skopeo inspect "oci-archive:$TAR" | jq -r .Digest)" = "$DIGEST" ]
  skopeo copy -q --preserve-digests "oci-archive:$TAR" oci:layout:1
  [ "$(jq -r '.manifests[0].digest' layout/index.json)" = "$DIGEST" ]
  skopeo copy -q --preserve-digests --dest-tls-verify=false "oci-archive:$TAR" "docker://$REGISTRY/matrix:1"
  [ "$(registry_digest matrix 1)" = "$DIGEST" ]
  mkdir whole
  tar -xf "$TAR" -C whole
  oci_schemas_ok whole
  rm -rf layout whole
}

# runs_everywhere SAYS COMMAND...: its output holds SAYS, whoever unpacked the image and runs it
runs_everywhere() {
  says=$1
  shift
  unpack_bundle "$TAR" bundle
  runc_bundle bundle "$@" 2>&1 | grep -q "$says"
  rm -rf bundle
  podman_here load -q -i "$TAR"
  podman_here run "${PODMAN_RUN[@]}" --pull never --entrypoint "$1" "$IMAGE" "${@:2}" 2>&1 | grep -q "$says"
  podman_here rmi -f "$IMAGE"
  ctr_here images import "$TAR"
  ctr_here images check | grep -q "$IMAGE .*complete"
  ctr_here run --rm --runc-binary runc "$IMAGE" c1 "$@" 2>&1 | grep -q "$says"
  ctr_here images rm "$IMAGE"
}

# taken NAME COMPRESSION SAYS COMMAND...
taken() {
  built "$1" "$2"
  copied_with_the_digest_kept
  runs_everywhere "${@:3}"
}

@test "base, in every compression, for everybody" {
  for compression in zstd gzip zstd:chunked; do
    echo "$compression"
    taken base $compression works /bin/sh -c 'echo works'
  done
  dockerd_start
  built base gzip
  docker_here load -q -i "$TAR"
  docker_here run --pull never --rm --network none --entrypoint /bin/sh "${IMAGE#docker.io/library/}" -c 'echo works' 2>&1 | grep -q works
}

@test "web, for everybody" {
  taken web zstd 'nginx/1' /usr/sbin/nginx -v
}

@test "python, for everybody" {
  taken python zstd works /usr/bin/python3 -c 'print("works")'
}
