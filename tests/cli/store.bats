# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
}

teardown() { archive_end; }

@test "info tells how much there is, verify finds it in order" {
  ok build demo.yaml
  ok store info
  [ -n "$out" ]
  ok store verify
}

@test "a damaged blob is found, named, and made again" {
  ok build demo.yaml
  cp demo-1.oci.tar first.tar
  for blob in "$ASHLAR_STORE"/blobs/sha256/*; do
    chmod u+w "$blob"
    printf x >> "$blob"
    damaged=$(basename "$blob")
  done
  run_ashlar store verify
  [ "$status" = 3 ] || [ "$status" = 1 ]
  has "$out$err" "$damaged"
  rm -rf "$ASHLAR_STORE"
  ok build demo.yaml
  same demo-1.oci.tar first.tar
}

@test "a damaged blob never gets into an image in silence" {
  ok build demo.yaml
  cp demo-1.oci.tar first.tar
  for blob in "$ASHLAR_STORE"/blobs/sha256/*; do
    cp "$blob" kept
    chmod u+w "$blob"
    printf '\377' | dd of="$blob" bs=1 seek=$(($(stat -c %s kept) / 2)) conv=notrunc status=none
    rm -f demo-1.oci.tar
    run_ashlar build demo.yaml
    if [ "$status" = 0 ]; then
      same demo-1.oci.tar first.tar
    else
      has "$err" "$(basename "$blob")"
    fi
    rm -f "$blob"
    cp kept "$blob"
  done
}

@test "gc keeps within the size and leaves a store that works" {
  ok build demo.yaml
  cp demo-1.oci.tar first.tar
  ok store gc --max-size 0
  [ "$(find "$ASHLAR_STORE/blobs" -type f -size +1k | wc -l)" = 0 ]
  ok store verify
  rm demo-1.oci.tar
  ok build demo.yaml
  same demo-1.oci.tar first.tar
}

@test "--store names another one" {
  ok build demo.yaml --store "$T/elsewhere"
  [ -d elsewhere/blobs/sha256 ]
  [ ! -e store ]
}

@test "the default is below XDG_CACHE_HOME, else ~/.cache" {
  unset ASHLAR_STORE
  XDG_CACHE_HOME=$T/xdg HOME=$T/home ok build demo.yaml
  [ -d xdg/ashlar/blobs/sha256 ]
  HOME=$T/home ok build demo.yaml
  [ -d home/.cache/ashlar/blobs/sha256 ]
}

@test "an image in zstd:chunked is remembered like any other" {
  echo 'outputs: [{oci: {compression: "zstd:chunked"}}]' >> demo.yaml
  ok build demo.yaml
  ok store verify
  rm demo-1.oci.tar
  ok build demo.yaml --progress plain
  lacks "$err" "layer "
}

@test "the store is an OCI image layout" {
  ok build demo.yaml
  [ "$(jq -r .imageLayoutVersion "$ASHLAR_STORE/oci-layout")" = 1.0.0 ]
  for blob in "$ASHLAR_STORE"/blobs/sha256/*; do
    [ "$(sha256sum < "$blob" | cut -d' ' -f1)" = "$(basename "$blob")" ]
  done
}

@test "a store whose path is no UTF-8 is told as JSON" {
  own_store "$T/st"$'\377'"re"
  ok store info --json
  jq -e '.path | startswith("'"$T"'/st")' <<< "$out"
}
