# SPDX-License-Identifier: Apache-2.0
#
# Root filesystems on the way to an image, and what is taken out of them
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

teardown() { [ -z "${ARCHIVE:-}" ] || archive_end; }

# built RECIPE...: builds, and unpacks app-1.oci.tar as $T/i/rootfs
built() {
  ok build "$@"
  rm -rf "$T/i"
  image_open app-1.oci.tar "$T/i"
  image_unpack "$T/i"
}

# A stage of files, of which the image takes one file, a folder and a linked file
plain_stages() {
  mkdir -p src/deep
  echo one > src/one
  echo two > src/deep/two
  chmod 755 src/one
  ln -s one src/link
  cat > app.yaml <<'END'
name: app
version: 1
users: [{name: app, uid: 1000}]
stages:
  made:
    files:
      - {path: /out, from: src, mode: "0640", folder_mode: "0750"}
      - {path: /out/setuid, content: s, mode: "4755"}
    links: [{path: /latest, to: out}]
  further:
    files:
      - {path: /copy, stage: made, from: /out/deep}
      - {path: /copy/three, content: three}
files:
  - {path: /usr/bin/one, stage: made, from: /latest/link}
  - {path: /srv, stage: made, from: /out, owner: app}
  - {path: /opt, stage: further, from: /copy, folder_mode: "0700", mode: "0600"}
END
}

@test "files and folders come out of stages, with their modes" {
  plain_stages
  built app.yaml
  [ "$(cat i/rootfs/usr/bin/one)" = one ]
  [ "$(stat -c %a i/rootfs/usr/bin/one)" = 640 ]
  [ "$(cat i/rootfs/srv/deep/two)" = two ]
  [ "$(stat -c '%a' i/rootfs/srv/deep)" = 750 ]
  [ "$(stat -c '%a' i/rootfs/srv/setuid)" = 4755 ]
  [ "$(readlink i/rootfs/srv/link)" = one ]
  [ "$(stat -c '%a' i/rootfs/opt)" = 700 ]
  [ "$(stat -c '%a' i/rootfs/opt/three)" = 600 ]
  image_list "$T/i" > list
  grep -q ' 1000/1000 .*srv/deep/two' list
  grep -q ' 0/0 .*usr/bin/one' list
  # nothing else of them
  ! grep -q ' out' list
  [ ! -e app.lock ]
}

@test "a stage of which nothing changed is not made again" {
  plain_stages
  ok build app.yaml
  sed -i 's/path: \/opt,/path: \/mnt,/' app.yaml
  ok build app.yaml --progress json
  [ "$(jq -r 'select(.event == "finish" and .phase == "merge") | .subject' <<< "$err" | grep -c amd64)" = 1 ]
  echo changed > src/deep/two
  built app.yaml
  [ "$(cat i/rootfs/mnt/two)" = changed ]
  # another folder of it is another thing to take
  sed -i 's|from: /out, owner|from: /out/deep, owner|' app.yaml
  built app.yaml
  [ "$(cat i/rootfs/srv/two)" = changed ]
}

@test "a stage has packages of its own, which the recipe's lock holds" {
  need dpkg-deb apt-ftparchive gpg
  archive_new "$T/archive"
  deb compiler 1.0
  deb hello 1.0
  archive_publish
  recipe_for app hello
  cp app.yaml plain.yaml
  cat >> app.yaml <<END
stages:
  build:
    debian: {suite: $SUITE, mirror: "$MIRROR", keyring: keyring.gpg, packages: [compiler], scripts: skip}
files: [{path: /compiler, stage: build, from: /usr/share/compiler/version}]
END
  built app.yaml
  [ "$(cat i/rootfs/compiler)" = 1.0 ]
  [ ! -e i/rootfs/usr/share/compiler ]
  [ "$(jq -r '.packages.amd64[].name' app.lock)" = hello ]
  [ "$(jq -r '.stages.build.packages.amd64[].name' app.lock)" = compiler ]
  # without stages it is the lock that it always was
  sed -i 's/^name: .*/name: plain/' plain.yaml
  ok lock plain.yaml
  jq -S 'del(.stages)' app.lock > a
  jq -S . plain.lock > b
  same a b
  deb compiler 2.0
  archive_publish
  ok build app.yaml --locked
  has "$err" "nothing to do"
  ok lock app.yaml --update compiler
  has "$err" "stage 'build':"
  has "$err" "compiler 1.0 -> 2.0"
  fails 2 lock app.yaml --update nothing
  built app.yaml --locked
  [ "$(cat i/rootfs/compiler)" = 2.0 ]
  sed -i 's/packages: \[compiler\]/packages: [hello]/; s|/usr/share/compiler/version|/usr/share/hello/version|' app.yaml
  fails 2 build app.yaml --locked
  has "$err" "stage 'build': the recipe asks for hello and no longer for compiler"
}

# stage_of NAME: a stage of busybox, whose steps come from stdin
stage_of() {
  steps_for "$1" < /dev/null
  echo "  $1:"
  sed 1,3d "$1.yaml" | sed 's/^/    /'
  sed 's/^/    /'
}

@test "steps run in stages, and only what is taken out of them is in the image" {
  need_sandbox
  {
    printf '%s\n' 'name: app' 'version: 1' 'epoch: "1000000000"' 'stages:'
    stage_of left <<< "run: [echo left > /left; ln /left /other; mkdir /dir; ln /left /dir/a; ln /left /dir/b]"
    stage_of right <<< "run: [echo right > /right; chown 5:6 /right]"
    printf '%s\n' 'files:' '  - {path: /l, stage: left, from: /other}' '  - {path: /r, stage: right, from: /right}' \
      '  - {path: /dir, stage: left, from: /dir}'
  } > app.yaml
  built app.yaml
  [ "$(cat i/rootfs/l i/rootfs/r | xargs)" = "left right" ]
  [ ! -e i/rootfs/bin ]
  image_list "$T/i" > list
  grep -q ' 0/0 .* r$' list
  grep -q 'dir/b link to dir/a' list
  nothing_left
  # a step that did not change is not run again, whatever is taken out
  sed -i 's|path: /l, stage: left, from: /other|path: /l, stage: left, from: /left|' app.yaml
  ok build app.yaml --progress json
  ! jq -e 'select(.phase == "run")' <<< "$err"
}

@test "a step of a stage that fails is told at its place" {
  need_sandbox
  {
    printf '%s\n' 'name: app' 'version: 1' 'stages:'
    stage_of left <<< "run: ['echo said; false']"
    printf '%s\n' 'files: [{path: /l, stage: left, from: /other}]'
  } > app.yaml
  fails 1 build app.yaml
  has "$err" "the step 'echo said; false' failed with status 1"
  has "$err" "said"
  nothing_left
}

@test "outputs of two encodings and several recipes make a stage once" {
  plain_stages
  sed 's/^name: .*/name: other/' app.yaml > other.yaml
  printf '%s\n' 'outputs:' '  - {oci: {compression: zstd}}' '  - {oci: {compression: gzip, layout: true}}' >> app.yaml
  ok build app.yaml other.yaml --progress json
  # two stages, and an image of each encoding and recipe
  [ "$(jq -r 'select(.event == "finish" and .phase == "merge") | .subject' <<< "$err" | wc -l)" = 5 ] || {
    jq -r 'select(.event == "finish" and .phase == "merge") | .subject' <<< "$err"
    false
  }
}

@test "what a stage does not have is told at the file" {
  plain_stages
  sed -i 's|from: /copy,|from: /coppy,|' app.yaml
  fails 1 build app.yaml
  has "$err" "app.yaml:17:5: error: the stage 'further' has no '/coppy'"
}

@test "the same stages in other surroundings are the same bytes" {
  plain_stages
  ok build app.yaml --check
  has "$out" reproducible
}
