# SPDX-License-Identifier: Apache-2.0
#
# Limits: told, moved, and of no consequence for what is built
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
}

teardown() { archive_end; }

@test "limits lists every limit with its value and reason" {
  ok limits
  has "$out" $'unpacked=64 GiB\n  What one package, archive or layer unpacks to.'
  has "$out" "These cannot be moved:"
  run ! grep -E '^.{80}' <<< "$out"
  ok limits --limit unpacked=128G
  has "$out" "unpacked=128 GiB (normally 64 GiB)"
  ok limits --json --limit ratio=5k
  python3 -c 'import json, sys
rows = {row["name"]: row for row in json.load(sys.stdin)}
assert rows["ratio"]["value"] == 5000 and rows["ratio"]["standard"] == 1000, rows["ratio"]
assert rows["unpacked"]["value"] == 64 << 30 and "most" not in rows["include-depth"]' <<< "$out"
}

@test "a limit that is none, or a value that is none, ends with 2 before anything is done" {
  fails 2 limits --limit unpaked=1G
  has "$err" "there is no limit 'unpaked'"
  has "$err" "hint: did you mean 'unpacked'?"
  fails 2 build none.yaml --limit unpacked=lots
  has "$err" "the limit 'unpacked' cannot be 'lots'"
  ASHLAR_LIMITS=members=0 fails 2 store info
  has "$err" "ASHLAR_LIMITS: the limit 'members' cannot be '0'"
}

@test "what is refused names its limit, and passes when that is moved" {
  need dpkg-deb apt-ftparchive gpg gpgv
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  fails 1 build demo.yaml --limit members=2
  has "$err" "package 'hello 1.0': with '"
  has "$err" "more than 2 members (limit 'members')"
  has "$err" "hint: '--limit members=4' allows more"
  fails 1 build demo.yaml --limit names=20
  has "$err" "more than 20 bytes of paths (limit 'names')"
  [ ! -e demo-1.oci.tar ]
  ASHLAR_LIMITS=members=2 fails 1 build demo.yaml
  ASHLAR_LIMITS=members=2 ok build demo.yaml --limit members=1000
}

@test "limits change neither lock nor image, nor what is remembered" {
  need dpkg-deb apt-ftparchive gpg gpgv
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
  ok build demo.yaml --limit path=60000 --limit members=5M
  mv demo-1.oci.tar first
  cp demo.lock first.lock
  # below what the package needs: it is not unpacked again, so nothing is asked
  ok build demo.yaml --limit members=1
  same first demo-1.oci.tar
  same first.lock demo.lock
  rm -rf "$ASHLAR_STORE" demo.lock
  ok build demo.yaml
  same first demo-1.oci.tar
  same first.lock demo.lock
}
