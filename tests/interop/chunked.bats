# SPDX-License-Identifier: Apache-2.0
#
# zstd:chunked before a client that fetches parts of layers: podman 5, which tells by a layer's table of contents which
# files it has already, asks for the rest by ranges, and refuses what does not come to the diff ID then
load ../lib/common
load ../lib/image
load ../lib/store
load lib
load demo
load trixie

setup() {
  setup_test
  need jq skopeo getfattr
}

teardown() { judges_end; }

# push TAR TAG: into the registry as it is; sets DIGEST
push() {
  skopeo copy -q --preserve-digests --dest-tls-verify=false "oci-archive:$1" "docker://$REGISTRY/demo:$2"
  DIGEST=$(ashlar_digest "$1")
}

# pull TAG: by that podman; sets FETCHED, "STATUS BYTES" for each time that it asked for a layer's bytes
pull() {
  local before layers
  before=$(wc -l < "$JUDGE_STATE/registry.log")
  layers=$(image_manifest "$T/i" | jq -r '[.layers[].digest] | join("|")')
  trixie_podman pull -q --tls-verify=false "$REGISTRY/demo:$1" > id
  FETCHED=$(tail -n "+$((before + 1))" "$JUDGE_STATE/registry.log" |
    sed -nE "s,.*\"GET /v2/demo/blobs/($layers) HTTP[^\"]*\" ([0-9]+) ([0-9]+) .*,\2 \3,p")
  echo "fetched: $FETCHED"
}

# opened TAR: the image lies in $T/i, its files in $T/i/rootfs
opened() {
  rm -rf i
  image_open "$1" "$T/i"
  image_unpack "$T/i"
}

# same_as_unpacked TAG: what podman has of it is what tar makes of the layers
same_as_unpacked() {
  trixie_podman_listing "$REGISTRY/demo:$1" > theirs
  listing i/rootfs > ours
  [ -s ours ]
  diff ours theirs > differences || { head -n 40 differences; return 1; }
}

only_parts() {
  [ -n "$FETCHED" ] && ! grep -qv '^206 ' <<< "$FETCHED"
}

bytes_fetched() {
  awk '{sum += $2} END {print sum + 0}' <<< "$FETCHED"
}

layer_bytes() {
  image_manifest "$T/i" | jq '[.layers[].size] | add'
}

# all that an archive may hold that is put into an image
odd_files() {
  mkdir -p odd/folder odd/sticky
  echo setuid > odd/setuid
  chmod 6755 odd/setuid
  chmod 1777 odd/sticky
  echo two > odd/one-file
  ln odd/one-file odd/folder/the-same-file
  ln -s ../one-file odd/folder/link
  ln -s /nowhere/at/all odd/dangling
  : > odd/empty
  truncate -s 300000 odd/zeros
  echo x > "odd/ein schöner Name"
  echo y > "odd/$(printf 'long%.0s' {1..50})"
  setfattr -n user.note -v "kept" odd/one-file
  setcap cap_net_raw+ep odd/setuid
  chown 10001:10002 odd/folder odd/one-file
  touch -h -d @1600000000 odd/*
  tar --xattrs --xattrs-include='*' -C odd -cf odd.tar .
}

@test "podman fetches parts, and of the next version only the file that changed" {
  need_trixie
  need setfattr setcap
  own_store
  registry_start
  odd_files
  demo zstd:chunked amd64
  mkdir many
  for i in {1..30}; do
    head -c 100000 /dev/urandom > "many/$i"
  done
  sed -i '/^files:/a\  - {path: /many, from: many/}\n  - {path: /odd, from: odd.tar, unpack: true}' demo.yaml

  ok build demo.yaml
  opened demo-1.oci.tar
  push demo-1.oci.tar 1
  pull 1
  only_parts
  [ "$(cat id)" = "$(image_manifest i | jq -r '.config.digest | ltrimstr("sha256:")')" ]
  [ "$(trixie_podman image inspect "$REGISTRY/demo:1" | jq -r '.[0].Digest')" = "$DIGEST" ]
  same_as_unpacked 1
  [ "$(trixie_podman run "${PODMAN_RUN[@]}" --pull never "$REGISTRY/demo:1")" = "$MESSAGE" ]

  head -c 100000 /dev/urandom > many/17
  ok build demo.yaml
  opened demo-1.oci.tar
  push demo-1.oci.tar 2
  pull 2
  only_parts
  [ "$(bytes_fetched)" -gt 100000 ]
  [ "$(bytes_fetched)" -lt 130000 ]
  [ "$(layer_bytes)" -gt 3000000 ]
  same_as_unpacked 2
  cmp many/17 i/rootfs/many/17
}

@test "podman fetches an image of real packages in parts: setuid, hard links, alternatives" {
  need_trixie
  shared_store
  registry_start
  cat > image.yaml <<END
name: image
version: "1"
debian:
  suite: $(. /etc/os-release && echo "$VERSION_CODENAME")
  packages: [passwd, perl-base, mawk]
  scripts: skip
files: [{path: /etc/motd, content: "first\n"}]
layers: {most: 6}
outputs: [{oci: {compression: "zstd:chunked"}}]
END
  ok build image.yaml
  opened image-1.oci.tar
  push image-1.oci.tar 1
  pull 1
  only_parts
  same_as_unpacked 1

  mv image-1.oci.tar before.tar
  sed -i s/first/second/ image.yaml
  ok build image.yaml
  opened image-1.oci.tar
  push image-1.oci.tar 2
  pull 2
  only_parts
  [ "$(bytes_fetched)" -lt 20000 ]
  # what diff tells, and the headers of a response in several parts
  ok diff --json before.tar image-1.oci.tar
  told=$(jq '.pull | .chunkedBytes - .metadataBytes' <<< "$out")
  [ "$(bytes_fetched)" -ge "$told" ]
  [ "$(bytes_fetched)" -lt $((told + 500)) ]
  same_as_unpacked 2
  [ "$(cat i/rootfs/etc/motd)" = second ]
}
