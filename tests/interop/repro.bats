# SPDX-License-Identifier: Apache-2.0
#
# Same inputs, same bytes: one build of real packages is the measure (setup_file), and every test varies one thing of its
# surroundings and compares the signed tarball and the lock with it.
load ../lib/common
load ../lib/store

setup_file() {
  # outside bats' own folder, which only root may enter
  R=$(mktemp -d /tmp/ashlar-repro.XXXXXX)
  chmod 755 "$R"
  export R
  cp "$ASHLAR" "$R/ashlar"
  recipe_into "$R/measure"
  "$R/ashlar" keygen "$R/key"
  chmod 644 "$R/key"
  shared_store
  make_in "$R/measure" "$R/ashlar"
}

teardown_file() {
  rm -rf "$R"
}

setup() {
  setup_test
  shared_store
  # a folder of another name and depth each time
  W=$R/$BATS_TEST_NUMBER-other/and/deeper
  recipe_into "$W"
  cp "$R/measure/web.lock" "$W/"
}

teardown() {
  [ -z "${MOUNTED:-}" ] || umount -l "$MOUNTED"
  rm -rf "$R/$BATS_TEST_NUMBER-other" "$R/store-$BATS_TEST_NUMBER"
}

recipe_into() {
  mkdir -p "$1"
  cp -r "$TOP"/recipes/web/* "$1/"
  rm -f "$1"/*.lock
}

# make_in DIR COMMAND...: COMMAND is ashlar, or something that runs it
make_in() {
  local dir=$1
  shift
  (cd "$dir" && "$@" build web.yaml -o . --sign "$R/key" < /dev/null > out.txt 2> err.txt) || { cat "$dir/err.txt"; return 1; }
}

same_as_measure() {
  same "$R/measure/web-1.0.oci.tar" "$W/web-1.0.oci.tar"
  same "$R/measure/web.lock" "$W/web.lock"
}

cold_store() {
  own_store "$R/store-$BATS_TEST_NUMBER"
}

@test "again, in another folder" {
  make_in "$W" "$R/ashlar"
  same_as_measure
}

@test "with an empty store: compressed anew, not spliced from what was there" {
  cold_store
  make_in "$W" "$R/ashlar"
  same_as_measure
}

@test "without a lock: the same archive gives the same lock" {
  rm "$W/web.lock"
  make_in "$W" "$R/ashlar"
  same_as_measure
}

@test "with the store of another recipe, whose packages are cut differently" {
  cold_store
  cp -r "$TOP/recipes/base" "$R/$BATS_TEST_NUMBER-other/"
  "$R/ashlar" build "$R/$BATS_TEST_NUMBER-other/base/base.yaml" -o "$T" 2> /dev/null
  make_in "$W" "$R/ashlar"
  same_as_measure
}

# others SHELL ARG...: the program runs after the shell's commands, with another host name, and with ARGs before its own name
others() {
  make_in "$W" unshare -u sh -c "hostname other.example.org && $1"' && exec "$@"' sh "${@:2}" "$R/ashlar"
}

@test "from nothing, as another user, on one processor, with another host, clock, umask, time zone and locale" {
  need setpriv unshare faketime taskset
  need_root
  cold_store
  mkdir -p "$ASHLAR_STORE"
  chown -R 65534:65534 "$W" "$ASHLAR_STORE"
  others "umask 077" setpriv --reuid 65534 --regid 65534 --clear-groups \
    env TZ=Pacific/Kiritimati LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 faketime '2001-02-03 04:05:06' taskset -c 0
  same_as_measure
}

@test "from nothing, with a later clock, no umask, and nothing in the environment but what is needed" {
  need unshare faketime
  need_root
  cold_store
  others "umask 000" env -i PATH="$PATH" HOME="$HOME" ASHLAR_STORE="$ASHLAR_STORE" TZ=America/Adak faketime '2037-12-31 23:59:58'
  same_as_measure
}

@test "with folders read in another order, and another inode order" {
  need disorderfs fusermount3
  need_root
  [ -e /dev/fuse ] || skip "no /dev/fuse"
  mkdir "$R/$BATS_TEST_NUMBER-other/mount"
  disorderfs --multi-user=no --shuffle-dirents=yes --pad-blocks=3 "$W" "$R/$BATS_TEST_NUMBER-other/mount" > /dev/null
  MOUNTED=$R/$BATS_TEST_NUMBER-other/mount
  cold_store
  make_in "$MOUNTED" "$R/ashlar"
  same_as_measure
}

@test "with source files of other times and modes of their group" {
  find "$W" -exec touch -d '1999-01-01' {} +
  find "$W" -type f -exec chmod 600 {} +
  cold_store
  make_in "$W" "$R/ashlar"
  same_as_measure
}

@test "each compression, from a cold and a warm store" {
  for compression in gzip "zstd:chunked"; do
    cold_store
    for take in warm cold; do
      [ "$take" = warm ] || rm -f "$ASHLAR_STORE"/actions/*
      recipe_into "$W/$take"
      cp "$R/measure/web.lock" "$W/$take/"
      echo "outputs: [{oci: {compression: \"$compression\"}}]" >> "$W/$take/web.yaml"
      make_in "$W/$take" "$R/ashlar"
    done
    same "$W/warm/web-1.0.oci.tar" "$W/cold/web-1.0.oci.tar"
    rm -rf "$W/warm" "$W/cold" "$ASHLAR_STORE"
  done
}
