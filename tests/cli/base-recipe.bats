# SPDX-License-Identifier: Apache-2.0
#
# Recipes that are built upon recipes
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

two_recipes() {
  mkdir -p base app
  echo from the base > base/file
  cat > base/base.yaml <<'END'
name: base
version: 1
files: [{path: /base, from: file}]
config: {env: {LOW: "1"}, user: "7"}
END
  cat > app/app.yaml <<'END'
name: app
version: 1
from: recipe:../base/base.yaml
files: [{path: /app, content: own}]
END
}

# layers IMAGE: the digests of its layers
layers() {
  rm -rf "$T/l"
  image_open "$1" "$T/l"
  image_manifest "$T/l" | jq -r '.layers[].digest'
}

@test "the base's layers are kept, and ours come on top" {
  two_recipes
  ok build app/app.yaml
  [ ! -e base-1.oci.tar ]
  ok build base/base.yaml
  layers app-1.oci.tar > app.layers
  layers base-1.oci.tar > base.layers
  [ "$(wc -l < app.layers)" = 2 ]
  same <(head -n 1 app.layers) base.layers
  image_open app-1.oci.tar i
  image_unpack i
  [ "$(cat i/rootfs/base i/rootfs/app)" = "from the base
own" ]
  image_config i | jq -e '.config.User == "7" and (.config.Env | index("LOW=1"))'
}

@test "what changes in the base changes the image, and without it nothing does" {
  two_recipes
  ok build app/app.yaml
  ok build app/app.yaml
  has "$err" "nothing to do"
  echo changed > base/file
  fails 2 build app/app.yaml --locked
  has "$err" "the base 'recipe:../base/base.yaml' gives another image now"
  ok build app/app.yaml
  image_open app-1.oci.tar i
  image_unpack i
  [ "$(cat i/rootfs/base)" = changed ]
  ok build app/app.yaml --locked
}

@test "a base that several recipes start from is built once" {
  two_recipes
  for name in b c d; do sed "s/^name: .*/name: $name/" app/app.yaml > app/$name.yaml; done
  ok build app/*.yaml --progress json
  # the base, and each of the four
  [ "$(jq -r 'select(.event == "finish" and .phase == "merge") | .subject' <<< "$err" | grep -c amd64)" = 5 ]
}

@test "packages go on top of another recipe's packages, each by its own lock" {
  need dpkg-deb apt-ftparchive gpg
  archive_new "$T/archive"
  deb low 1.0
  deb high 1.0 "Depends: low"
  archive_publish
  recipe_for base low
  recipe_for app high
  sed -i '1a from: recipe:base.yaml' app.yaml
  ok lock app.yaml
  [ "$(jq -r '.packages.amd64[].name' base.lock)" = low ]
  [ "$(jq -r '.packages.amd64[].name' app.lock)" = high ]
  ok build app.yaml --locked
  image_open app-1.oci.tar i
  image_unpack i
  [ -e i/rootfs/usr/share/low/version ] && [ -e i/rootfs/usr/share/high/version ]
  rm base.lock
  fails 2 build app.yaml --locked
  has "$err" "base.lock"
}

@test "circles, missing recipes and architectures are told at 'from'" {
  two_recipes
  sed -i '2a from: recipe:../app/app.yaml' base/base.yaml
  fails 2 lint app/app.yaml
  has "$err" "base/base.yaml:3:7: error: the recipe is built upon itself"
  sed -i 's|^from: .*|from: recipe:nowhere.yaml|' app/app.yaml
  fails 2 lint app/app.yaml
  has "$err" "app/app.yaml:3:7: error: there is no recipe 'app/nowhere.yaml'"
  two_recipes
  echo 'arch: [amd64, arm64]' >> app/app.yaml
  fails 2 lint app/app.yaml
  has "$err" "the base is not for arm64"
  two_recipes
  echo 'package: x' >> base/base.yaml
  fails 2 build app/app.yaml
  has "$err" "unknown key 'package'"
}

# given: base.yaml with parameters and a package, and app.yaml upon it with values
given() {
  need dpkg-deb apt-ftparchive gpg
  archive_new "$T/archive"
  deb plain 1.0
  deb slim 1.0
  archive_publish
  recipe_for base '"${flavour}"'
  printf '%s\n' 'params: {flavour: plain, greeting: hello}' 'files: [{path: /greeting, content: "${greeting}\n"}]' >> base.yaml
  printf '%s\n' 'name: app' 'version: 1' 'params: {kind: slim}' 'from: {recipe: base.yaml, with: {flavour: "${kind}", greeting: hi/you}}' > app.yaml
}

# greeting IMAGE: what the file of the base says in it, and the packages it has
greeting() {
  rm -rf i
  image_open "$1" i
  image_unpack i
  cat i/rootfs/greeting && ls i/rootfs/usr/share
}

@test "a base is built with the values that it is given, by a lock for them" {
  given
  ok build app.yaml
  [ "$(greeting app-1.oci.tar | xargs)" = "hi/you slim" ]
  [ "$(jq -r '.packages.amd64[].name' 'base.flavour=slim,greeting=hi%2Fyou.lock')" = slim ]
  [ "$(jq -r .base.from app.lock)" = "recipe:base.yaml (flavour=slim, greeting=hi/you)" ]
  [ ! -e base.lock ]
  ok build app.yaml --locked
  has "$err" "nothing to do"
  # another value is another base
  fails 2 build app.yaml --set kind=plain --locked
  has "$err" "base.yaml: the lock 'base.flavour=plain,greeting=hi%2Fyou.lock' does not hold: there is none"
  ok build app.yaml --set kind=plain
  [ "$(greeting app-1.oci.tar | xargs)" = "hi/you plain" ]
  # and without any it is the base itself
  sed -i 's/^from: .*/from: recipe:base.yaml/; /^params/d' app.yaml
  ok build app.yaml
  [ "$(greeting app-1.oci.tar | xargs)" = "hello plain" ]
  [ -e base.lock ]
}

@test "bases with the same values are built once, with others side by side" {
  given
  cp app.yaml b.yaml
  sed 's/hi.you/other/; s/^name: .*/name: c/' app.yaml > c.yaml
  cat > d.yaml <<'END2'
name: d
version: 1
stages:
  one: {from: {recipe: base.yaml, with: {greeting: hi/you, flavour: slim}}}
  two: {from: {recipe: base.yaml, with: {greeting: third}}}
files: [{path: /one, stage: one, from: /greeting}, {path: /two, stage: two, from: /greeting}]
END2
  sed -i 's/^name: .*/name: b/' b.yaml
  ok build app.yaml b.yaml c.yaml d.yaml --progress json
  # three bases, two stages, and the four
  [ "$(jq -r 'select(.event == "finish" and .phase == "merge") | .subject' <<< "$err" | grep -c amd64)" = 9 ]
  [ "$(greeting c-1.oci.tar | xargs)" = "other slim" ]
  image_open d-1.oci.tar j
  image_unpack j
  [ "$(cat j/rootfs/one j/rootfs/two | xargs)" = "hi/you third" ]
}

@test "of a matrix the values choose the image, which is the one that the matrix makes" {
  two_recipes
  sed -i 's/^name: .*/name: base-${flavour}/; $a params: {flavour: none, more: none}\nmatrix: {flavour: [plain, slim]}\nlinks: [{path: /flavour, to: "${flavour}-${more}"}]' base/base.yaml
  sed -i 's/^from: .*/from: {recipe: ..\/base\/base.yaml, with: {flavour: slim}}/' app/app.yaml
  ok build app/app.yaml
  ok build base/base.yaml
  layers app-1.oci.tar > app.layers
  layers base-slim-1.oci.tar > base.layers
  same <(head -n 1 app.layers) base.layers
  sed -i 's/flavour: slim/flavour: slim, more: yes/' app/app.yaml
  ok build app/app.yaml
  ok ls app-1.oci.tar
  has "$out" "/flavour -> slim-yes"
  ok build app/app.yaml --check
  # what the values make wrong is told where it is wrong
  sed -i 's/path: .base,/path: "${more}",/' base/base.yaml
  fails 2 lint app/app.yaml
  has "$err" "base/base.yaml:3:16: error: 'yes' does not fit 'files.path'"
}
