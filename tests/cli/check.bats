# SPDX-License-Identifier: Apache-2.0
#
# `build --check`: two builds from nothing, in surroundings that differ. What makes them differ here is real: a file that
# changes meanwhile, a git that answers by who asks it, and a library (tests/faults/leak.c) that lets surroundings into a file.
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq
  archive_new "$T/archive"
  mkdir site
  cat > plain.yaml <<'END'
name: plain
version: "1"
files:
  - {path: /etc/motd, content: hello}
  - {path: /srv, from: site}
END
  echo page > site/index.html
}

teardown() { archive_end; }

with_packages() {
  deb hello 1.0
  deb world 1.0
  archive_publish
  recipe_for demo hello world
  echo 'files: [{path: /srv, from: site}]' >> demo.yaml
}

nothing_left() {
  [ -z "$(find "$ASHLAR_STORE/tmp" -mindepth 1)" ] || { find "$ASHLAR_STORE/tmp"; return 1; }
}

# leaks WHAT: a build with a file of 600 bytes that WHAT gets into
leaks() {
  need_plain "stands in front of the same calls"
  printf '%0600d' 0 > site/stamp
  status=0
  LEAK=$1 LD_PRELOAD=$TOP/$BUILD/tests/faults/leak.so "$ASHLAR" build plain.yaml --check > out 2> err < /dev/null || status=$?
  out=$(< out) err=$(< err)
  [ "$status" = 1 ] || told "status $status"
  [ ! -e plain-1.oci.tar ]
  nothing_left
  has "$err" "not reproducible: 2 builds of 'plain.yaml' differ"
  has "$err" "output   plain-1.oci.tar"
  has "$err" "layer    1 of 1: files of the recipe"
  has "$err" "member   /srv/stamp: content"
  has "$err" "from     the recipe's files, plain.yaml:5: site"
}

@test "the same bytes are told of, and put where an ordinary build puts them" {
  with_packages
  mkdir out
  ok build demo.yaml -o out --check
  has "$out" "reproducible: 2 builds, same bytes"
  has "$out" "oci  out/demo-1.oci.tar  sha256:"
  nothing_left
  ASHLAR_STORE=$T/another ok build demo.yaml
  same demo-1.oci.tar out/demo-1.oci.tar
}

@test "--json says so too" {
  ok build plain.yaml --check --json
  jq -e '.reproducible == true and (.outputs | length) == 1' <<< "$out"
  ok build plain.yaml --json
  jq -e 'has("reproducible") | not' <<< "$out"
}

@test "what is fetched is fetched once, and stays" {
  with_packages
  ok build demo.yaml --check
  [ "$(grep -c '^fetch.*hello 1.0' <<< "$err")" = 1 ]
  [ "$(grep -c '^unpack.*hello 1.0' <<< "$err")" = 3 ]
  rm -rf "$ARCHIVE/www"
  ok build demo.yaml --check --locked
  lacks "$err" "fetch"
  [ "$(grep -c '^unpack.*hello 1.0' <<< "$err")" = 2 ]
}

@test "several outputs, architectures, labels and parameters; signed in the end" {
  with_packages
  sed -i 's/^arch: .*/arch: [amd64, arm64]/' demo.yaml
  cat >> demo.yaml <<'END'
params: {who: x}
config: {env: {WHO: "${who}"}}
outputs:
  - {oci: {compression: gzip}}
  - {oci: {layout: true}}
END
  "$ASHLAR" keygen key
  ok build demo.yaml --check --set who=me --label a=b --sign key --verbose
  ok verify demo-1.oci.tar --key key.pub
  [ -d demo-1.oci ]
  image_open demo-1.oci.tar i
  image_config i | jq -e '.config.Env | index("WHO=me")'
  nothing_left
}

@test "the recipe may include what lies above it" {
  mkdir deep
  echo 'config: {user: "7"}' > base.yaml
  (echo 'include: [../base.yaml]' && cat plain.yaml) > deep/plain.yaml
  cp -r site deep/
  cd deep
  ok build plain.yaml --check
}

@test "a path of the home folder that gets in is found" {
  leaks home
  has "$err" "perhaps  the path of the home folder"
  has "$err" "of the content is the first that differs"
}

@test "the user's name that gets in is found" {
  USER=$(id -un) leaks user
  has "$err" "perhaps  the user's name"
}

@test "the host's name that gets in is found" {
  need_root
  unshare --uts true 2> /dev/null || skip "no UTS namespace may be made here"
  leaks host
  has "$err" "perhaps  the host's name"
}

@test "the path of the store that gets in is found, and shown" {
  leaks store
  has "$err" "perhaps  the path of the store"
  [[ $err =~ first\ +([0-9a-f]{2}\ )+ ]]
  has "$err" "|"
}

@test "the time that gets in is found, in any form" {
  for form in time date binary; do
    leaks $form
    case $form in
    time) has "$err" "perhaps  the time of the build, in seconds since 1970" ;;
    date) has "$err" "perhaps  a time" ;;
    binary) has "$err" "perhaps  the time of the build, as a binary number" ;;
    esac
    rm -f site/stamp
  done
}

@test "random bytes that get in are found" {
  leaks random
  has "$err" "byte     8 of the content"
  has "$err" "perhaps  random bytes"
}

@test "a local file that changes meanwhile is told as one" {
  (while sleep 0.1; do date +%s%N > next && mv next site/index.html; done) &
  changing=$!
  fails 1 build plain.yaml --check
  kill "$changing"
  has "$err" "member   /srv/index.html: content"
  has "$err" "hint: local files of the recipe changed while it was built"
  nothing_left
}

@test "an annotation that differs is told by its name" {
  mkdir bin
  cat > bin/git <<'END'
#!/bin/sh
case "$*" in
*rev-parse*) printf %s "$HOME" | sha1sum | cut -d' ' -f1 ;;
*) ;;
esac
END
  chmod +x bin/git
  PATH=$T/bin:$PATH fails 1 build plain.yaml --vcs --check
  has "$err" "'Labels.org.opencontainers.image.revision'"
  has "$err" "perhaps  a digest or a random number, in hexadecimal"
}

@test "a store that remembers otherwise is not believed" {
  need python3
  ok build plain.yaml
  sed 's/hello/other/' plain.yaml > sub.yaml
  sed -i 's/hello/other/; s/^files/config: {user: "1"}\nfiles/' sub.yaml
  before=$(find "$ASHLAR_STORE/actions" -type f -printf "%f\n")
  mkdir away
  ok build sub.yaml -o away
  # the image of the one recipe is remembered under the key of the other
  BEFORE=$before python3 - <<'END'
import hashlib, os
folder = os.environ["ASHLAR_STORE"] + "/actions/"
before = os.environ["BEFORE"].split()
def images(names):
    return [n for n in names if b'"manifest"' in open(folder + n, "rb").read()]
own, = images(before)
other, = [n for n in images(os.listdir(folder)) if n not in before]
text = open(folder + other, "rb").read().rsplit(b"\n", 1)[0]
os.chmod(folder + own, 0o644)
open(folder + own, "wb").write(text + b"\n" + hashlib.sha256(bytes.fromhex(own) + text).hexdigest().encode())
END
  rm plain-1.oci.tar
  fails 1 build plain.yaml --check
  has "$err" "where building from nothing gave"
  [ ! -e plain-1.oci.tar ]
}

@test "a build that fails ends with its own status" {
  fails 2 build plain.yaml --check --set nothing=1
  with_packages
  deb_drop hello
  fails 1 build demo.yaml --check
  has "$err" "build 1 of 2 failed"
  nothing_left
  sed -i 's/packages: .*/packages: [world]/' demo.yaml
  fails 2 build demo.yaml --check --locked
  has "$err" "does not hold"
}

@test "nothing stays of a build that is interrupted" {
  head -c 400000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 > site/large 2> /dev/null
  "$ASHLAR" build plain.yaml --check < /dev/null > out 2> err &
  pid=$!
  until grep -q "build 1 of 2" err; do sleep 0.05; done
  sleep 0.3
  kill -TERM $pid
  status=0
  wait $pid || status=$?
  [ "$status" = 130 ] || { cat err; echo "status $status"; return 1; }
  nothing_left
  [ ! -e plain-1.oci.tar ]
}

@test "what a killed one leaves goes with gc" {
  head -c 400000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 > site/large 2> /dev/null
  "$ASHLAR" build plain.yaml --check < /dev/null > out 2> err &
  pid=$!
  until grep -q "build 1 of 2" err; do sleep 0.05; done
  kill -KILL $pid
  wait $pid || true
  [ -n "$(find "$ASHLAR_STORE/tmp" -mindepth 1)" ]
  # the build that it had started ends with it
  for _ in $(seq 100); do
    pgrep -f "$ASHLAR_STORE/tmp" > /dev/null || break
    sleep 0.1
  done
  ok store gc --max-size 1G --wait
  nothing_left
}
