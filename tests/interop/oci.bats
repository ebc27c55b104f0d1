# SPDX-License-Identifier: Apache-2.0
#
# The tarball before other people's programs: each takes it as it is, and runs what is in it
load ../lib/common
load ../lib/store
load lib
load demo

setup() {
  setup_test
  own_store
  need jq skopeo
}

teardown() { judges_end; }

@test "skopeo: inspect needs no name, and sees our digest" {
  for compression in zstd gzip zstd:chunked; do
    demo $compression amd64
    [ "$(skopeo inspect oci-archive:demo-1.oci.tar | jq -r .Digest)" = "$DIGEST" ]
    [ "$(skopeo inspect oci-archive:demo-1.oci.tar:1 | jq -r .Digest)" = "$DIGEST" ]
    [ "$(skopeo inspect oci-archive:demo-1.oci.tar | jq -r '.Labels["org.opencontainers.image.version"]')" = 1 ]
  done
}

@test "skopeo: copied to a layout and to a registry, the digest stays" {
  registry_start
  for compression in zstd gzip; do
    demo $compression amd64
    skopeo copy -q --preserve-digests oci-archive:demo-1.oci.tar "oci:$compression:1"
    [ "$(jq -r '.manifests[0].digest' $compression/index.json)" = "$DIGEST" ]
    skopeo copy -q --preserve-digests --dest-tls-verify=false oci-archive:demo-1.oci.tar "docker://$REGISTRY/demo:$compression"
    [ "$(registry_digest demo $compression)" = "$DIGEST" ]
  done
}

@test "an index: every architecture is copied to a registry, the digest stays" {
  need oras
  registry_start
  demo zstd amd64 arm64
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  oras cp --no-tty --from-oci-layout layout:1 --to-plain-http "$REGISTRY/demo:1" > /dev/null
  [ "$(registry_digest demo 1)" = "$DIGEST" ]
  [ "$(skopeo inspect --override-arch arm64 oci-archive:demo-1.oci.tar | jq -r .Architecture)" = arm64 ]
}

@test "OCI's JSON schemas: every document keeps to them, signatures included" {
  ok keygen k
  for arches in amd64 "amd64 arm64"; do
    # shellcheck disable=SC2086 # one word each
    demo zstd $arches
    ok sign demo-1.oci.tar --key k
    rm -rf layout
    mkdir layout
    tar -xf demo-1.oci.tar -C layout
    oci_schemas_ok layout
  done
}

@test "umoci unpacks it, runc runs it" {
  for compression in zstd gzip zstd:chunked; do
    demo $compression amd64
    rm -rf bundle bundle.layout
    unpack_bundle demo-1.oci.tar bundle
    [ "$(runc_bundle bundle)" = "$MESSAGE" ]
  done
}

@test "podman: load, run by the name of the recipe" {
  for compression in zstd gzip zstd:chunked; do
    demo $compression amd64
    podman_here load -q -i demo-1.oci.tar
    [ "$(podman_here run "${PODMAN_RUN[@]}" docker.io/library/demo:1)" = "$MESSAGE" ]
    [ "$(podman_here run "${PODMAN_RUN[@]}" --pull never demo:1)" = "$MESSAGE" ]
    podman_here rmi -f docker.io/library/demo:1
  done
}

@test "containerd: import, check, run" {
  containerd_start
  for compression in zstd gzip; do
    demo $compression amd64
    ctr_here images import demo-1.oci.tar
    [ "$(ctr_here images ls name==docker.io/library/demo:1 | awk 'NR == 2 {print $3}')" = "$DIGEST" ]
    ctr_here images check | grep -q 'docker.io/library/demo:1 .*complete'
    [ "$(ctr_here run --rm --runc-binary runc docker.io/library/demo:1 c1)" = "$MESSAGE" ]
    ctr_here images rm docker.io/library/demo:1
  done
}

@test "containerd: an index" {
  containerd_start
  demo zstd amd64 arm64
  ctr_here images import demo-1.oci.tar
  [ "$(ctr_here images ls name==docker.io/library/demo:1 | awk 'NR == 2 {print $3}')" = "$DIGEST" ]
  [ "$(ctr_here run --rm --runc-binary runc docker.io/library/demo:1 c1)" = "$MESSAGE" ]
}

@test "docker: load by manifest.json, run" {
  dockerd_start
  demo gzip amd64
  docker_here load -q -i demo-1.oci.tar
  [ "$(docker_here run --pull never --rm --network none demo:1)" = "$MESSAGE" ]
}

@test "ls: the same files as umoci unpacks" {
  demo zstd amd64
  unpack_bundle demo-1.oci.tar bundle
  ok ls --json demo-1.oci.tar
  jq -r 'select(.type == "file" or .type == "hardlink") | .path' <<< "$out" | sort > ours
  find bundle/rootfs -type f -printf '/%P\n' | sort > theirs
  [ -s ours ]
  diff ours theirs
}

@test "access control lists: bsdtar's are read, umoci and GNU tar lay out what we write, getfacl finds it" {
  need umoci bsdtar setfacl getfacl python3
  need_root
  mkdir -p root/data
  setfacl -m u:7:rwx,g:8:r,d:u:7:rx,d:o::- root/data 2> /dev/null || skip "this file system has no access control lists"
  bsdtar --acls --format pax -cf layer.tar -C root data
  python3 -B "$TOP/tests/lib/base_image.py" base tars layer.tar
  # the folder gets more, so that our own layer tells of it again
  printf '%s\n' 'name: listed' 'version: "1"' 'from: oci:base' 'outputs: [{oci: {compression: gzip}}]' \
    'files: [{path: /data/more, content: "more"}]' > listed.yaml
  ok build listed.yaml
  mkdir layout ours
  tar -xf listed-1.oci.tar -C layout
  umoci unpack --image layout:1 bundle > /dev/null 2>&1
  layer=layout/blobs/sha256/$(jq -r '.layers[1].digest' "layout/blobs/sha256/$(jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2)" | cut -d: -f2)
  tar --xattrs --xattrs-include='*' -xpf "$layer" -C ours
  (cd root && getfacl --numeric data) > theirs
  # of the base's lists, which come as text, neither knows
  for folder in bundle/rootfs ours; do
    diff theirs <(cd $folder && getfacl --numeric data)
  done
}

@test "what skopeo wrote is read: verified against its digests, listed" {
  demo zstd amd64
  skopeo copy -q oci-archive:demo-1.oci.tar oci-archive:theirs.tar:v1
  ok inspect --json theirs.tar
  [ "$(jq -r .digest <<< "$out")" = "$DIGEST" ]
  ok ls theirs.tar /app
  has "$out" "/app/msg"
  skopeo copy -q oci-archive:demo-1.oci.tar oci:theirs:v1
  ok ls oci:theirs:v1 /app
  has "$out" "/app/msg"
}

@test "buildah: a container from the tarball, or from an index in it, runs its program" {
  need buildah
  need_root
  judge_state
  buildah_here() {
    buildah --root "$JUDGE_STATE/buildah" --runroot "$JUDGE_STATE/buildah-run" --storage-driver overlay "$@"
  }
  for arches in amd64 "amd64 arm64"; do
    for compression in zstd gzip zstd:chunked; do
      # shellcheck disable=SC2086 # one word each
      demo $compression $arches
      container=$(buildah_here from --pull-never oci-archive:demo-1.oci.tar:1 2> /dev/null)
      [ "$(buildah_here run --isolation chroot "$container" -- /bin/cat /app/msg)" = "$MESSAGE" ]
      [ "$(buildah_here inspect --format '{{index .OCIv1.Config.Cmd 0}}' "$container")" = /bin/cat ]
      buildah_here rm -a > /dev/null
    done
  done
}

@test "oras and crane: from the tarball to a registry, to another, to a folder; the digest stays" {
  need oras crane
  registry_start
  export HOME=$T # where they would look for credentials
  for arches in amd64 "amd64 arm64"; do
    for compression in zstd gzip zstd:chunked; do
      # shellcheck disable=SC2086 # one word each
      demo $compression $arches
      oras cp --no-tty --from-oci-layout demo-1.oci.tar:1 --to-plain-http "$REGISTRY/one:1" > /dev/null
      [ "$(registry_digest one 1)" = "$DIGEST" ]
      crane copy --insecure "$REGISTRY/one:1" "$REGISTRY/two:1" 2> /dev/null
      [ "$(crane digest --insecure "$REGISTRY/two:1")" = "$DIGEST" ]
      rm -rf layout pulled
      mkdir layout
      tar -xf demo-1.oci.tar -C layout
      crane push --insecure layout "$REGISTRY/three:1" > /dev/null 2> told || { cat told; false; }
      [ "$(registry_digest three 1)" = "$DIGEST" ]
      oras cp --no-tty --from-plain-http "$REGISTRY/two:1" --to-oci-layout pulled:1 > /dev/null
      [ "$(jq -r '.manifests[0].digest' pulled/index.json)" = "$DIGEST" ]
    done
  done
}

@test "crane validates what docker's own layers are: gzip" {
  need oras crane
  registry_start
  export HOME=$T
  demo gzip amd64 arm64
  oras cp --no-tty --from-oci-layout demo-1.oci.tar:1 --to-plain-http "$REGISTRY/demo:1" > /dev/null
  crane validate --insecure --remote "$REGISTRY/demo:1"
}
