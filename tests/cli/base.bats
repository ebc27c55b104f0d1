# SPDX-License-Identifier: Apache-2.0
#
# Images that start from others
load ../lib/common
load ../lib/image
load ../lib/sandbox

setup() {
  setup_test
  export ASHLAR_STORE=$T/store
  need jq zstd python3
}

# base KIND [DIR]: one of base_image.py's, as a layout
base() {
  rm -rf "${2:-base}"
  python3 -B "$TOP/tests/lib/base_image.py" "${2:-base}" "$1"
}

# recipe FROM: demo.yaml, the rest of it on stdin
recipe() {
  { printf 'name: demo\nversion: "1"\nfrom: %s\n' "$1"; cat; } > demo.yaml
}

built() {
  ok build "$@"
  rm -rf i
  image_open demo-1.oci.tar i
}

# paths NAME: the paths that layer NAME (a number) holds
paths() {
  "$ASHLAR" ls --json --layer "$1" demo-1.oci.tar | jq -r .path | sed 's|^/||' | sort | tr '\n' ' '
}

config() {
  image_config i | jq -c "$1"
}

manifest_of() {
  jq -r '.manifests[0].digest' "$1/index.json"
}

@test "the base's layers are the same blobs, in any compression, with ours on top" {
  base mixed
  recipe oci:base <<< 'files: [{path: /data/four, content: "four\n"}]'
  built demo.yaml
  file=base/blobs/sha256/$(manifest_of base | cut -d: -f2)
  [ "$(image_manifest i | jq -c '.layers[:3]')" = "$(jq -c '.layers' "$file")" ]
  [ "$(image_manifest i | jq '.layers | length')" = 4 ]
  [ "$(config '.rootfs.diff_ids[:3]')" = "$(jq -c .rootfs.diff_ids "base/blobs/sha256/$(jq -r .config.digest "$file" | cut -d: -f2)")" ]
  [ "$(config '[.history[] | .created_by]')" = '["step 0","ENV A=1","step 1","step 2","files of the recipe"]' ]
  [ "$(paths 3)" = ' data data/four ' ]
  # the folder is said again as it was
  has "$("$ASHLAR" ls --layer 3 demo-1.oci.tar)" "drwxrwxrwt"
  ok inspect demo-1.oci.tar
  ok verify demo-1.oci.tar || true
}

@test "a layer's hardlinks to files of a layer below are further names of them" {
  need_sandbox
  base outer
  steps_for demo <<'END'
from: oci:base
run:
  - |
    same() { [ "$1" -ef "$2" ] && [ "$(stat -c %h "$1")" = "$3" ]; }
    same /data/one /new/one 4 && same /data/one /data/two 4 && same /new/one /new/link 4
    same /own /own2 2
    [ "$(cat /new/tool)" = tool ] && [ "$(stat -c %a:%h /new/tool)" = 4755:1 ] && [ "$(cat /bin/tool)" = another ]
    [ "$(cat /old)" = gone ]
  - rm /data/one /data/two
  - "[ $(stat -c %h /new/one) = 2 ]; echo more >> /new/link"
END
  built demo.yaml
  # the base's layers are its own, and of the others only what changed is told
  [ "$(image_manifest i | jq -c '.layers[:2]')" = "$(jq -c .layers "base/blobs/sha256/$(manifest_of base | cut -d: -f2)")" ]
  [ "$(paths 3)" = ' data data/.wh.one data/.wh.two ' ] || paths 3
  [ "$(paths 4)" = ' new new/link new/one ' ] || paths 4
  # and the other way: what was not changed is as it was
  ok ls --json oci:base /new
  [ "$(jq -c 'select(.path == "/new/one") | [.type, .target, .size]' <<< "$out")" = '["hardlink","data/one",3]' ] || told ls
  need umoci
  sed -i '$a outputs: [{oci: {compression: gzip}}]' demo.yaml
  ok build demo.yaml
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  umoci unpack --rootless --image layout:1 bundle > /dev/null 2>&1
  [ "$(cat bundle/rootfs/new/one)" = onemore ]
  [ bundle/rootfs/new/one -ef bundle/rootfs/new/link ]
  [ "$(cat bundle/rootfs/new/tool bundle/rootfs/old)" = toolgone ]
}

@test "docker's media types become OCI's, and the blobs stay" {
  base docker
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  built demo.yaml
  [ "$(image_manifest i | jq -c '[.layers[:2][] | .mediaType]')" = \
    '["application/vnd.oci.image.layer.v1.tar+gzip","application/vnd.oci.image.layer.v1.tar"]' ]
  [ "$(image_manifest i | jq -c '[.layers[:2][] | .digest]')" = \
    "$(jq -c '[.layers[] | .digest]' "base/blobs/sha256/$(manifest_of base | cut -d: -f2)")" ]
  # its history does not fit its layers: there is one entry for each nevertheless
  [ "$(config '[.history[] | select(.empty_layer | not)] | length')" = 3 ]
}

@test "the tree is that of all layers, with what they take away" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
  ok ls demo-1.oci.tar --json
  [ "$(jq -r .path <<< "$out" | sed 's|^/||' | sort | tr '\n' ' ')" = \
    ' bin bin/tool data data/link data/one data/three data/two etc etc/group etc/passwd old old/c x ' ]
}

@test "what the recipe removes is said by whiteouts, never by an opaque folder" {
  base mixed
  recipe oci:base <<< 'remove: [/data/one, /old, /bin/tool]'
  built demo.yaml
  [ "$(paths 3)" = ' .wh.old bin bin/.wh.tool data data/.wh.one ' ]
  [ "$(image_manifest i | jq '.layers | length')" = 4 ]
  ok ls demo-1.oci.tar
  lacks "$out" /old
  has "$out" /data/two
}

@test "a folder that becomes a file, and a file that becomes a folder, need no whiteouts" {
  base mixed
  recipe oci:base << 'END'
files: [{path: /bin/tool/inner, content: x}]
links: [{path: /old, to: data}]
remove: [/old, /bin/tool]
END
  built demo.yaml
  ok ls demo-1.oci.tar
  has "$out" "/bin/tool/inner"
  has "$out" "/old -> data"
  lacks "$out" /old/c
  lacks "$("$ASHLAR" ls --layer 3 demo-1.oci.tar)" .wh.
}

@test "few layers: what is gone is said in the lowest of ours" {
  base mixed
  recipe oci:base << 'END'
files: [{path: /x, content: x}]
remove: [/old]
layers: single
END
  built demo.yaml
  [ "$(image_manifest i | jq '.layers | length')" = 4 ]
  has "$(paths 3)" .wh.old
  has "$(paths 3)" " x "
}

@test "a folder's mode that is another is told, though nothing in it is" {
  base mixed
  mkdir folder
  recipe oci:base <<< 'files: [{path: /data, from: folder, folder_mode: "0700"}]'
  built demo.yaml
  ok ls demo-1.oci.tar
  has "$out" "drwx------"
}

@test "the configuration is the base's, with the recipe's over it" {
  base mixed
  recipe oci:base << 'END'
config: {env: {B: "3", C: "4"}, ports: [443], labels: {both: ours}, user: "0"}
END
  built demo.yaml
  [ "$(config .config.Env)" = '["PATH=/bin","A=1","B=3","C=4"]' ]
  [ "$(config .config.Entrypoint)$(config .config.Cmd)" = '["/bin/tool"]["-v"]' ]
  [ "$(config .config.User)$(config .config.WorkingDir)$(config .config.StopSignal)" = '"0""/data""SIGQUIT"' ]
  [ "$(config '.config.ExposedPorts | keys')$(config '.config.Volumes | keys')" = '["443/tcp","80/tcp"]["/data"]' ]
  [ "$(config '.config.Labels["of.base"]')$(config .config.Labels.both)" = '"yes""ours"' ]
  [ "$(config '.config.Labels["org.opencontainers.image.version"]')" = '"1"' ]
  [ "$(config '.config.Labels["org.opencontainers.image.base.digest"]')" = "\"$(manifest_of base)\"" ]
}

@test "an entrypoint takes the base's command away, an empty one both; a command takes nothing" {
  base mixed
  recipe oci:base <<< 'config: {entrypoint: [/new]}'
  built demo.yaml
  [ "$(config .config.Entrypoint)$(config .config.Cmd)" = '["/new"]null' ]
  recipe oci:base <<< 'config: {entrypoint: []}'
  built demo.yaml
  [ "$(config .config.Entrypoint)$(config .config.Cmd)" = 'nullnull' ]
  recipe oci:base <<< 'config: {cmd: [-q]}'
  built demo.yaml
  [ "$(config .config.Entrypoint)$(config .config.Cmd)" = '["/bin/tool"]["-q"]' ]
}

@test "accounts are continued: numbers that are taken are not given, and nothing is written anew unasked" {
  base mixed
  recipe oci:base << 'END'
users: [{name: app}]
files: [{path: /x, content: x, owner: keeper}]
END
  built demo.yaml
  image_unpack i
  [ "$(cat i/rootfs/etc/passwd)" = "$(printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'keeper:x:100:100::/:/bin/sh' \
    'app:*:101:101::/nonexistent:/usr/sbin/nologin')" ]
  has "$("$ASHLAR" ls demo-1.oci.tar)" "100/100"
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  built demo.yaml
  [ "$(paths 3)" = ' x ' ]
}

@test "a base with a member twice has the last of them" {
  base twice
  recipe oci:base <<< 'tests: [{file: /f, contains: second, mode: "0600"}, {file: /g, contains: g}]'
  ok build demo.yaml
}

@test "tests see the whole image and its configuration" {
  base mixed
  recipe oci:base <<< 'tests: [{file: /data/two, contains: one}, {user: keeper, uid: 100}, {port: 80}, {absent: /data/gone}]'
  ok build demo.yaml
  recipe oci:base <<< 'tests: [{port: 81}]'
  fails 1 build demo.yaml
}

@test "steps see the base; what they remove of it and change of its folders is told in the layers" {
  need_sandbox
  base mixed
  cp "$(command -v busybox)" busybox
  recipe oci:base << 'END'
files: [{path: /bin/busybox, from: busybox, mode: "0755"}]
run:
  - {command: [/bin/busybox, grep, -q, one, /data/two]}
  - {command: [/bin/busybox, rm, /data/one, /old/c]}
  - {command: [/bin/busybox, chmod, "0711", /etc]}
END
  ok build demo.yaml
  ok ls demo-1.oci.tar
  lacks "$out" /data/one
  lacks "$out" /old/c
  has "$out" /data/two
  has "$out" "drwx--x--x       0/0          0 1970-01-01 00:00:00 /etc"
  [ "$(paths 3)" = ' data data/.wh.one old old/.wh.c ' ]
}

@test "scratch is nothing" {
  recipe scratch <<< 'files: [{path: /x, content: x}]'
  built demo.yaml
  [ "$(image_manifest i | jq '.layers | length')" = 1 ]
  [ ! -e demo.lock ]
}

@test "a base in a tarball, by its tag" {
  base mixed
  jq -c '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "v1"}' base/index.json > index && mv index base/index.json
  tar -cf base.tar -C base .
  recipe oci-archive:base.tar:v1 <<< 'files: [{path: /x, content: x}]'
  built demo.yaml
  [ "$(image_manifest i | jq '.layers | length')" = 4 ]
  recipe oci-archive:base.tar:v2 <<< 'files: [{path: /x, content: x}]'
  fails 2 build demo.yaml
  has "$err" "demo.yaml:3:7: error: base 'oci-archive:base.tar:v2':"
}

# ---- the lock ----

@test "the lock holds the base's digest; what is another is refused until it is moved on purpose" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
  [ "$(jq -r '.base.from + " " + .base.manifests.amd64' demo.lock)" = "oci:base $(manifest_of base)" ]
  was=$(manifest_of base)
  base other
  for how in "" --locked --offline; do
    # shellcheck disable=SC2086 # nothing, or an option
    fails 2 build $how demo.yaml
    has "$err" "base 'oci:base' is another one now: for amd64 it is $(manifest_of base), but the lock has $was"
    has "$err" "demo.yaml:3:7"
    has "$err" "ashlar lock --update demo.yaml"
  done
  ok lock --update demo.yaml
  has "$err" "base oci:base"
  [ "$(jq -r '.base.manifests.amd64' demo.lock)" = "$(manifest_of base)" ]
  built demo.yaml --locked
  [ "$(image_manifest i | jq '.layers | length')" = 3 ]
}

@test "--locked refuses where the lock lacks the base, or has another" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  fails 2 build --locked demo.yaml
  has "$err" "does not hold: there is none"
  ok lock demo.yaml
  base mixed again
  recipe oci:again <<< 'files: [{path: /x, content: x}]'
  fails 2 build --locked demo.yaml
  has "$err" "the recipe starts from 'oci:again'"
  recipe scratch <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
}

@test "a base that is gone is no matter while the store has it" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
  first=$(sha256sum < demo-1.oci.tar)
  mv base away
  rm demo-1.oci.tar
  ok build --offline --locked demo.yaml
  [ "$(sha256sum < demo-1.oci.tar)" = "$first" ]
  rm -rf store
  fails 2 build demo.yaml
  has "$err" "base 'oci:base'"
}

@test "the same bytes from another store, folder and spelling of the blobs' order" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
  mkdir -p there/deep
  cp -r base demo.yaml demo.lock there/deep
  ASHLAR_STORE=$T/other ok build -o there/deep there/deep/demo.yaml
  same demo-1.oci.tar there/deep/demo-1.oci.tar
}

@test "several architectures: the manifest of each, and an error for one that the base lacks" {
  base two
  recipe oci:base << 'END'
arch: [amd64, arm64]
files: [{path: /x, content: x}]
END
  built demo.yaml
  [ "$(image_config i arm64 | jq -c .config.Env[1])" = '"ARCH=arm64"' ]
  [ "$(image_config i amd64 | jq -c .config.Env[1])" = '"ARCH=amd64"' ]
  [ "$(jq -r '.base.manifests | keys | join(" ")' demo.lock)" = "amd64 arm64" ]
  recipe oci:base << 'END'
arch: [amd64, s390x]
files: [{path: /x, content: x}]
END
  fails 2 build demo.yaml
  has "$err" "demo.yaml:3:7: error: base 'oci:base': it has nothing for the architecture s390x, only for: amd64, arm64"
}

@test "--explain tells of a base that moved" {
  base mixed
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  ok build demo.yaml
  base other
  ok lock --update demo.yaml
  ok build --explain demo.yaml
  has "$out" "because: base changed"
}

# ---- what is no image yet ----

# root: a root file system in folder root
root() {
  mkdir -p root/etc root/tmp
  echo hello > root/etc/motd
  ln root/etc/motd root/etc/again
  ln -s motd root/etc/link
  chmod 1777 root/tmp
  chmod 600 root/etc/motd
}

@test "a tar is the layer, byte for byte, plain or as layers are compressed; else it is written anew" {
  root
  tar -C root --sort=name --owner=7 --group=7 -cf root.tar .
  gzip -kn root.tar
  zstd -q root.tar
  xz -k root.tar
  for file in root.tar root.tar.gz root.tar.zst root.tar.xz; do
    rm -f demo.lock
    recipe "tar:$file" <<< 'files: [{path: /x, content: x}]'
    built demo.yaml
    [ "$file" = root.tar.xz ] || [ "$(image_manifest i | jq -r '.layers[0].digest')" = "sha256:$(sha256sum < $file | cut -d' ' -f1)" ]
    ok ls demo-1.oci.tar
    has "$out" "drwxrwxrwt       7/7"
    has "$out" "/etc/motd link to /etc/again"
    has "$out" "/etc/link -> motd"
    has "$out" "/x"
  done
  echo more > root/etc/more
  tar -C root --owner=7 --group=7 -cJf root.tar.xz .
  fails 2 build demo.yaml
  has "$err" "base 'tar:root.tar.xz' is another one now"
}

@test "a folder is the same image whoever owns it, and whenever it was made" {
  root
  recipe dir:root <<< 'files: [{path: /x, content: x}]'
  built demo.yaml
  first=$(sha256sum < demo-1.oci.tar)
  ok ls demo-1.oci.tar
  has "$out" "drwxrwxrwt       0/0"
  has "$out" "-rw-------       0/0"
  cp -a root other
  touch -d @1000000000 other/etc/motd other/etc other
  [ "$(id -u)" != 0 ] || chown -R 1234:1234 other
  mv root away
  mv other root
  rm -rf demo-1.oci.tar
  ASHLAR_STORE=$T/other-store ok build demo.yaml
  [ "$(sha256sum < demo-1.oci.tar)" = "$first" ]
  chmod 755 root/tmp
  fails 2 build demo.yaml
  has "$err" "is another one now"
}

@test "what is no tar, no folder, or hostile" {
  echo nonsense > file
  for from in tar:file dir:file tar:nowhere dir:nowhere; do
    recipe $from <<< 'files: [{path: /x, content: x}]'
    run_ashlar build demo.yaml
    [ "$status" != 0 ]
    has "$err" "demo.yaml:3:7"
    has "$err" "base '$from'"
  done
  python3 -c 'import tarfile; t = tarfile.open("evil.tar", "w"); t.addfile(tarfile.TarInfo("../evil")); t.close()'
  recipe tar:evil.tar <<< 'files: [{path: /x, content: x}]'
  fails 1 build demo.yaml
  has "$err" "../evil"
}

# ---- what a base may try ----

@test "hostile layers are refused by name, and nothing is written" {
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  for case in "climbs ../x" "below-link a/passwd" "hard-out a" "through a/passwd"; do
    base "${case% *}"
    rm -f demo.lock
    fails 1 build demo.yaml
    has "$err" "${case#* }"
    has "$err" "layer sha256:"
    [ ! -e demo-1.oci.tar ]
  done
  base lies
  rm -f demo.lock
  fails 3 build demo.yaml
  has "$err" "but the image's configuration says sha256:0000"
}

@test "a bomb is refused, and passes where it is allowed" {
  base bomb
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  fails 1 build --limit unpacked=1M demo.yaml
  has "$err" "limit 'unpacked'"
  ok build demo.yaml
}

@test "a layer whose bytes are others is never taken" {
  base mixed
  layer=$(jq -r '.layers[1].digest' "base/blobs/sha256/$(manifest_of base | cut -d: -f2)" | cut -d: -f2)
  printf 'x' | dd of="base/blobs/sha256/$layer" bs=1 seek=5 conv=notrunc status=none
  recipe oci:base <<< 'files: [{path: /x, content: x}]'
  fails 3 build demo.yaml
  has "$err" "$layer"
}

@test "no base at all, and a path that is none" {
  recipe oci:nowhere <<< 'files: [{path: /x, content: x}]'
  fails 2 build demo.yaml
  has "$err" "demo.yaml:3:7"
  has "$err" nowhere
  recipe http://x <<< 'files: [{path: /x, content: x}]'
  fails 2 lint demo.yaml
}
