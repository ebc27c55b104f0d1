# SPDX-License-Identifier: Apache-2.0
#
# Packages on a base that has some: dpkg's database is continued
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq zstd
  archive_new "$T/archive"
  deb libhello 1.0
  deb hello 1.0 "Depends: libhello"
  deb other 1.0 "Depends: libhello"
  archive_publish
  recipe_for base hello
  printf '%s\n' 'outputs: [{oci: {layout: true}}]' 'users: [{name: keeper}]' >> base.yaml
  ok build base.yaml
}

teardown() { archive_end; }

# on PACKAGE...: demo.yaml, a recipe on base-1.oci
on() {
  recipe_for demo "$@"
  sed -i '1i from: oci:base-1.oci' demo.yaml
}

built() {
  ok build "$@"
  rm -rf i
  image_open demo-1.oci.tar i
}

locked() {
  jq -r '.packages[] | .[] | .name + "=" + .version' demo.lock | sort | tr '\n' ' '
}

@test "what the base has is not installed again, and its database is continued" {
  on other
  built demo.yaml
  [ "$(locked)" = "other=1.0 " ]
  image_unpack i
  [ "$(grep ^Package: i/rootfs/var/lib/dpkg/status | tr '\n' ' ')" = "Package: hello Package: libhello Package: other " ]
  [ "$(grep -c '^Status: install ok installed' i/rootfs/var/lib/dpkg/status)" = 3 ]
  dpkg --root="$PWD/i/rootfs" -C
  [ -z "$(dpkg --root="$PWD/i/rootfs" --audit)" ]
  [ "$(dpkg-query --admindir=i/rootfs/var/lib/dpkg -W -f '${Package}=${Version} ')" = "hello=1.0 libhello=1.0 other=1.0 " ]
  # the base's layers are as they were
  [ "$(image_manifest i | jq -c '.layers[:2]')" = \
    "$(jq -c '.layers[:2]' "base-1.oci/blobs/sha256/$(jq -r '.manifests[0].digest' base-1.oci/index.json | cut -d: -f2)")" ]
  # apt's marks are continued
  grep -q '^Package: libhello' i/rootfs/var/lib/apt/extended_states
  has "$("$ASHLAR" inspect demo-1.oci.tar)" "3 packages"
}

@test "a package asked for that the base has costs nothing" {
  on hello libhello
  built demo.yaml
  [ "$(locked)" = "" ]
  [ "$(image_manifest i | jq '.layers | length')" = "$(jq '.layers | length' "base-1.oci/blobs/sha256/$(jq -r '.manifests[0].digest' base-1.oci/index.json | cut -d: -f2)")" ]
}

@test "what dpkg's settings in the base leave out is left out of packages on it" {
  cat >> base.yaml <<'END'
files:
  - {path: /etc/dpkg/dpkg.cfg.d/docker, content: "# slim\npath-exclude=/usr/share/other/*\npath-include '/usr/share/other/kept'\n"}
  - {path: /etc/dpkg/dpkg.cfg.d/docker.dpkg-old, content: "path-exclude /usr/share/kept/*\n"}
  - {path: /etc/dpkg/dpkg.cfg, content: "no-debsig\npath-exclude\t/usr/share/*/gone\n"}
END
  ok build base.yaml
  root=$(deb_begin other 2.0 "Depends: libhello")
  mkdir -p "$root"/usr/share/{other,kept}
  touch "$root"/usr/share/{other,kept}/{gone,kept,left}
  deb_end other
  archive_publish
  on other
  built demo.yaml
  ok ls demo-1.oci.tar /usr/share
  has "$out" /usr/share/other/kept
  has "$out" /usr/share/kept/left
  lacks "$out" /usr/share/other/left
  lacks "$out" /usr/share/kept/gone
  # the recipe has the last word
  sed -i 's/^debian: {/debian: {include: [\/usr\/share\/other\/left], /; s/^debian:$/debian:\n  include: [\/usr\/share\/other\/left]/' demo.yaml
  built demo.yaml
  has "$("$ASHLAR" ls demo-1.oci.tar /usr/share)" /usr/share/other/left
}

@test "a newer version in the archive does not move the base's package, unless something needs it" {
  deb libhello 1.1
  archive_publish
  on other
  ok build demo.yaml
  [ "$(locked)" = "other=1.0 " ]
  root=$(deb_begin libhello 1.2)
  mkdir -p "$root/usr/share/libhello"
  echo new > "$root/usr/share/libhello/new"
  deb_end libhello
  deb other 2.0 "Depends: libhello (>= 1.1)"
  archive_publish
  rm demo.lock
  built demo.yaml
  locked
  [ "$(locked)" = "libhello=1.2 other=2.0 " ]
  ok ls demo-1.oci.tar
  # replaced whole
  has "$out" /usr/share/libhello/new
  lacks "$out" /usr/share/libhello/version
  has "$("$ASHLAR" inspect demo-1.oci.tar)" "libhello"
  image_unpack i
  [ "$(grep -A9 '^Package: libhello' i/rootfs/var/lib/dpkg/status | grep ^Version)" = "Version: 1.2" ]
  [ "$(grep -c '^Package: libhello' i/rootfs/var/lib/dpkg/status)" = 1 ]
}

@test "a version that is asked for takes the place of the base's" {
  deb hello 2.0 "Depends: libhello"
  archive_publish
  on hello=2.0
  built demo.yaml
  [ "$(locked)" = "hello=2.0 " ]
  image_unpack i
  [ "$(cat i/rootfs/usr/share/hello/version)" = 2.0 ]
  [ "$(grep -c ^Package: i/rootfs/var/lib/dpkg/status)" = 2 ]
}

@test "what conflicts with the base's packages is refused in words" {
  deb enemy 1.0 "Conflicts: hello"
  archive_publish
  on enemy
  fails 1 build demo.yaml
  has "$err" enemy
  has "$err" hello
}

@test "a file of a base's package is taken only by what replaces that; one of nobody's makes way" {
  root=$(deb_begin taker 1.0)
  mkdir -p "$root/usr/share/hello"
  echo taken > "$root/usr/share/hello/version"
  deb_end taker
  archive_publish
  on taker
  fails 1 build demo.yaml
  has "$err" "'/usr/share/hello/version' of package 'taker' (1.0) is in package 'hello' (1.0) of the base"
  root=$(deb_begin taker 1.1 "Replaces: hello")
  mkdir -p "$root/usr/share/hello"
  echo taken > "$root/usr/share/hello/version"
  deb_end taker
  archive_publish
  rm demo.lock
  built demo.yaml
  image_unpack i
  [ "$(cat i/rootfs/usr/share/hello/version)" = taken ]
  run ! grep -x /usr/share/hello/version i/rootfs/var/lib/dpkg/info/hello.list
  grep -qx /usr/share/hello/version i/rootfs/var/lib/dpkg/info/taker.list
}

@test "accounts of new packages are added to the base's" {
  root=$(deb_begin daemon 1.0)
  printf '#!/bin/sh\nset -e\nadduser --system --group --no-create-home daemon-user\n' > "$root/DEBIAN/postinst"
  deb_end daemon
  archive_publish
  on daemon
  built demo.yaml
  image_unpack i
  has "$(cut -d: -f1 i/rootfs/etc/passwd | tr '\n' ' ')" "root keeper daemon-user"
}

@test "alternatives of the base are continued" {
  for n in one two; do
    root=$(deb_begin edit-$n 1.0)
    mkdir -p "$root/usr/bin"
    echo $n > "$root/usr/bin/edit-$n"
    printf '#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/edit edit /usr/bin/edit-%s %s\n' $n $((${#n} + $([ $n = two ] && echo 5 || echo 0))) > "$root/DEBIAN/postinst"
    deb_end edit-$n
  done
  archive_publish
  recipe_for base edit-one
  echo 'outputs: [{oci: {layout: true}}]' >> base.yaml
  rm -f base.lock
  ok build base.yaml
  on edit-two
  built demo.yaml
  image_unpack i
  [ "$(readlink i/rootfs/etc/alternatives/edit)" = /usr/bin/edit-two ]
  [ "$(grep -c /usr/bin/edit- i/rootfs/var/lib/dpkg/alternatives/edit)" = 2 ]
}

@test "a database of a file a package (status.d) counts" {
  rm -rf root && mkdir -p root/var/lib/dpkg/status.d
  printf '%s\n' 'Package: libhello' 'Version: 1.0' 'Architecture: all' 'Depends: not-there' > root/var/lib/dpkg/status.d/libhello
  cat > files.yaml << END
name: base
version: "1"
files: [{path: /, from: root}]
outputs: [{oci: {layout: true}}]
END
  rm -f base.lock
  ok build files.yaml
  on other
  ok build demo.yaml
  [ "$(locked)" = "other=1.0 " ]
  # which dpkg itself does not read
  sed -i 's/scripts: skip/scripts: run/' demo.yaml
  fails 2 build demo.yaml
  has "$err" "keeps its packages in /var/lib/dpkg/status.d"
}

@test "the lock's packages are solved anew when the base moves" {
  on other
  ok lock demo.yaml
  [ "$(locked)" = "other=1.0 " ]
  cat > files.yaml << END
name: base
version: "1"
files: [{path: /x, content: x}]
outputs: [{oci: {layout: true}}]
END
  ok build files.yaml
  ok lock --update demo.yaml
  [ "$(locked)" = "libhello=1.0 other=1.0 " ]
}

@test "scripts that would have to be run on a base without dpkg are refused at their place; without any, nothing has to" {
  root=$(deb_begin daemon 1.0)
  printf '#!/bin/sh\nset -e\nfrobnicate\n' > "$root/DEBIAN/postinst"
  deb_end daemon
  archive_publish
  on daemon
  sed -i 's/scripts: skip/scripts: auto/' demo.yaml
  fails 2 build demo.yaml
  has "$err" "demo.yaml:"
  has "$err" "cannot be run on base 'oci:base-1.oci': it has no dpkg"
  has "$err" "scripts: skip"
  [ ! -e demo-1.oci.tar ]
  on other
  sed -i 's/scripts: skip/scripts: auto/' demo.yaml
  rm -f demo.lock
  ok build demo.yaml
}
