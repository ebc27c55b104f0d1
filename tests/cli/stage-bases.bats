# SPDX-License-Identifier: Apache-2.0
#
# What is built upon stages, and what stages are built upon
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/sandbox
load ../lib/store

setup() {
  setup_test
  own_store
  need jq
}

teardown() {
  [ -z "${ARCHIVE:-}" ] || archive_end
  [ -z "${SERVER:-}" ] || kill "$SERVER" 2> /dev/null || true
}

# built RECIPE...: builds, and unpacks app-1.oci.tar as $T/i/rootfs
built() {
  ok build "$@"
  rm -rf "$T/i"
  image_open app-1.oci.tar "$T/i"
  image_unpack "$T/i"
}

layers() {
  image_manifest i | jq -r '.layers[].digest'
}

# How many of what the last command did, by --progress json, were of a PHASE
count() {
  jq -r "select(.event == \"finish\" and .phase == \"$1\") | .subject" <<< "$err" | wc -l
}

# Two stages upon each other, and an image upon both, with a file out of each
upon_stages() {
  cat > app.yaml <<'END2'
name: app
version: 1
from: stage:mid
stages:
  low:
    users: [{name: keeper}]
    files: [{path: /low, content: low}, {path: /gone, content: x}, {path: /d/a, content: a, mode: "4755", owner: keeper}]
  mid:
    from: stage:low
    users: [{name: other}]
    files: [{path: /mid, content: mid}, {path: /copy, stage: low, from: /d}]
    remove: [/gone]
users: [{name: app}]
files: [{path: /app, content: app}, {path: /taken, stage: mid, from: /copy/a, owner: keeper}]
END2
}

@test "an image upon a stage has all of it, below its own layers" {
  upon_stages
  built app.yaml
  [ "$(cat i/rootfs/low i/rootfs/mid i/rootfs/app i/rootfs/taken i/rootfs/copy/a)" = lowmidappaa ]
  [ "$(cut -d: -f1,3 i/rootfs/etc/passwd | xargs)" = "root:0 keeper:100 other:101 app:102" ]
  ok ls app-1.oci.tar
  lacks "$out" /gone
  has "$out" "-rwsr-xr-x   100/100          1 1970-01-01 00:00:00 /d/a"
  has "$out" "-rwsr-xr-x   100/100          1 1970-01-01 00:00:00 /taken"
  # a stage is no image that anybody could have
  run ! grep -r base.digest i/blobs
  [ ! -e app.lock ]
  layers > of-app
  # a stage is the same layers whatever is built upon it
  sed 's/^name: .*/name: other/; s/path: \/app,/path: \/another,/' app.yaml > other.yaml
  ok build other.yaml --progress json
  [ "$(count merge)" = 1 ]
  rm -rf i
  image_open other-1.oci.tar i
  same <(layers | head -n -1) <(head -n -1 of-app)
  ok build app.yaml other.yaml --check
}

@test "a stage that is built upon is made again only when something in it changes" {
  upon_stages
  ok build app.yaml
  sed -i 's/content: app}/content: more}/' app.yaml
  ok build app.yaml --progress json
  [ "$(count merge)" = 1 ]
  sed -i 's/content: mid}/content: middle}/' app.yaml
  ok build app.yaml --progress json
  [ "$(count merge)" = 2 ]
  # what is taken out of a stage that is built upon comes of the same making; another compression is another image
  sed -i 's/content: low}/content: lower}/' app.yaml
  built app.yaml --progress json
  [ "$(count merge)" = 3 ]
  [ "$(cat i/rootfs/low)" = lower ]
  echo 'outputs: [{oci: {compression: gzip}}]' >> app.yaml
  built app.yaml --progress json
  [ "$(count merge)" = 3 ]
  [ "$(image_manifest i | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+gzip ]
}

# packages: an archive, and app.yaml upon the stage 'system' of hello, asking for other
packages() {
  need dpkg-deb apt-ftparchive gpg zstd
  archive_new "$T/archive"
  root=$(deb_begin libhello 1.0)
  mkdir -p "$root/usr/share/libhello"
  printf '#!/bin/sh\nfrobnicate\n' > "$root/DEBIAN/postinst"
  deb_end libhello
  deb hello 1.0 "Depends: libhello"
  deb other 1.0 "Depends: libhello, third"
  deb third 1.0
  archive_publish
  cp "$ARCHIVE/keyring.gpg" .
  cat > app.yaml <<END2
name: app
version: 1
from: stage:system
debian: {packages: [other, hello]}
stages:
  system:
    debian: {suite: $SUITE, mirror: "$MIRROR", keyring: keyring.gpg, packages: [hello], scripts: skip}
    files: [{path: /local, from: local}]
END2
  echo one > local
}

# names PART: the packages locked in that part of app.lock
names() {
  jq -r "$1 | .packages.amd64[] | .name + \"=\" + .version" app.lock | xargs
}

@test "packages go on top of a stage's: what it has is not installed again, and its database is continued" {
  packages
  built app.yaml
  [ "$(names .)" = "other=1.0 third=1.0" ]
  [ "$(names .stages.system)" = "hello=1.0 libhello=1.0" ]
  jq -e '.base.from == "stage:system" and (.base.packages.amd64 | startswith("sha256:")) and (.base.manifests | not)' app.lock
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -W -f '${Package}=${Version} ')" = "hello=1.0 libhello=1.0 other=1.0 third=1.0 " ]
  [ -z "$(dpkg --root="$PWD/i/rootfs" --audit)" ]
  # no script is left out in silence, in a stage neither
  ok build app.yaml --json
  [ "$(jq -r '.scripts[] | .package + " " + .script + " " + .how' <<< "$out")" = "libhello postinst skipped" ]
  # what changes in the stage besides packages is nothing to lock
  echo two > local
  built app.yaml --locked
  [ "$(cat i/rootfs/local)" = two ]
  ok build app.yaml --locked --offline
  has "$err" "nothing to do"
}

@test "what moves in a stage moves what is chosen for it; a lock in which they do not belong together does not hold" {
  packages
  ok build app.yaml
  cp app.lock first.lock
  deb libhello 1.1
  deb other 2.0 "Depends: libhello (>= 1.1)"
  archive_publish
  ok build app.yaml --locked
  has "$err" "nothing to do"
  ok lock app.yaml --update libhello
  has "$err" "stage 'system':"
  has "$err" "libhello 1.0 -> 1.1"
  [ "$(names .)" = "other=1.0 third=1.0" ]
  ok lock app.yaml --update
  [ "$(names .)" = "other=2.0" ]
  built app.yaml --locked
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -W -f '${Package}=${Version} ')" = "hello=1.0 libhello=1.1 other=2.0 " ]
  # as two branches come together
  jq --slurpfile old first.lock '.stages = $old[0].stages' app.lock > mixed.lock
  mv mixed.lock app.lock
  fails 2 build app.yaml --locked
  has "$err" "the lock 'app.lock' does not hold: its packages were chosen for another 'stage:system'"
  ok build app.yaml
  ok build app.yaml --locked
}

@test "stages of packages upon each other: each asks for what is missing then" {
  packages
  cat >> app.yaml <<'END2'
  upper:
    from: stage:plain
    debian: {packages: [third]}
  plain:
    from: stage:system
    files: [{path: /plain, content: p}]
END2
  sed -i 's/^from: .*/from: stage:upper/' app.yaml
  built app.yaml
  [ "$(names .stages.system)" = "hello=1.0 libhello=1.0" ]
  [ "$(names .stages.upper)" = "third=1.0" ]
  [ "$(names .)" = "other=1.0" ]
  [ "$(jq -r '.stages | keys | join(" ")' app.lock)" = "system upper" ]
  [ "$(cat i/rootfs/plain)" = p ]
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -W -f '${Package} ')" = "hello libhello other third " ]
  # another stage to go on is another question
  sed -i 's/^from: .*/from: stage:plain/' app.yaml
  fails 2 build app.yaml --locked
  has "$err" "the recipe starts from 'stage:plain'"
  ok build app.yaml
  [ "$(names .)" = "other=1.0 third=1.0" ]
}

# from KIND...: app.yaml, a stage upon each, of which a file is taken
from() {
  local n=0 kind
  printf '%s\n' 'name: app' 'version: 1' 'files:' > app.yaml
  for kind; do n=$((n + 1)) && echo "  - {path: /taken-$n, stage: s$n, from: /data/two}" >> app.yaml; done
  echo 'stages:' >> app.yaml
  n=0
  for kind; do n=$((n + 1)) && printf '  s%s:\n    from: "%s"\n    files: [{path: /own, content: "%s"}]\n' $n "$kind" $n >> app.yaml; done
}

base_image() {
  rm -rf base
  python3 -B "$TOP/tests/lib/base_image.py" base "$1"
}

@test "a stage starts from an image of any kind, by its own part of the lock; what is another is refused until it is moved" {
  need zstd python3
  base_image mixed
  tar -C base -cf base.oci.tar .
  mkdir -p tree/data && echo t > tree/data/two
  tar -C tree -cf base.tar data
  printf '%s\n' 'name: below' 'version: 1' 'files: [{path: /data/two, content: r}]' > below.yaml
  from oci:base oci-archive:base.oci.tar tar:base.tar dir:tree recipe:below.yaml
  built app.yaml
  [ "$(cat i/rootfs/taken-3 i/rootfs/taken-5)" = "t
r" ]
  same i/rootfs/taken-1 i/rootfs/taken-2
  [ "$(jq -r '.stages | keys | join(" ")' app.lock)" = "s1 s2 s3 s4 s5" ]
  [ "$(jq -r '.stages.s1.base.manifests.amd64' app.lock)" = "$(jq -r '.manifests[0].digest' base/index.json)" ]
  ok build app.yaml --locked --offline
  has "$err" "nothing to do"
  # gone is no matter
  mv base moved
  ok build app.yaml --locked -o elsewhere
  base_image other
  fails 2 build app.yaml
  has "$err" "app.yaml:11:11: error: base 'oci:base' is another one now: for amd64 it is sha256:"
  echo more > tree/data/two
  ok lock app.yaml --update
  has "$err" "stage 's1':"
  has "$err" "  base oci:base sha256:"
  has "$err" "stage 's4':"
  sed -i 's/content: r/content: R/' below.yaml
  fails 2 build app.yaml --locked
  has "$err" "stage 's5': the base 'recipe:below.yaml' gives another image now"
  sed -i 's/taken-1, stage: s1, from: .data.two/taken-1, stage: s1, from: \//' app.yaml
  built app.yaml
  [ "$(cat i/rootfs/taken-4)$(cat i/rootfs/taken-5)" = moreR ]
  sed -i 's|from: "tar:base.tar"|from: "tar:none.tar"|' app.yaml
  fails 2 build app.yaml
  has "$err" "app.yaml:17:11: error: base 'tar:none.tar'"
}

@test "a base is fetched and unpacked once, however many stages start from it" {
  need zstd python3
  base_image mixed
  python3 -B "$TOP/tests/lib/registry.py" base open "$T/log" > port 3>&- &
  SERVER=$!
  until [ -s port ]; do sleep 0.05; done
  url=docker://localhost:$(< port)/team/base:v1
  from "$url" "$url" "$url"
  sed -i "2a from: $url" app.yaml
  ok build app.yaml --progress json
  [ "$(count unpack)" = 3 ]
  [ "$(grep -c 'GET .*/blobs/' log)" = "$(grep 'GET .*/blobs/' log | sort -u | wc -l)" ]
  kill "$SERVER"
  ok build app.yaml --offline --locked -o elsewhere
  sed -i '/^from:/d' app.yaml
  ASHLAR_STORE=$T/empty fails 1 build app.yaml --offline
  has "$err" "app.yaml:9:11: error: base '$url': "
  has "$err" "the network may not be used"
}

@test "steps run upon what a stage's steps left, and are not run again for what is above them" {
  need_sandbox
  steps_for tools < /dev/null
  {
    printf '%s\n' 'name: app' 'version: 1' 'epoch: "1000000000"' 'from: stage:made' 'run: ["cat /made >> /all; rm /gone"]' 'stages:' '  tools:'
    sed 1,3d tools.yaml | sed 's/^/    /'
    printf '%s\n' '  made:' '    from: stage:tools' '    run: [echo once > /made, touch /gone]'
  } > app.yaml
  built app.yaml
  [ "$(cat i/rootfs/all)" = once ]
  ok ls app-1.oci.tar
  has "$out" /bin/busybox
  lacks "$out" /gone
  nothing_left
  sed -i 's/cat .made >> .all/cat \/made > \/other/' app.yaml
  ok build app.yaml --progress json
  [ "$(count run)" = 1 ]
  ok shell app.yaml -- cat /other
  [ "$out" = once ]
}
