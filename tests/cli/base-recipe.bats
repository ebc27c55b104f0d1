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
