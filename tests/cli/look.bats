# SPDX-License-Identifier: Apache-2.0
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
  ok build demo.yaml --progress quiet
}

teardown() { archive_end; }

# The same recipe with a newer hello, without world, and a file of its own; version 2
build_second() {
  deb_drop hello
  deb hello 1.0+1
  archive_publish
  cp -r keyring.gpg second.gpg
  recipe_for demo hello
  sed -i 's/^version: .*/version: "2"/' demo.yaml
  printf 'files:\n  - {path: "/srv/a|b", content: "x"}\nconfig:\n  user: daemon\n' >> demo.yaml
  ok lock demo.yaml --update
  ok build demo.yaml --progress quiet
}

@test "ls tells mode, owner, size, time and path, and on demand digest and package" {
  ok ls demo-1.oci.tar /usr/share/hello
  [ "$(wc -l <<< "$out")" = 2 ]
  has "$out" "drwxr-xr-x       0/0          0 1970-01-01 00:00:00 /usr/share/hello"
  has "$out" "-rw-r--r--       0/0          4 2023-11-14 22:13:20 /usr/share/hello/version"
  ok ls --digest --package demo-1.oci.tar usr/share/hello/version
  has "$out" " $(echo 1.0 | sha256sum | cut -d' ' -f1) hello "
  fails 1 ls demo-1.oci.tar /usr/share/none
  has "$err" "'/usr/share/none' is not in 'demo-1.oci.tar'"
  fails 1 ls demo-1.oci.tar ../up
}

@test "ls tells one layer alone" {
  ok inspect --json demo-1.oci.tar
  count=$(jq '.images[0].layers | length' <<< "$out")
  fails 2 ls --layer "$count" demo-1.oci.tar
  fails 2 ls --layer first demo-1.oci.tar
  ok ls --layer 0 --json demo-1.oci.tar
  [ "$(jq -s 'map(.layer) | unique == [0]' <<< "$out")" = true ]
}

@test "ls --json is one object a line" {
  ok ls --json --digest demo-1.oci.tar
  [ "$(jq -s 'length' <<< "$out")" = "$(wc -l <<< "$out")" ]
  [ "$(jq -r 'select(.path == "/usr/share/world/version") | [.type, .mode, .uid, .size, .package] | join(" ")' <<< "$out")" = \
    "file 0644 0 4 world" ]
  [ "$(jq -r 'select(.path == "/var/lib/dpkg/status") | .package' <<< "$out")" = null ]
  fails 2 ls --json --mtree demo-1.oci.tar
}

@test "what lies in the store is looked at too" {
  ok build demo.yaml --json
  digest=$(jq -r '.outputs[0].digest' <<< "$out")
  ok ls demo-1.oci.tar
  all=$out
  ok ls "store:$digest"
  [ "$out" = "$all" ]
  ok ls "store:${digest:7:20}"
  [ "$out" = "$all" ]
  layer=$(jq -r '.layers[0].digest' "$ASHLAR_STORE/blobs/sha256/${digest#sha256:}")
  ok ls "store:$layer"
  one=$out
  ok ls --layer 0 demo-1.oci.tar
  [ "$out" = "$one" ]
  fails 2 ls store:sha256:zz
  fails 1 ls store:0000000000
}

@test "packages, tars and folders are looked at too" {
  ok ls --package "$(deb_file hello)" /usr/share
  has "$out" "hello /usr/share/hello/version"
  mkdir -p "root/$(printf 'new\nline')"
  ln -s /etc/passwd root/link
  ok ls root
  has "$out" '/new\012line'
  has "$out" "/link -> /etc/passwd"
  for option in "" z J; do
    tar -c${option}f root.tar -C root .
    ok ls root.tar
    has "$out" '/new\012line'
  done
  fails 1 ls none.tar
  printf 'no archive' > text
  fails 1 ls text
  fails 1 ls /dev/null
}

@test "diff tells packages, files, configuration and what must be pulled" {
  cp demo-1.oci.tar one.tar
  build_second
  ok diff one.tar demo-2.oci.tar
  has "$out" "packages: 1 removed, 1 changed"
  has "$out" "~ hello 1.0 -> 1.0+1 (upgrade; "
  has "$out" "- world 1.0 ("
  has "$out" "+ /srv/a|b  file, 0644, 0/0, 1 byte"
  has "$out" "+ User: daemon"
  lacks "$out" "/usr/share/hello/version"
  pulled=$(tar -tf demo-2.oci.tar | grep -c '^blobs/')
  has "$out" "to pull: "
  ok diff --verbose one.tar demo-2.oci.tar
  has "$out" "~ /usr/share/hello/version  content, size 4 -> 6"
  ok diff demo-2.oci.tar one.tar
  has "$out" "~ hello 1.0+1 -> 1.0 (downgrade; "
  [ "$pulled" -gt 0 ]
}

@test "diff counts the bytes that the tarballs do not share" {
  cp demo-1.oci.tar one.tar
  build_second
  ok diff --json one.tar demo-2.oci.tar
  told=$(jq .pull.bytes <<< "$out")
  mkdir a b
  tar -xf one.tar -C a && tar -xf demo-2.oci.tar -C b
  sum=0
  # the layers, manifest and configuration of the second that the first lacks: referrers are not pulled with it
  manifest=b/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' b/index.json)
  for digest in "$(basename "$manifest")" $(jq -r '.config.digest[7:], .layers[].digest[7:]' "$manifest"); do
    [ -e "a/blobs/sha256/$digest" ] || sum=$((sum + $(stat -c %s "b/blobs/sha256/$digest")))
  done
  [ "$told" = "$sum" ]
}

@test "diff --exit-code ends with 1 where there is a difference" {
  cp demo-1.oci.tar one.tar
  ok diff --exit-code one.tar demo-1.oci.tar
  has "$out" "no difference"
  build_second
  fails 1 diff --exit-code one.tar demo-2.oci.tar
  [ -z "$err" ]
  ok diff one.tar demo-2.oci.tar
  fails 2 diff --json --markdown one.tar demo-2.oci.tar
  fails 1 diff one.tar none.tar
  fails 2 diff one.tar
}

@test "diff --json lists every file" {
  cp demo-1.oci.tar one.tar
  build_second
  ok diff --json one.tar demo-2.oci.tar
  [ "$(jq '.different' <<< "$out")" = true ]
  [ "$(jq -r '.packages.changed[0] | [.name, .before, .after, .direction] | join(" ")' <<< "$out")" = "hello 1.0 1.0+1 upgrade" ]
  [ "$(jq -r '.files.changed[] | select(.path == "/usr/share/hello/version") | [.package, .size.before, .size.after] | join(" ")' <<< "$out")" = \
    "hello 4 6" ]
  [ "$(jq -r '.files.added[] | select(.path == "/srv/a|b") | .digest' <<< "$out")" = "sha256:$(printf x | sha256sum | cut -d' ' -f1)" ]
  [ "$(jq -r '.config[] | select(.member == "User") | .after' <<< "$out")" = daemon ]
}

@test "two folders are compared, and a folder with a tar of it" {
  mkdir -p a/sub b/sub
  echo one | tee a/sub/same b/sub/same a/changed > a/gone
  echo two > b/changed
  ln -s x a/link
  ln -s y b/link
  ok diff a b
  has "$out" "files: 1 removed, 2 changed"
  has "$out" "~ /changed  content"
  has "$out" "~ /link  target x -> y"
  has "$out" "- /gone"
  lacks "$out" "/sub/same"
  tar -cf a.tar -C a .
  ok diff --exit-code a a.tar
  ok diff --exit-code --times a a.tar
  touch -d @0 a/changed
  ok diff --exit-code a a.tar
  fails 1 diff --exit-code --times a a.tar
  has "$out" "~ /changed  time "
}

@test "inspect tells layers, packages, configuration and lock" {
  ok inspect demo-1.oci.tar
  has "$out" "kind         image"
  has "$out" "hello 1.0"
  has "$out" "not signed"
  has "$out" '  packages   {"amd64":2}'
  ok inspect --verbose demo-1.oci.tar
  ok inspect --json demo-1.oci.tar
  [ "$(jq -c '[.images[0].packages[].name]' <<< "$out")" = '["hello","world"]' ]
  [ "$(jq -c '[.images[0].layers[] | select(.holds == "hello 1.0") | .packages[]]' <<< "$out")" = '["hello"]' ]
  [ "$(jq -r '.lock.digest' <<< "$out")" = "sha256:$(sha256sum < demo.lock | cut -d' ' -f1)" ]
  ok inspect "$(deb_file hello)"
  has "$out" "name         hello"
  mkdir root
  ok inspect root
  has "$out" "kind         folder"
}

@test "an image carries the lock it was built from, signed or not, and is called the same" {
  ok inspect --lock demo-1.oci.tar
  printf '%s\n' "$out" | cmp - demo.lock
  ok keygen k
  ok sign demo-1.oci.tar --key k
  ok verify demo-1.oci.tar --key k.pub
  "$ASHLAR" inspect --lock demo-1.oci.tar > told.lock
  same told.lock demo.lock
  # its digest does not know of what is attached
  manifest=$(tar -xOf demo-1.oci.tar index.json | jq -r '.manifests[0].digest')
  ok build demo.yaml --json -o "$T"
  [ "$(jq -r '.outputs[0].digest' <<< "$out")" = "$manifest" ]
}

@test "the lock is an OCI referrer" {
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  blob() { cat "layout/blobs/sha256/${1#sha256:}"; }
  index=$(blob "$(jq -r '.annotations["dev.ashlar.referrers"]' layout/index.json)")
  [ "$(jq '.manifests | length' <<< "$index")" = 1 ]
  [ "$(jq -r '.manifests[0].artifactType' <<< "$index")" = application/vnd.ashlar.lock.v1+json ]
  manifest=$(blob "$(jq -r '.manifests[0].digest' <<< "$index")")
  [ "$(jq -r '.subject.digest' <<< "$manifest")" = "$(jq -r '.manifests[0].digest' layout/index.json)" ]
  [ "$(jq -r '.config.mediaType' <<< "$manifest")" = application/vnd.oci.empty.v1+json ]
  [ "$(jq -r '.layers[0].annotations["org.opencontainers.image.title"]' <<< "$manifest")" = demo.lock ]
  blob "$(jq -r '.layers[0].digest' <<< "$manifest")" | cmp - demo.lock
}

@test "an image without a lock says so" {
  cat > bare.yaml <<'END'
name: bare
version: "1"
files: [{path: /x, content: x}]
END
  ok build bare.yaml
  ok inspect bare-1.oci.tar
  has "$out" "no lock"
  fails 1 inspect --lock bare-1.oci.tar
  has "$err" "carries no lock"
  mkdir root
  fails 2 inspect --lock root
}

@test "an image with a damaged layer is told of as far as it can be" {
  layer=$(tar -xOf demo-1.oci.tar index.json | jq -r '.manifests[0].digest[7:]')
  mkdir layout
  tar -xf demo-1.oci.tar -C layout
  layer=layout/blobs/sha256/$(jq -r '.layers[0].digest[7:]' "layout/blobs/sha256/$layer")
  size=$(stat -c %s "$layer")
  chmod +w "$layer"
  head -c "$size" /dev/zero | tr '\0' x > "$layer"
  ok inspect layout
  has "$out" "platform     linux/amd64"
  has "$err" "layer 0"
  fails 1 ls layout
}
