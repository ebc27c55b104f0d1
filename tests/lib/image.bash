# SPDX-License-Identifier: Apache-2.0
#
# Looking into an OCI tarball with tar, jq, zstd and gzip only: load ../lib/image
#
#   image_open TAR DIR          unpacks the tarball to DIR/layout; checks every blob's name against its bytes
#   image_manifest DIR [ARCH]   the manifest's JSON (of ARCH where there is an index)
#   image_config DIR [ARCH]     the configuration's JSON
#   image_unpack DIR [ARCH]     lays the layers out in DIR/rootfs, with owners and extended attributes when root
#   image_list DIR [ARCH]       all members of all layers, as tar lists them

image_open() {
  mkdir -p "$2/layout"
  tar -xf "$1" -C "$2/layout"
  local blob
  for blob in "$2"/layout/blobs/sha256/*; do
    [ "$(sha256sum "$blob" | cut -d' ' -f1)" = "$(basename "$blob")" ] || { echo "blob $blob is not what its name says"; return 1; }
  done
}

image_blob() {
  echo "$1/layout/blobs/${2/://}"
}

image_manifest() {
  local digest file type
  digest=$(jq -r '.manifests[0].digest' "$1/layout/index.json")
  type=$(jq -r '.manifests[0].mediaType' "$1/layout/index.json")
  file=$(image_blob "$1" "$digest")
  if [ "$type" = application/vnd.oci.image.index.v1+json ]; then
    digest=$(jq -r --arg a "${2:-amd64}" '.manifests[] | select(.platform.architecture == $a) | .digest' "$file")
    file=$(image_blob "$1" "$digest")
  fi
  cat "$file"
}

image_config() {
  cat "$(image_blob "$1" "$(image_manifest "$@" | jq -r .config.digest)")"
}

image_layers() {
  local digest
  image_manifest "$@" | jq -r '.layers[].digest' | while read -r digest; do
    image_blob "$1" "$digest"
  done
}

image_unpack() {
  local layer
  mkdir -p "$1/rootfs"
  image_layers "$@" | while read -r layer; do
    tar --numeric-owner --xattrs --xattrs-include='*' -xpf "$layer" -C "$1/rootfs"
  done
}

image_list() {
  local layer
  image_layers "$@" | while read -r layer; do
    tar --numeric-owner --utc --full-time -tvf "$layer"
  done
}
