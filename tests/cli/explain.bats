# SPDX-License-Identifier: Apache-2.0
#
# `build --explain`: what ran, and which input of it was another than the last time.
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq
  archive_new "$T/archive"
  deb hello 1.0
  deb world 1.0
  archive_publish
  recipe_for demo hello world
  mkdir site
  echo page > site/index.html
  cat >> demo.yaml <<'END'
files:
  - {path: /srv, from: site}
  - path: /etc/motd
    content: "hello\n"
END
}

teardown() { archive_end; }

# reasons ACTION SUBJECT: the reasons that the last --json gave for it, a line each
reasons() {
  jq -r --arg a "$1" --arg s "$2" '.actions[] | select(.action == $a and (.subject | contains($s))) | .because[]' <<< "$out"
}

outcome() {
  jq -r --arg a "$1" --arg s "$2" '.actions[] | select(.action == $a and (.subject | contains($s))) | .outcome' <<< "$out"
}

explained() { ok build demo.yaml --explain --json "$@"; }

@test "the first build has no other reason" {
  explained
  [ "$(jq -r '[.actions[].because[]] | unique | .[]' <<< "$out")" = "first build of this recipe" ]
  [ "$(jq -r '[.actions[].action] | unique | join(" ")' <<< "$out")" = "configuration files image layer output pack" ]
  [ "$(jq -r '[.actions[].outcome] | unique | join(" ")' <<< "$out")" = made ]
}

@test "what did not change is reused, without a reason" {
  ok build demo.yaml
  explained
  [ "$(jq -r '[.actions[].outcome] | unique | join(" ")' <<< "$out")" = reused ]
  jq -e '[.actions[].because[]] == []' <<< "$out"
}

@test "a key of the recipe is told with its line" {
  ok build demo.yaml
  sed -i 's/hello\\n/hallo\\n/' demo.yaml
  line=$(grep -n 'hallo' demo.yaml | cut -d: -f1)
  explained
  for action in files image output; do
    has "$(reasons $action "")" "recipe: files[1].content changed"
    has "$(reasons $action "")" "(demo.yaml:$line)"
  done
  has "$(reasons layer "files of the recipe")" "files[1].content"
  [ "$(outcome layer "hello 1.0")" = reused ]
  [ "$(outcome pack hello)" = reused ]
  lacks "$(reasons configuration "")" "recipe:"
}

@test "what was added to the recipe and taken away is told" {
  ok build demo.yaml
  sed -i 's|^  - path: /etc/motd|  - {path: /etc/issue, content: x}|; /content: "hello/d' demo.yaml
  echo 'config: {user: "7"}' >> demo.yaml
  explained
  reasons=$(reasons image "")
  has "$reasons" "recipe: files[1] added, /etc/issue (demo.yaml:"
  has "$reasons" "recipe: files no longer has /etc/motd"
  has "$reasons" "recipe: config.user added, 7 (demo.yaml:"
}

@test "a package that moved is told from which version to which" {
  ok build demo.yaml
  deb_drop hello
  deb hello 1.1
  archive_publish
  ok lock demo.yaml --update
  explained
  [ "$(outcome pack "hello 1.1")" = made ]
  has "$(reasons pack "hello 1.1")" "package hello 1.0 -> 1.1"
  [ "$(outcome pack "world 1.0")" = reused ]
  has "$(reasons layer "hello 1.1")" "package hello 1.0 -> 1.1"
  [ "$(outcome layer "world 1.0")" = reused ]
  has "$(reasons configuration "")" "package hello 1.0 -> 1.1"
  has "$(reasons output "")" "package hello 1.0 -> 1.1"
}

@test "packages that come and go are told" {
  ok build demo.yaml
  sed -i 's/packages: \[hello, world\]/packages: [world]/' demo.yaml
  explained
  reasons=$(reasons image "")
  has "$reasons" "package hello 1.0 taken away"
  has "$reasons" "recipe: debian.packages no longer has hello (demo.yaml:"
  sed -i 's/packages: \[world\]/packages: [hello, world]/' demo.yaml
  ok build demo.yaml --explain --json
  [ "$(outcome pack "hello 1.0")" = "" ] # the image is that of the first build: no pack was looked at
  has "$(reasons output "")" "package hello 1.0 added"
}

@test "the local file that changed is told, and how" {
  ok build demo.yaml
  echo other > site/index.html
  explained
  has "$(reasons files "")" "local file site/index.html changed, 5 -> 6 bytes"
  chmod +x site/index.html
  touch site/new
  explained
  reasons=$(reasons files "")
  has "$reasons" "local file site/index.html: mode 0644 -> 0755"
  has "$reasons" "local file site/new added"
  has "$(reasons output "")" "local file site/new added"
}

@test "the epoch, a label, the encoding and the key are told" {
  "$ASHLAR" keygen key
  SOURCE_DATE_EPOCH=1750000000 ok build demo.yaml
  SOURCE_DATE_EPOCH=1750000001 explained
  has "$(reasons image "")" "epoch 2025-06-15T15:06:40Z -> 2025-06-15T15:06:41Z"
  SOURCE_DATE_EPOCH=1750000001 explained --label a=b
  has "$(reasons image "")" "annotations[0] added, a=b"
  echo 'outputs: [{oci: {compression: gzip}}]' >> demo.yaml
  SOURCE_DATE_EPOCH=1750000001 explained --label a=b
  has "$(reasons image "")" "encoding changed, zstd -> gzip"
  has "$(reasons pack "hello")" "encoding changed, zstd -> gzip"
  SOURCE_DATE_EPOCH=1750000001 explained --label a=b --sign key
  [ "$(outcome image "")" = reused ]
  has "$(reasons output "")" "signed"
}

@test "an output that is gone or was touched says so" {
  ok build demo.yaml
  rm demo-1.oci.tar
  explained
  [ "$(outcome image "")" = reused ]
  [ "$(reasons output "")" = "it was no longer there" ]
  echo spoiled > demo-1.oci.tar
  explained
  [ "$(reasons output "")" = "it was not as it had been left" ]
}

@test "what the store no longer has is the reason where nothing changed" {
  ok build demo.yaml
  find "$ASHLAR_STORE/blobs" -type f -delete
  rm demo-1.oci.tar
  explained
  [ "$(reasons image "")" = "it was no longer in the store" ]
  [ "$(reasons pack hello)" = "it was no longer in the store" ]
  [ "$(reasons layer "hello 1.0")" = "it was no longer in the store" ]
}

@test "the layers come as before, the reasons above them" {
  ok build demo.yaml
  sed -i 's/hello\\n/hallo\\n/' demo.yaml
  ok build demo.yaml --explain
  grep -qE '^pack +2 packages +reused' <<< "$out"
  grep -qE '^files +amd64 +made +because: recipe: files\[1\]\.content changed' <<< "$out"
  grep -qE '^image +amd64 zstd +made +because: ' <<< "$out"
  grep -qE '^output +\./demo-1\.oci\.tar +made +because: ' <<< "$out"
  grep -qE '^layer +1  amd64  [0-9a-f]{12} .* reused  hello 1\.0$' <<< "$out"
  [ "$(grep -n '^output' <<< "$out" | cut -d: -f1)" -lt "$(grep -n '^layer   1' <<< "$out" | cut -d: -f1)" ]
}

@test "a recipe that names a digest of no blob is remembered all the same" {
  sed -i '/content:/s|"hello\\n"|"sha256:'"$(printf x | sha256sum | cut -d' ' -f1)"'"|' demo.yaml
  ok build demo.yaml
  echo other > site/index.html
  explained
  has "$(reasons image "")" "local file site/index.html"
}

@test "recipes of one name in two folders are two recipes" {
  ok build demo.yaml
  mkdir other
  cp -r demo.yaml keyring.gpg site other/
  (cd other && echo changed > site/index.html && ok build demo.yaml --explain --json && [ "$(reasons image "")" = "first build of this recipe" ])
}

@test "many reasons are cut short, unless all are asked for" {
  ok build demo.yaml
  for i in 1 2 3 4 5 6 7 8 9; do echo $i > site/$i; done
  ok build demo.yaml --explain
  has "$out" "and 4 more"
  echo again > site/1
  rm site/2 site/3 site/4 site/5 site/6 site/7 site/8
  ok build demo.yaml --explain --verbose
  lacks "$out" "more"
  has "$out" "local file site/8 taken away"
}
