# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/store

setup() {
  setup_test
  own_store
  need jq
}

teardown() { [ -z "${ARCHIVE:-}" ] || archive_end; }

# A recipe of files only: two suites, three flavours, one of them of one suite alone
plain_matrix() {
  cat > web.yaml <<'END'
name: web-${flavour}
version: ${suite}
params: {suite: bookworm, flavour: plain, greeting: hello}
matrix:
  suite: [trixie, bookworm]
  flavour: [plain, debug]
  exclude: [{suite: trixie, flavour: debug}]
  include:
    - {flavour: plain, suite: bookworm, greeting: salut}
    - {suite: sid, flavour: tiny}
files: [{path: /etc/motd, content: "${greeting} ${suite} ${flavour}\n"}]
END
}

# The file /etc/motd of the image NAME
motd() {
  rm -rf "$T/i"
  image_open "$1" "$T/i"
  image_unpack "$T/i"
  cat "$T/i/rootfs/etc/motd"
}

@test "each combination is an image, in the order of the matrix" {
  plain_matrix
  ok build web.yaml --json
  [ "$(jq -r .name <<< "$out" | xargs)" = "web-plain web-plain web-debug web-tiny" ]
  [ "$(jq -r .version <<< "$out" | xargs)" = "trixie bookworm bookworm sid" ]
  [ "$(jq -c .combination <<< "$out" | head -n 1)" = '{"flavour":"plain","suite":"trixie"}' ]
  [ "$(jq -c .combination <<< "$out" | sed -n 2p)" = '{"flavour":"plain","greeting":"salut","suite":"bookworm"}' ]
  [ "$(motd web-plain-trixie.oci.tar)" = "hello trixie plain" ]
  [ "$(motd web-plain-bookworm.oci.tar)" = "salut bookworm plain" ]
  [ "$(motd web-tiny-sid.oci.tar)" = "hello sid tiny" ]
  [ ! -e web-debug-trixie.oci.tar ]
}

@test "a combination is what --set would have made" {
  plain_matrix
  ok build web.yaml -o matrix
  sed -i '/^matrix:/,/^files:/{/^files:/!d}' web.yaml
  ok build web.yaml -o set --set suite=bookworm --set flavour=debug
  same matrix/web-debug-bookworm.oci.tar set/web-debug-bookworm.oci.tar
}

@test "--only chooses by the values of parameters" {
  plain_matrix
  ok build web.yaml --only suite=bookworm --json
  [ "$(jq -r .name <<< "$out" | xargs)" = "web-plain web-debug" ]
  ok build web.yaml --only flavour=plain --only suite=trixie --json
  [ "$(jq -r '.name + " " + .version' <<< "$out")" = "web-plain trixie" ]
  ok build web.yaml --only flavour=tiny --only flavour=debug --json
  [ "$(jq -r .name <<< "$out" | xargs)" = "web-debug web-tiny" ]
  fails 2 build web.yaml --only suite=buster
  has "$err" "--only 'suite=buster': the matrix has no such value"
  fails 2 build web.yaml --only suite=trixie --only flavour=debug
  has "$err" "--only chooses no combination of the matrix"
  fails 2 build web.yaml --only suite
  has "$err" "is not NAME=VALUE"
}

@test "each image has a lock of its own, which another one's update leaves alone" {
  need dpkg-deb apt-ftparchive gpg
  archive_new "$T/archive"
  deb hello 1.0
  deb gdb 1.0
  archive_publish
  recipe_for web '"${tool}"'
  cat >> web.yaml <<'END'
params: {flavour: plain, tool: hello}
matrix:
  flavour: [plain, de/bug]
  include: [{flavour: de/bug, tool: gdb}]
END
  sed -i 's/^name: .*/name: web-${tool}/' web.yaml
  ok build web.yaml
  [ -e web.flavour=plain.lock ]
  [ -e "web.flavour=de%2Fbug,tool=gdb.lock" ]
  [ ! -e web.lock ]
  [ "$(jq -r '.packages.amd64[].name' "web.flavour=de%2Fbug,tool=gdb.lock")" = gdb ]
  deb hello 2.0
  deb gdb 2.0
  archive_publish
  cp web.flavour=plain.lock before
  ok lock web.yaml --update --only tool=gdb
  has "$out" "tool=gdb.lock: 1 packages"
  same before web.flavour=plain.lock
  [ "$(jq -r '.packages.amd64[].version' "web.flavour=de%2Fbug,tool=gdb.lock")" = 2.0 ]
  ok build web.yaml --locked
  rm web.flavour=plain.lock
  fails 2 build web.yaml --locked
  has "$err" "web.flavour=plain.lock"
}

@test "lint checks every combination, and tells each error once" {
  plain_matrix
  ok lint web.yaml
  has "$out" "web.yaml: ok, 4 images"
  sed -i 's/^files:.*/files: [{path: etc, content: "${greeting}"}, {path: "${suite}", content: x}]/' web.yaml
  fails 2 lint web.yaml --json
  [ "$(jq -r '.[0].found | map(select(.severity == "error")) | length' <<< "$out")" = 4 ]
}

@test "what is wrong with one combination keeps all from being built" {
  plain_matrix
  sed -i 's/greeting: salut/greeting: "${oops}"/; s/hello}/hello, mode: "0644"}/; s/flavour: tiny}/flavour: tiny, mode: "99"}/' web.yaml
  sed -i 's/n"}]/n", mode: "${mode}"}]/' web.yaml
  fails 2 build web.yaml
  has "$err" "'99' does not fit 'files.mode'"
  ! ls ./*.tar
}

@test "every image is remembered, and explained, by itself" {
  plain_matrix
  ok build web.yaml
  ok build web.yaml
  has "$err" "nothing to do"
  sed -i 's/greeting: salut/greeting: bonjour/' web.yaml
  ok build web.yaml --explain --json
  [ "$(jq -r 'select(any(.actions[]; .action == "output" and .outcome == "made")) | .name + " " + .version' <<< "$out")" = "web-plain bookworm" ]
}

@test "--check builds each combination twice" {
  plain_matrix
  ok build web.yaml --check --only suite=bookworm
  [ "$(grep -c 'reproducible: 2 builds' <<< "$out")" = 2 ]
}
