# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq
  archive_new "$T/archive"
  deb hello 1.0 "Depends: libhello"
  deb libhello 1.0
  deb extra 1.0
  archive_publish
  recipe_for demo hello
}

teardown() { archive_end; }

locked() {
  jq -r '.packages[] | .[] | .name + "=" + .version' demo.lock | sort | tr '\n' ' '
}

@test "the first build makes the lock and says so" {
  ok build demo.yaml
  has "$err" "demo.lock"
  [ "$(locked)" = "hello=1.0 libhello=1.0 " ]
  jq -e '.packages.amd64[] | .sha256 and .size and .path and .arch' demo.lock
}

@test "the lock names no mirror and no path of this machine" {
  ok lock demo.yaml
  run ! grep -e "$T" -e file: demo.lock
}

@test "locking twice gives the same bytes, and a lock that holds is not touched" {
  ok lock demo.yaml
  cp -p demo.lock first.lock
  touch -d @1000000000 demo.lock
  ok lock demo.yaml
  same demo.lock first.lock
  [ "$(stat -c %Y demo.lock)" = 1000000000 ]
  rm demo.lock
  ok lock demo.yaml
  same demo.lock first.lock
}

@test "one package is one line" {
  ok lock demo.yaml
  [ "$(grep -c '"name":"' demo.lock)" = 2 ]
}

@test "a newer version in the archive changes nothing until --update" {
  ok build demo.yaml
  cp demo.lock before.lock
  cp demo-1.oci.tar before.tar
  deb hello 1.1 "Depends: libhello"
  archive_publish
  ok build demo.yaml
  same demo.lock before.lock
  same demo-1.oci.tar before.tar
  ok lock demo.yaml --update
  has "$err" "hello 1.0 -> 1.1"
  [ "$(locked)" = "hello=1.1 libhello=1.0 " ]
}

@test "--update PACKAGE moves that one only" {
  ok lock demo.yaml
  deb hello 1.1 "Depends: libhello"
  deb libhello 1.1
  archive_publish
  ok lock demo.yaml --update libhello
  has "$err" "libhello 1.0 -> 1.1"
  [ "$(locked)" = "hello=1.0 libhello=1.1 " ]
}

@test "a recipe that asks for more moves only what it must, and tells what" {
  ok lock demo.yaml
  deb hello 1.1 "Depends: libhello"
  archive_publish
  recipe_for demo hello extra
  ok build demo.yaml
  has "$err" "+ extra 1.0"
  [ "$(locked)" = "extra=1.0 hello=1.0 libhello=1.0 " ]
  recipe_for demo extra
  ok build demo.yaml
  has "$err" "- hello 1.0"
  [ "$(locked)" = "extra=1.0 " ]
}

@test "--locked refuses a missing lock and one that does not hold" {
  fails 2 build demo.yaml --locked
  has "$err" "ashlar lock"
  [ ! -e demo.lock ]
  ok lock demo.yaml
  cp demo.lock before.lock
  recipe_for demo hello extra
  fails 2 build demo.yaml --locked
  has "$err" "extra"
  has "$err" "ashlar lock demo.yaml"
  same demo.lock before.lock
  [ ! -e demo-1.oci.tar ]
}

@test "in CI a lock is never made or moved in passing" {
  export CI=true
  fails 2 build demo.yaml
  [ ! -e demo.lock ]
  unset CI
  ok lock demo.yaml
  export CI=true
  ok build demo.yaml
  recipe_for demo hello extra
  fails 2 build demo.yaml
}

@test "a comment, quotes or another order of keys do not touch the lock" {
  ok lock demo.yaml
  cp demo.lock before.lock
  sed -i -e '1i # a comment' -e 's/^name: demo/name: "demo"/' demo.yaml
  ok build demo.yaml --locked
  same demo.lock before.lock
}

@test "a locked version that the mirror dropped is told with the ways out" {
  ok lock demo.yaml
  deb_drop hello
  deb hello 1.1 "Depends: libhello"
  archive_publish
  fails 1 build demo.yaml
  has "$err" "hello"
  has "$err" "1.0"
  has "$err" "--update"
  has "$err" "snapshot"
  [ ! -e demo-1.oci.tar ]
  ok lock demo.yaml --update
  ok build demo.yaml
}

@test "what cannot be solved is told as a derivation" {
  deb broken 1.0 "Depends: libhello (>= 2)"
  deb outer 1.0 "Depends: broken"
  archive_publish
  recipe_for demo outer
  fails 1 build demo.yaml
  has "$err" "outer"
  has "$err" "broken"
  has "$err" "libhello (>= 2)"
  has "$err" "1.0"
  [ ! -e demo.lock ]
}

@test "a package that does not exist is told with its place and a near name" {
  recipe_for demo helo
  run_ashlar build demo.yaml
  [ "$status" = 1 ] || [ "$status" = 2 ]
  has "$err" "helo"
  has "$err" "hello"
}

@test "a version can be asked for by name=version" {
  deb hello 1.1 "Depends: libhello"
  archive_publish
  recipe_for demo hello=1.0
  ok lock demo.yaml
  [ "$(locked)" = "hello=1.0 libhello=1.0 " ]
  recipe_for demo hello=9.9
  run_ashlar lock demo.yaml
  [ "$status" != 0 ]
  has "$err" "9.9"
  has "$err" "1.1"
}

@test "a damaged lock is refused and named" {
  ok lock demo.yaml
  echo '{' > demo.lock
  fails 2 build demo.yaml
  has "$err" "demo.lock"
}

@test "a hostile lock is refused in words, at once" {
  ok lock demo.yaml
  cp demo.lock good.lock
  while IFS='|' read -r reason change; do
    python3 - "$change" > demo.lock << 'END'
import json, sys
text = open("good.lock").read()
lock = json.loads(text)
package = lock["packages"]["amd64"][0]
exec(sys.argv[1])
print(text if text != open("good.lock").read() else json.dumps(lock))
END
    fails 2 build demo.yaml
    has "$err" "'demo.lock'" && has "$err" "$reason" || { echo "$change"; return 1; }
    lacks "$err" $'\e'
    [ ! -e demo-1.oci.tar ]
  done << 'END'
depth|text = "[" * 100000
depth|text = text.rstrip()[:-1] + ',"x":' + '{"a":' * 3000
duplicate|text = text.replace('"size":', '"size":1,"size":')
is malformed|lock["packages"] = 7
is malformed|package["sha256"] = package["sha256"][1:]
is malformed|package["sha256"] += "0"
is malformed|package["size"] = -1
is malformed|package["path"] = "pool/\x1b[31mx"
is malformed|package["name"] = "two words"
not allowed|package["path"] = "pool/a\0b"
there twice|lock["packages"]["amd64"].append(package)
more than 64 architectures|lock["packages"] = {f"a{i}": [] for i in range(100000)}
more than 1000 stages|lock["stages"] = {f"a{i}": {} for i in range(100000)}
'stages' is malformed|lock["stages"] = {"a b": {}}
'base' is malformed|lock["base"] = {"from": "oci:x", "manifests": {"amd64": "sha256:00"}}
is no key of it|lock["x\x1b[31m"] = 1
a lock larger than 64 MiB|text += " " * (65 << 20)
END
}

@test "a lock whose path climbs out of the mirror is refused" {
  ok lock demo.yaml
  sed -i 's|"path":"pool/|"path":"../../pool/|' demo.lock
  fails 2 build demo.yaml
  has "$err" "demo.lock"
}
